package luabind

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/spelling"
	"spectrumlua/runtime/task"
)

// handledHere has the messages that no handler receives because the runtime
// handles them, each with the reason.
var handledHere = map[pb.WrapperMessage_Type]string{
	pb.WrapperMessage_TYPE_PING: "the runtime answers it",
}

// handlerNames returns the names that handlers can have, sorted.
func handlerNames() []string {
	names := []string{reloadHandler}
	for _, t := range schema.Types() {
		if !t.Internal {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}

// handlerLabels returns the labels of the tasks that handle messages, by the numbers of their
// types. The first one, which no type has, is that of on.reload.
func handlerLabels() []task.Label {
	types := schema.Types()
	labels := make([]task.Label, types[len(types)-1].Number+1)
	for _, t := range types {
		labels[t.Number] = task.Label{Kind: "on", Name: t.Name}
	}
	labels[0] = task.Label{Kind: "on", Name: reloadHandler}
	return labels
}

// checkHandlers returns the handlers in the table that the script returned. The
// error is a *ScriptError with one line for each problem.
func (v *vm) checkHandlers(returned lua.LValue) (map[string]*lua.LFunction, error) {
	name := filepath.Base(v.host.opts.Settings.Script)
	table, ok := returned.(*lua.LTable)
	if !ok {
		return nil, &ScriptError{Message: name + ": " + NoHandlers(returned)}
	}
	handlers := map[string]*lua.LFunction{}
	var problems []string
	table.ForEach(func(k, value lua.LValue) {
		key, isName := k.(lua.LString)
		fn, _ := value.(*lua.LFunction)
		switch {
		case !isName && value.Type() == lua.LTTable:
			problems = append(problems, name+": the script returns a list with a table in it: it must end with `return on`, where `on` is the table of its handlers")
		case !isName:
			problems = append(problems, fmt.Sprintf("%s: a handler's name must be a string, not %s", name, k.String()))
		case CheckHandler(string(key), value) != nil:
			problems = append(problems, positionOf(name, fn)+CheckHandler(string(key), value).Error())
		default:
			if doubt := DoubtHandler(string(key)); doubt != "" {
				v.host.log.Warn(doubt)
			}
			handlers[string(key)] = fn
		}
	})
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, &ScriptError{Message: strings.Join(problems, "\n")}
	}
	return handlers, nil
}

// Handles reports whether the script has a handler for a type. It does not wait for the
// script lock.
func (h *Host) Handles(typ pb.WrapperMessage_Type) bool {
	handled := h.handled.Load()
	return handled != nil && (*handled)[typ]
}

// handledTypes returns the types for which the script has a handler.
func (v *vm) handledTypes() map[pb.WrapperMessage_Type]bool {
	all := map[pb.WrapperMessage_Type]bool{}
	for name := range v.handlers {
		if t := schema.TypeByName(name); t != nil {
			all[t.Number] = true
		}
	}
	return all
}

// positionOf returns the prefix of a message about a function: its file and line,
// or only name if fn is nil.
func positionOf(name string, fn *lua.LFunction) string {
	if fn == nil || fn.Proto == nil {
		return name + ": "
	}
	return fmt.Sprintf("%s:%d: ", fn.Proto.SourceName, fn.Proto.LineDefined)
}

func didYouMean(name string) string {
	if near := spelling.Name(name, handlerNames()); near != "" {
		return fmt.Sprintf("; did you mean on.%s?", near)
	}
	return "; the names are " + strings.Join(handlerNames(), ", ")
}

// NoHandlers returns the message about a script that returned a value other than
// a table.
func NoHandlers(returned lua.LValue) string {
	what := "a " + returned.Type().String()
	if returned == lua.LNil {
		what = "nothing"
	}
	return fmt.Sprintf("the script returns %s: it must end with `return on`, where `on` is the table of its handlers", what)
}

// CheckHandler checks an entry of the table of handlers. It returns nil if the
// name is that of a handler and the value is a function.
func CheckHandler(name string, value lua.LValue) error {
	if !slices.Contains(handlerNames(), name) {
		return fmt.Errorf("on.%s: no message has this name%s", name, didYouMean(name))
	}
	if value.Type() != lua.LTFunction {
		return fmt.Errorf("on.%s: function expected, got %s", name, value.Type())
	}
	return nil
}

// DoubtHandler returns why a handler will never be called, or "" if it can be.
func DoubtHandler(name string) string {
	t := schema.TypeByName(name)
	switch {
	case t == nil || t.ToScript && handledHere[t.Number] == "":
		return ""
	case handledHere[t.Number] != "":
		return fmt.Sprintf("on.%s is never called: %s", name, handledHere[t.Number])
	}
	return fmt.Sprintf("on.%s is never called: Spectrum does not send this message", name)
}

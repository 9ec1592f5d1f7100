package luabind

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/pb"
	"spectrumlua/runtime/nearest"
	"spectrumlua/runtime/schema"
)

// What a handler is written for and never gets, since the runtime deals with
// it by itself.
var handledHere = map[pb.WrapperMessage_Type]string{
	pb.WrapperMessage_TYPE_PING: "the runtime answers it by itself",
}

// handlerNames are the names that a script's table may have.
func handlerNames() []string {
	names := []string{reloadHandler}
	for _, t := range schema.Types() {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names
}

// checkHandlers takes the handlers out of what the script returned.
func (v *vm) checkHandlers(returned lua.LValue) (map[string]*lua.LFunction, error) {
	name := filepath.Base(v.host.opts.Lua.Script)
	table, ok := returned.(*lua.LTable)
	if !ok {
		what := "a " + returned.Type().String()
		if returned == lua.LNil {
			what = "nothing"
		}
		return nil, &ScriptError{Message: fmt.Sprintf("%s: the script returns %s: it must end with `return on`, where `on` is the table of its handlers", name, what)}
	}
	handlers := map[string]*lua.LFunction{}
	var problems []string
	table.ForEach(func(k, value lua.LValue) {
		key, isName := k.(lua.LString)
		fn, isFunction := value.(*lua.LFunction)
		switch {
		case !isName:
			problems = append(problems, fmt.Sprintf("%s: a handler's name is a string, not %s", name, k.String()))
		case !slices.Contains(handlerNames(), string(key)):
			problems = append(problems, fmt.Sprintf("%son.%s: no message has this name%s", place(name, fn), string(key), didYouMean(string(key))))
		case !isFunction:
			problems = append(problems, fmt.Sprintf("%s: on.%s is a %s: a function is wanted", name, string(key), value.Type()))
		default:
			v.doubtHandler(string(key))
			handlers[string(key)] = fn
		}
	})
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, &ScriptError{Message: strings.Join(problems, "\n")}
	}
	return handlers, nil
}

// place is where a function is written, for the front of a message.
func place(name string, fn *lua.LFunction) string {
	if fn == nil || fn.Proto == nil {
		return name + ": "
	}
	return fmt.Sprintf("%s:%d: ", fn.Proto.SourceName, fn.Proto.LineDefined)
}

func didYouMean(name string) string {
	if near := nearest.Name(name, handlerNames()); near != "" {
		return fmt.Sprintf("; did you mean on.%s?", near)
	}
	return "; the names are " + strings.Join(handlerNames(), ", ")
}

// doubtHandler warns of a handler that will never be called.
func (v *vm) doubtHandler(name string) {
	t := schema.TypeByName(name)
	if t == nil {
		return
	}
	if why := handledHere[t.Number]; why != "" {
		v.host.log.Warnf("on.%s is never called: %s", name, why)
	} else if !t.SpectrumSends {
		v.host.log.Warnf("on.%s is never called: Spectrum does not send this message", name)
	}
}

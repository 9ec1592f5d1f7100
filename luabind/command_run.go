package luabind

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/shorten"
	"spectrumlua/runtime/spelling"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/words"
)

// commandRun is a command that a user has entered: the text of a chat, or the fields of
// a form.
type commandRun struct {
	text string // with the slash
	// id is the id of a form, "" for a chat.
	id, name  string
	arguments map[string]string
}

// errCommandTooLong is the cause that ends a command after its timeout.
var errCommandTooLong = errors.New("stopped: the command took too long (its timeout)")

// usageError is a mistake of the user.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func mistake(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// runCommand runs a command in the task t and sends its result to the user. It holds the
// script lock.
func (h *Host) runCommand(t *task.Task, d *dialog, run *commandRun) {
	v := h.vm
	if v == nil || t.Err() != nil {
		return
	}
	c, values, help, err := v.understand(d.session.User, run)
	switch {
	case err != nil:
		d.reply(run, err.Error(), true)
		return
	case c == nil:
		d.reply(run, help, false)
		return
	}
	label := bind.Label("command", "/"+c.name, c.run)
	t.SetLabel(&label)
	defer t.Owner().AfterFunc(c.timeout, func() { t.Cancel(errCommandTooLong) }).Stop()
	var results []lua.LValue
	err = v.run(t, c.run, []lua.LValue{&h.sessionObject(d.session).userdata, values}, func(l *lua.LState, n int) {
		for i := -n; i < 0; i++ {
			results = append(results, l.Get(i))
		}
	})
	what := "the command /" + c.name
	if err != nil {
		v.logError(what, t, err)
		if cause := t.Err(); cause == nil || errors.Is(cause, errCommandTooLong) || errors.As(cause, new(*task.RanTooLongError)) {
			d.reply(run, "/"+c.name+" failed: "+h.shortError(err), true)
		}
		return
	}
	text, failed, err := resultOf(results)
	if err != nil {
		v.logError(what, t, &ScriptError{Message: positionOf("", c.run) + err.Error()})
		text, failed = "/"+c.name+" failed.", true
	}
	if text == "" && run.id != "" {
		text = "Done."
	}
	d.reply(run, text, failed)
}

// resultOf returns the text for the user: the first result, or the second one after nil.
func resultOf(results []lua.LValue) (text string, failed bool, err error) {
	results = append(results, lua.LNil, lua.LNil)
	first, second := results[0], results[1]
	if first == lua.LNil && second == lua.LNil {
		return "", false, nil
	}
	if failed = first == lua.LNil; failed {
		first = second
	}
	switch first := first.(type) {
	case lua.LString:
		return string(first), failed, nil
	case lua.LNumber:
		return first.String(), failed, nil
	}
	return "", false, fmt.Errorf("run returns a %s: a text for the user, nothing, or nil and a message expected", first.Type())
}

// shortError returns an error of the script for the user: without its position and
// without secrets.
func (h *Host) shortError(err error) string {
	text := err.Error()
	if at := position().FindString(text); at != "" {
		text = strings.TrimPrefix(text[len(at):], ": ")
	}
	return shorten.Ellipsis(h.opts.Secrets.Hide(text), maxReason)
}

// understand returns the command of a run and its arguments, or the text of the help. The
// error is for the user.
func (v *vm) understand(user string, run *commandRun) (c *command, values *lua.LTable, help string, err error) {
	line := words.In(strings.TrimPrefix(run.text, "/"))
	name := run.name
	if run.id == "" {
		name, _, _ = line.Next() // a word that begins with a quote is no name
		name = strings.ToLower(name)
	}
	allowed := v.commandsOf(user)
	if name == helpWord[1:] {
		return nil, nil, helpText(allowed, strings.TrimPrefix(line.Rest(), "/")), nil
	}
	i := slices.IndexFunc(allowed, func(c *command) bool { return c.name == name })
	if i < 0 {
		return nil, nil, "", unknownCommand(name, allowed)
	}
	c = allowed[i]
	given := run.arguments
	if run.id == "" {
		if given, err = c.split(&line); err != nil {
			return nil, nil, "", err
		}
	}
	values, err = v.check(user, c, given)
	return c, values, "", err
}

// commandsOf returns the commands that a user may run.
func (v *vm) commandsOf(user string) (allowed []*command) {
	for _, c := range v.commands {
		if !c.admin || slices.Contains(v.host.admins(), user) {
			allowed = append(allowed, c)
		}
	}
	return allowed
}

// admins returns the admins of the transport.
func (h *Host) admins() []string { return h.vm.runtime.Config.List("service.admin_jid") }

func unknownCommand(name string, allowed []*command) error {
	known := slices.Clone(ownCommands)
	for _, c := range allowed {
		known = append(known, c.name)
	}
	if near := spelling.Name(name, known); near != "" {
		return mistake("Unknown command /%s. Did you mean /%s?", name, near)
	}
	return mistake("Unknown command /%s. %s lists the commands.", name, helpWord)
}

// split assigns the words of a line to arguments. The last argument takes the rest of the
// line.
func (c *command) split(line *words.Line) (map[string]string, error) {
	given := map[string]string{}
	for i, a := range c.arguments {
		if i == len(c.arguments)-1 {
			text, err := line.Last()
			if err != nil {
				return nil, mistake("%s: %v", c.usage(), err)
			}
			if text != "" {
				given[a.name] = text
			}
			break
		}
		word, ok, err := line.Next()
		if err != nil {
			return nil, mistake("%s: %v", c.usage(), err)
		}
		if ok {
			given[a.name] = word
		}
	}
	if line.Rest() != "" {
		return nil, mistake("Too many words. Usage: %s", c.usage())
	}
	return given, nil
}

// check returns the arguments of a command as a table. It learns the secret ones.
func (v *vm) check(user string, c *command, given map[string]string) (*lua.LTable, error) {
	table := bind.NewTable()
	for _, a := range c.arguments {
		value, ok := given[a.name]
		if !ok || value == "" {
			if !a.optional {
				return nil, mistake("%s is missing. Usage: %s", strings.ToUpper(a.name), c.usage())
			}
			continue
		}
		choice := question{options: a.options}
		if value, ok = choice.accepts(value); !ok {
			return nil, mistake("%s: one of %s expected.", strings.ToUpper(a.name), strings.Join(a.options, ", "))
		}
		if a.secret {
			v.host.opts.Secrets.Learn(user, value)
		}
		table.RawSetString(a.name, lua.LString(value))
	}
	return table, nil
}

// ownHelp are the lines of the help for ownCommands.
var ownHelp = []string{helpWord + " [COMMAND] – shows this list", cancelWord + " – cancels a question"}

// helpText returns the list of commands, or what is known about one of them.
func helpText(allowed []*command, name string) string {
	var lines []string
	name = strings.ToLower(name)
	for _, c := range allowed {
		if name != "" && c.name != name {
			continue
		}
		line := c.usage()
		if c.description != "" {
			line += " – " + c.description
		}
		lines = append(lines, line)
		for _, a := range c.arguments {
			if name != "" && a.description != "" {
				lines = append(lines, "  "+strings.ToUpper(a.name)+": "+a.description)
			}
		}
	}
	if name == "" && len(lines) == 0 {
		return "There are no commands. " + cancelWord + " cancels a question."
	}
	for i, own := range ownCommands {
		if name == "" || name == own {
			lines = append(lines, ownHelp[i])
		}
	}
	if len(lines) == 0 {
		return unknownCommand(name, allowed).Error()
	}
	return strings.Join(lines, "\n")
}

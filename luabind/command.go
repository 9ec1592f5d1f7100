package luabind

import (
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/proto"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/lazy"
	"spectrumlua/runtime/xmltext"
)

// Limits of commands.
const (
	maxCommands  = 100
	maxArguments = 10
	maxAbout     = 300 // of a description, in bytes
	// defaultRun is how long a command may take, with its waits.
	defaultRun = 10 * time.Minute
)

// commandName matches the names of commands and arguments.
var commandName = lazy.Regexp(`^[a-z][a-z0-9_-]{0,31}$`)

// ownCommands are the names that the runtime uses itself.
var ownCommands = []string{helpWord[1:], cancelWord[1:]}

// command is a command that a script has declared. It belongs to a VM and does not change.
type command struct {
	name, description string
	arguments         []argument
	admin             bool
	timeout           time.Duration
	run               *lua.LFunction
}

// argument is an argument of a command.
type argument struct {
	name, description string
	optional, secret  bool
	options           []string
}

// usage returns the line that a user writes, for the help.
func (c *command) usage() string {
	var b strings.Builder
	b.WriteString("/" + c.name)
	for _, a := range c.arguments {
		text := strings.ToUpper(a.name)
		if len(a.options) > 0 {
			text = strings.Join(a.options, "|")
		}
		if a.optional {
			text = "[" + text + "]"
		}
		b.WriteString(" " + text)
	}
	return b.String()
}

// declareCommand implements spectrum.command{…}.
func (v *vm) declareCommand(l *lua.LState) int {
	if !bind.RuntimeOf(l).Loading() {
		bind.Raise(l, "command: declare commands while the script loads, outside of handlers")
	}
	if l.Get(1).Type() != lua.LTTable {
		bind.Raise(l, "command: table expected (as in { name = \"…\", run = function(session, arguments) … end }), got %s", l.Get(1).Type())
	}
	o := bind.OptionsAt(l, 1, "command")
	c := &command{name: o.String("name", ""), description: xmltext.Clean(o.String("description", ""))}
	arguments := o.Table("arguments")
	c.admin, c.timeout, c.run = o.Bool("admin", false), o.Seconds("timeout", defaultRun), o.Function("run")
	o.Done()
	switch {
	case c.name == "":
		bind.Raise(l, "command: name is missing")
	case !commandName().MatchString(c.name):
		bind.Raise(l, "command: name: %q is not a lower-case word of letters, digits, - and _, of at most 32 bytes", c.name)
	case slices.Contains(ownCommands, c.name):
		bind.Raise(l, "command: the runtime itself has the command /%s", c.name)
	case v.command(c.name) != nil:
		bind.Raise(l, "command: /%s is declared twice", c.name)
	case len(v.commands) >= maxCommands:
		bind.Raise(l, "command: a script can have at most %d commands", maxCommands)
	case len(c.description) > maxAbout:
		bind.Raise(l, "command: description: at most %d bytes expected", maxAbout)
	case c.run == nil:
		bind.Raise(l, "command: run is missing: function(session, arguments)")
	case c.timeout == 0:
		bind.Raise(l, "command: timeout: more than 0 seconds expected")
	}
	c.arguments = readArguments(l, arguments)
	v.commands = append(v.commands, c)
	return 0
}

// readArguments reads the list of arguments. An element is a name or a table.
func readArguments(l *lua.LState, list *lua.LTable) (all []argument) {
	if list == nil {
		return nil
	}
	list.ForEach(func(k, _ lua.LValue) {
		if n, ok := k.(lua.LNumber); !ok || int(n) < 1 || int(n) > list.Len() {
			bind.Raise(l, "command: arguments: list expected, as in { \"room\", { name = \"nick\", optional = true } }; it has the key %s", bind.QuoteKey(k))
		}
	})
	if list.Len() > maxArguments {
		bind.Raise(l, "command: arguments: at most %d can be declared", maxArguments)
	}
	for i := 1; i <= list.Len(); i++ {
		var a argument
		switch v := list.RawGetInt(i).(type) {
		case lua.LString:
			a.name = string(v)
		case *lua.LTable:
			l.Push(v)
			o := bind.OptionsAt(l, l.GetTop(), fmt.Sprintf("command: argument %d", i))
			a = argument{
				name: o.String("name", ""), description: xmltext.Clean(o.String("description", "")),
				optional: o.Bool("optional", false), secret: o.Bool("secret", false), options: o.Strings("options"),
			}
			o.Done()
			l.Pop(1)
		default:
			bind.Raise(l, "command: argument %d: name or table expected, got %s", i, v.Type())
		}
		checkArgument(l, i, a, all)
		all = append(all, a)
	}
	return all
}

// checkArgument raises an error for an argument that cannot follow those before it.
func checkArgument(l *lua.LState, i int, a argument, before []argument) {
	switch {
	case !commandName().MatchString(a.name):
		bind.Raise(l, "command: argument %d: name: %q is not a lower-case word of letters, digits, - and _, of at most 32 bytes", i, a.name)
	case slices.ContainsFunc(before, func(b argument) bool { return b.name == a.name }):
		bind.Raise(l, "command: the argument %q is declared twice", a.name)
	case !a.optional && len(before) > 0 && before[len(before)-1].optional:
		bind.Raise(l, "command: the argument %q is required, but the one before it is optional", a.name)
	case len(a.description) > maxAbout:
		bind.Raise(l, "command: argument %d: description: at most %d bytes expected", i, maxAbout)
	}
	if err := checkOptions(a.options); err != nil {
		bind.Raise(l, "command: argument %d: %v", i, err)
	}
}

// command returns the command with a name, or nil.
func (v *vm) command(name string) *command {
	for _, c := range v.commands {
		if c.name == name {
			return c
		}
	}
	return nil
}

// announceCommands sends the commands of the VM that has taken over, unless neither this VM
// nor the previous one has any.
func (h *Host) announceCommands(v *vm) {
	if len(v.commands) == 0 && !h.hasCommands {
		return
	}
	h.hasCommands = len(v.commands) > 0
	m := &pb.Commands{}
	for _, c := range v.commands {
		described := &pb.Command{Name: &c.name}
		if c.description != "" {
			described.Description = &c.description
		}
		if c.admin {
			described.Admin = &c.admin
		}
		for _, a := range c.arguments {
			described.Argument = append(described.Argument, &pb.CommandArgument{
				Name: &a.name, Description: &a.description, Optional: &a.optional, Secret: &a.secret, Options: a.options,
			})
		}
		m.Command = append(m.Command, described)
	}
	if payload, err := proto.Marshal(m); err == nil { // texts are cleaned, so it cannot fail
		h.hand(commandsType, nil, payload)
	}
}

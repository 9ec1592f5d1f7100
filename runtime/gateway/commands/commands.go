// Package commands has the ad-hoc commands of the transport (XEP-0050). A command has at most
// one form, so the gateway keeps no state between its steps: session.go has what the id of a
// session contains.
package commands

import (
	"slices"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/registration"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// command is a command.
type command struct {
	node, name string
	// allows reports whether the user may run it.
	allows func(u *router.User, registered bool) bool
	// form returns what the user has to fill in. It is nil for a command without a form.
	form func(u *router.User) (form.Form, *stanza.Error)
	// run runs the command. It calls done, or returns an error for the user.
	run func(u *router.User, values form.Submitted, done done) *stanza.Error
	// waits reports whether run may call done later.
	waits bool
}

// done completes a command with a text and an optional form for the user. kind is the type
// of the text, info by default (XEP-0050, section 4.3).
type done = func(note string, result *form.Form, kind ...string)

// all are the commands of the gateway itself.
var all = append(userCommands, adminCommands...)

// Feature returns the feature.
func Feature() router.Feature {
	f := router.Feature{
		Name:    "commands",
		Stanzas: []router.Route{{Kind: "iq", Type: "set", To: router.Transport, Space: stanza.Commands, Open: true, Handle: execute}},
		Disco:   []router.Disco{{Target: router.Transport, Var: stanza.Commands}},
		Nodes: []router.Node{{To: router.Transport, Name: stanza.Commands, Items: items, Info: func(*router.User, *router.Stanza) []*xmltree.Node {
			return []*xmltree.Node{disco.Identity("automation", "command-list", "Commands")}
		}}, {To: router.Transport, Has: has, Info: info}},
		Payloads: []router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_COMMANDS, router.Any, announced),
			router.On(pb.WrapperMessage_TYPE_COMMAND, router.Any, finished),
		},
		Hooks: router.Hooks{Logout: func(u *router.User) { runs.Drop(u) }},
	}
	return f
}

// has reports whether a command has a node.
func has(r *router.Router, node string) bool {
	return slices.ContainsFunc(commandsOf(r), func(c command) bool { return c.node == node })
}

// info returns the description of the command with the node of a query. It refuses a user who
// may not run it (XEP-0050, section 2.3).
func info(u *router.User, s *router.Stanza) []*xmltree.Node {
	c, refusal := find(u, stanza.Attr(s.Payload, "node"))
	if refusal != nil {
		s.Refuse(refusal)
		return nil
	}
	return []*xmltree.Node{disco.Identity("automation", "command-node", c.name), disco.Var(stanza.Commands), disco.Var(stanza.DataForm)}
}

// items returns the commands that a user may run.
func items(u *router.User, _ *router.Stanza) []*xmltree.Node {
	_, registered, refusal := registration.Account(u)
	if refusal != nil {
		return nil
	}
	var list []*xmltree.Node
	for _, c := range commandsOf(u.Router()) {
		if c.allows(u, registered) {
			list = append(list, disco.Item(u.Router().JID(), c.node, c.name))
		}
	}
	return list
}

// execute handles a step of a command.
func execute(u *router.User, s *router.Stanza) {
	c, refusal := find(u, stanza.Attr(s.Payload, "node"))
	if refusal == nil {
		refusal = step(u, s, c)
	}
	if refusal != nil {
		s.Refuse(refusal)
	}
}

// find returns the command with a node, if the user may run it.
func find(u *router.User, node string) (*command, *stanza.Error) {
	list := commandsOf(u.Router())
	i := slices.IndexFunc(list, func(c command) bool { return c.node == node })
	if i < 0 {
		return nil, stanza.Errorf(stanza.ItemNotFound, "")
	}
	_, registered, refusal := registration.Account(u)
	switch {
	case refusal != nil:
		return nil, refusal
	case !list[i].allows(u, registered):
		return nil, stanza.Errorf(stanza.Forbidden, "You may not use this command now.")
	}
	return &list[i], nil
}

func step(u *router.User, s *router.Stanza, c *command) *stanza.Error {
	action, session := stanza.Attr(s.Payload, "action"), stanza.Attr(s.Payload, "sessionid")
	values, canceled, filled := form.Read(s.Payload)
	answer := func(status string, children ...*xmltree.Node) {
		s.Result(stanza.Element(stanza.Commands, "command", stanza.Attrs{"node", c.node, "sessionid", session, "status", status}, children...))
	}
	isFirst := session == ""
	if isFirst {
		session = begin(u, c)
	} else if refusal := check(u, c, session); refusal != nil {
		return refusal
	}
	switch action {
	case "", "execute", "complete", "cancel":
	case "prev", "next":
		return wrong(badAction, "The command has only one step.")
	default:
		return wrong(malformedAction, "The command has no action %.20q.", action)
	}
	switch {
	case isFirst && !filled && action == "complete":
		return wrong(badAction, "The command has not begun.")
	case canceled || action == "cancel":
		end(u, session)
		answer("canceled")
		return nil
	case c.form != nil && !filled && !isFirst:
		return wrong(badPayload, "The form is missing.")
	case c.form != nil:
		f, refusal := c.form(u)
		if refusal != nil {
			return refusal
		}
		if why := f.Check(values); why != "" {
			return wrong(badPayload, "%s", why)
		}
		if filled {
			break
		}
		answer("executing", stanza.Element(stanza.Commands, "actions", stanza.Attrs{"execute", "complete"},
			stanza.Element(stanza.Commands, "complete", nil)), f.Node())
		return nil
	}
	if c.waits {
		s.Defer()
	}
	refusal := c.run(u, values, func(note string, result *form.Form, kind ...string) {
		var children []*xmltree.Node
		if note != "" {
			n := stanza.Text(stanza.Commands, "note", note)
			stanza.SetAttr(n, "type", append(kind, "info")[0])
			children = append(children, n)
		}
		if result != nil {
			children = append(children, result.Node())
		}
		answer("completed", children...)
	})
	switch {
	case refusal == nil:
		end(u, session) // also while the script runs the command, so that it runs once
	case refusal.Condition == stanza.NotAcceptable: // what the user has filled in
		return wrong(badPayload, "%s", refusal.Text)
	}
	return refusal
}

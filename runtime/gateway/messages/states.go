package messages

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// states are the chat states (XEP-0085) with their types. "inactive" and "gone" mean that
// the user does not write any more.
var states = []struct {
	name string
	typ  pb.WrapperMessage_Type
	send bool // the script may send it
}{
	{"composing", pb.WrapperMessage_TYPE_BUDDY_TYPING, true},
	{"paused", pb.WrapperMessage_TYPE_BUDDY_TYPED, true},
	{"active", pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING, true},
	{"inactive", pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING, false},
	{"gone", pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING, false},
}

// chatState notes a chat state of the user.
func chatState(d *draft, part *xmltree.Node) {
	for i := range states {
		if states[i].name == part.Name {
			d.state = &states[i].typ
		}
	}
}

// States returns the routes of the script's chat states for a target.
func States(to router.Target, handle func(u *router.User, name string, state *xmltree.Node)) []router.PayloadRoute {
	var routes []router.PayloadRoute
	for _, state := range states {
		if state.send {
			routes = append(routes, router.On(state.typ, to, func(u *router.User, b *pb.Buddy) {
				handle(u, b.GetBuddyName(), stanza.Element(stanza.ChatStates, state.name, nil))
			}).Quick(Quick))
		}
	}
	return routes
}

// stateToUser sends a chat state of a contact.
func stateToUser(u *router.User, name string, state *xmltree.Node) {
	if from := sender(u, name); from != "" && !roster.Ignored(u, name) {
		u.Send(stanza.Message(from, u.JID, "chat", state))
	}
}

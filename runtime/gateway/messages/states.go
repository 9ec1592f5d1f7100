package messages

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
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

// chatState delivers a chat state of the user, unless it comes with a message.
func chatState(u *router.User, _ *router.Stanza, part *xmltree.Node, m *pb.ConversationMessage) {
	if m.GetMessage() != "" {
		return
	}
	for _, state := range states {
		if state.name == part.Name {
			u.Deliver(state.typ, &pb.Buddy{UserName: &u.JID, BuddyName: m.BuddyName})
			return
		}
	}
}

// stateRoutes returns the routes of the script's chat states.
func stateRoutes() []router.PayloadRoute {
	var routes []router.PayloadRoute
	for _, state := range states {
		if !state.send {
			continue
		}
		routes = append(routes, router.On(state.typ, router.Any, func(u *router.User, b *pb.Buddy) {
			u.Send(stanza.Message(u.ContactFrom(b.GetBuddyName()), u.JID, "chat",
				stanza.Element(stanza.ChatStates, state.name, nil)))
		}))
	}
	return routes
}

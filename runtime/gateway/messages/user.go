package messages

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// incoming maps the namespace of a part of a user's message to what adds it to the message
// for the script. It may deliver another payload instead.
var incoming = map[string]func(u *router.User, s *router.Stanza, part *xmltree.Node, m *pb.ConversationMessage){
	stanza.ChatStates: chatState,
	stanza.Receipts:   receiptRequest,
}

// fromUser handles a message to a contact.
func fromUser(u *router.User, s *router.Stanza) { FromUser(u, s, s.Name) }

// FromUser handles a message to a name on the network: a contact, a room, or room/nickname.
func FromUser(u *router.User, s *router.Stanza, name string) {
	if u.State != router.Online {
		s.Fail(stanza.RecipientUnavailable, "You are not connected to the network.")
		return
	}
	body := stanza.ChildText(s.Node, "", "body")
	m := &pb.ConversationMessage{UserName: &u.JID, BuddyName: &name, Message: &body}
	for _, part := range stanza.Children(s.Node) {
		if add := incoming[part.Space]; add != nil {
			add(u, s, part, m)
		}
	}
	if body != "" {
		u.Deliver(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	}
}

// receiptRequest keeps the id of a message whose sender wants a receipt (XEP-0184).
func receiptRequest(_ *router.User, s *router.Stanza, part *xmltree.Node, m *pb.ConversationMessage) {
	if part.Name == "request" && s.ID != "" {
		m.Id = &s.ID
	}
}

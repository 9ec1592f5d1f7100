package messages

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// Most messages are about no other message. Their handlers do not look up ids in the
// database, so they never wait.

// Quick reports whether the handlers of a message or a chat state of the script do not wait.
func Quick(m proto.Message) bool {
	c, ok := m.(*pb.ConversationMessage)
	return !ok || c.Replaces == nil && c.ReplyTo == nil
}

// plain are the namespaces of elements that refer to no other message.
var plain = []string{"", stanza.ChatStates, stanza.XHTML, stanza.OutOfBand, stanza.Attention, stanza.Delay, stanza.StanzaID}

// QuickFromUser reports whether FromUser does not wait for a stanza. A request for a receipt
// refers to no other message; a receipt does.
func QuickFromUser(s *router.Stanza) bool {
	for _, c := range s.Children {
		switch e := c.Element; {
		case e == nil, slices.Contains(plain, e.Space), e.Space == stanza.Receipts && e.Name == "request":
		default:
			return false
		}
	}
	return true
}

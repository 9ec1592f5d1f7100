package messages

import (
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// outgoing are the parts of a script's message besides its body. A function returns nil if
// the message does not have that part.
var outgoing = []func(m *pb.ConversationMessage) *xmltree.Node{
	delay,
}

// Parts returns the parts of a message of the script besides its body.
func Parts(m *pb.ConversationMessage) []*xmltree.Node {
	var parts []*xmltree.Node
	for _, part := range outgoing {
		if n := part(m); n != nil {
			parts = append(parts, n)
		}
	}
	return parts
}

// toUser handles CONV_MESSAGE of the script from a contact.
func toUser(u *router.User, m *pb.ConversationMessage) {
	typ := "chat"
	if m.GetHeadline() {
		typ = "headline"
	}
	n := stanza.Message(u.ContactFrom(m.GetBuddyName()), u.JID, typ, stanza.Text("", "body", m.GetMessage()))
	if !m.GetHeadline() {
		stanza.Add(n, stanza.Element(stanza.ChatStates, "active", nil))
	}
	u.Send(stanza.Add(n, Parts(m)...))
}

// spectrumTime is the format of a timestamp in the protocol, in UTC.
const spectrumTime = "20060102T150405"

// delay returns the time at which an older message was written (XEP-0203).
func delay(m *pb.ConversationMessage) *xmltree.Node {
	at, err := time.Parse(spectrumTime, m.GetTimestamp())
	if err != nil {
		return nil
	}
	return stanza.Element(stanza.Delay, "delay", stanza.Attrs{"stamp", at.Format(time.RFC3339)})
}

// acknowledged handles CONV_MESSAGE_ACK of the script: a receipt (XEP-0184).
func acknowledged(u *router.User, m *pb.ConversationMessage) {
	u.Send(stanza.Message(u.ContactFrom(m.GetBuddyName()), u.JID, "chat",
		stanza.Element(stanza.Receipts, "received", stanza.Attrs{"id", m.GetId()})))
}

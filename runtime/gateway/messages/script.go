package messages

import (
	"slices"
	"strings"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Content returns the body of a message of the script, and its other parts. It replaces the
// network's ids in m by those of clients.
func Content(u *router.User, at Place, m *pb.ConversationMessage) []*xmltree.Node {
	text, markup := text(u, m)
	all := modern.Message(m, text, at.translate(u, m))
	if len(markup) > 0 {
		all = slices.Insert(all, 1, markup...)
	}
	if sent := modern.Delay(m.GetTimestamp(), at.keeper()); sent != nil {
		all = append(all, sent)
	}
	return all
}

// text returns the text of a message, and the elements for its markup.
func text(u *router.User, m *pb.ConversationMessage) (body string, parts []*xmltree.Node) {
	body = lineEnds.Replace(m.GetMessage())
	if body == "" && len(m.GetAttachment()) > 0 {
		body = m.GetAttachment()[0].GetUrl()
	}
	service := u.Router().Settings().Service
	if m.GetXhtml() == "" || !service.XHTML {
		return body, nil
	}
	html, err := parse(m.GetXhtml())
	if err != nil {
		u.Log().WithField("error", err.Error()).Debug("the markup of a message is dropped")
		return body, nil
	}
	parts = []*xmltree.Node{stanza.Element(stanza.XHTML, "html", nil, html)}
	for _, url := range pictures(nil, html) {
		parts = append(parts, modern.OutOfBand(url, ""))
	}
	if len(parts) > 1 && service.MediaBody {
		body = stanza.ChildText(parts[1], stanza.OutOfBand, "url")
		parts = parts[:2]
	}
	return body, parts
}

// lineEnds replaces all line ends with \n.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// toUser handles CONV_MESSAGE of the script from a contact.
func toUser(u *router.User, m *pb.ConversationMessage) {
	if roster.Ignored(u, m.GetBuddyName()) {
		return
	}
	at := Place{Name: m.GetBuddyName()}
	if m.GetCarbon() || m.GetOrigin() {
		id, _ := at.Identify(u, m, true, "")
		Carbon(u, at.Name, id, Content(u, at, m))
		return
	}
	typ := "chat"
	if m.GetHeadline() && u.Settings["send_headlines"] == "1" {
		typ = "headline"
	}
	id, _ := at.Identify(u, m, false, "")
	from := u.ContactFrom(at.Name)
	n := stanza.Message(from, u.JID, typ, Content(u, at, m)...)
	if id != "" {
		stanza.SetAttr(n, "id", id)
	}
	if typ == "chat" {
		stanza.Add(n, stanza.Element(stanza.ChatStates, "active", nil), Markable(u, m))
	}
	u.Send(n)
	archive.Keep(u, jid.Bare(from), n)
}

// sender returns the JID from which a contact sends what is no text. It returns "" for a
// room, which has no such stanzas.
func sender(u *router.User, name string) string {
	if u.HasJoined(name) {
		return ""
	}
	return u.ContactFrom(name)
}

// acknowledged handles CONV_MESSAGE_ACK of the script about a message to a contact.
func acknowledged(u *router.User, m *pb.ConversationMessage) {
	from := sender(u, m.GetBuddyName())
	if from == "" {
		return
	}
	if receipt := Receipt(u, m.GetBuddyName(), m); receipt != nil {
		u.Send(stanza.Message(from, u.JID, "chat", receipt))
	}
}

// Receipt returns the receipt (XEP-0184) that a CONV_MESSAGE_ACK of the script is, or nil if
// the client wants none. name is the contact or room/nickname.
func Receipt(u *router.User, name string, m *pb.ConversationMessage) *xmltree.Node {
	if m.GetId() == "" {
		return nil
	}
	id := ids.Receipt(u, name, m.GetId())
	if id == "" {
		return nil
	}
	return stanza.Element(stanza.Receipts, "received", stanza.Attrs{"id", id})
}

// attentionToUser handles ATTENTION of the script from a contact.
func attentionToUser(u *router.User, m *pb.ConversationMessage) {
	from := sender(u, m.GetBuddyName())
	if from == "" || roster.Ignored(u, m.GetBuddyName()) {
		return
	}
	typ := "headline"
	if m.GetMessage() != "" {
		typ = "chat"
	}
	u.Send(stanza.Message(from, u.JID, typ, Attention(u, Place{Name: m.GetBuddyName()}, m)...))
}

// Attention returns the elements of an ATTENTION of the script (XEP-0224).
func Attention(u *router.User, at Place, m *pb.ConversationMessage) []*xmltree.Node {
	all := []*xmltree.Node{stanza.Element(stanza.Attention, "attention", nil)}
	if m.GetMessage() != "" {
		all = append(all, Content(u, at, m)...)
	}
	return all
}

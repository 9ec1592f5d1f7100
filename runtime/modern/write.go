package modern

import (
	"time"
	"unicode/utf8"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltree"
)

// Message returns the body of a message and the elements for its modern fields and files.
// text is the text of the message, or the address of its first file if it has no text.
// author is the JID of the author of the message that it answers, or "".
func Message(m *pb.ConversationMessage, text, author string) []*xmltree.Node {
	body := stanza.Text("", "body", text)
	all := []*xmltree.Node{body}
	if m.ReplyTo == nil && m.Replaces == nil && m.Spoiler == nil && m.Lang == nil && len(m.Attachment) == 0 {
		return all
	}
	if lang := m.GetLang(); isLang(lang) {
		body.Attr = append(body.Attr, xmltree.Attr{Space: xmlns.XML, Name: "lang", Value: lang})
	}
	quote := ""
	if reply := m.GetReplyTo(); isID(reply.GetId()) {
		all = append(all, stanza.Element(stanza.Reply, "reply", stanza.Attrs{"to", author, "id", reply.GetId()}))
		if quote = Quote(reply.GetText()); quote != "" {
			all = append(all, fallbackFor(stanza.Reply, 0, utf8.RuneCountInString(quote)))
			body.Children = []xmltree.Child{{Text: quote + text}}
		}
	}
	if isID(m.GetReplaces()) {
		all = append(all, stanza.Element(stanza.Correction, "replace", stanza.Attrs{"id", m.GetReplaces()}))
	}
	if m.Spoiler != nil {
		all = append(all, stanza.Text(stanza.Spoiler, "spoiler", m.GetSpoiler()))
	}
	parts, shared := files(m.GetAttachment())
	if shared && m.GetMessage() == "" {
		start := utf8.RuneCountInString(quote)
		all = append(all, fallbackFor(stanza.FileSharing, start, start+utf8.RuneCountInString(text)))
	}
	return append(all, parts...)
}

// Delay returns the element with the time at which an older message was written (XEP-0203),
// for a timestamp of the protocol. from is the room that has kept the message, or "". It returns
// nil if the timestamp is "" or not valid.
func Delay(timestamp, from string) *xmltree.Node {
	if timestamp == "" { // as in most messages; an error costs more
		return nil
	}
	at, err := time.Parse(schema.TimeLayout, timestamp)
	if err != nil {
		return nil
	}
	return stanza.Element(stanza.Delay, "delay", stanza.Attrs{"from", from, "stamp", at.Format(time.RFC3339)})
}

// ID returns the element with the id that an entity has given to a message (XEP-0359).
func ID(id, by string) *xmltree.Node {
	return stanza.Element(stanza.StanzaID, "stanza-id", stanza.Attrs{"by", by, "id", id})
}

// Markable returns the element that asks for a marker when the message has been read
// (XEP-0333).
func Markable() *xmltree.Node { return stanza.Element(stanza.Markers, "markable", nil) }

// Reaction returns the elements of a reaction to a message (XEP-0444).
func Reaction(id string, emoji []string) []*xmltree.Node {
	n := stanza.Element(stanza.Reactions, "reactions", stanza.Attrs{"id", id})
	for _, e := range Emoji(emoji) {
		stanza.Add(n, stanza.Text(stanza.Reactions, "reaction", e))
	}
	return []*xmltree.Node{n, store()}
}

// retracted is what clients show that do not know retractions.
const retracted = "/me has withdrawn an earlier message, but this program cannot remove it."

// Retraction returns the elements that withdraw a message (XEP-0424).
func Retraction(id string) []*xmltree.Node {
	return []*xmltree.Node{
		stanza.Element(stanza.Retract, "retract", stanza.Attrs{"id", id}),
		allFallback(stanza.Retract), stanza.Text("", "body", retracted), store(),
	}
}

// Displayed returns the elements of a marker: the message with the id, and all before it,
// have been read (XEP-0333).
func Displayed(id string) []*xmltree.Node {
	return []*xmltree.Node{stanza.Element(stanza.Markers, "displayed", stanza.Attrs{"id", id}), store()}
}

// Moderation returns the elements with which a room removes a message (XEP-0425). by is the
// JID of the moderator in the room, or of the room, and occupant the element with the
// moderator's id, or nil.
func Moderation(id, by, reason string, occupant *xmltree.Node) []*xmltree.Node {
	return []*xmltree.Node{
		stanza.Element(stanza.Retract, "retract", stanza.Attrs{"id", id},
			stanza.Element(stanza.Moderate, "moderated", stanza.Attrs{"by", by}, occupant),
			stanza.Optional(stanza.Retract, "reason", reason)),
		store(),
	}
}

// Invitation returns the elements of an invitation that a room passes on (XEP-0045, section
// 7.8.2), and those for older clients (XEP-0249). from is the JID of who invites, or "".
func Invitation(room, from, reason, password string) []*xmltree.Node {
	return []*xmltree.Node{
		stanza.Element(stanza.MUCUser, "x", nil,
			stanza.Element(stanza.MUCUser, "invite", stanza.Attrs{"from", from}, stanza.Optional(stanza.MUCUser, "reason", reason)),
			stanza.Optional(stanza.MUCUser, "password", password)),
		stanza.Element(stanza.Conference, "x", stanza.Attrs{"jid", room, "password", password, "reason", reason}),
	}
}

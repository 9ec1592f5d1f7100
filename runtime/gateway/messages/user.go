package messages

import (
	"cmp"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/richtext"
	"spectrumlua/runtime/xmltree"
)

// draft is a user's message on the way to the script.
type draft struct {
	stanza *router.Stanza
	m      *pb.ConversationMessage
	// receipt reports whether the sender wants a receipt (XEP-0184).
	receipt bool
	// attention reports whether the message is TYPE_ATTENTION.
	attention bool
	// state is the type of a chat state, nil without one.
	state *pb.WrapperMessage_Type
}

// incoming maps the namespace of a part of a user's message to what reads it.
var incoming = map[string]func(d *draft, part *xmltree.Node){
	stanza.ChatStates: chatState,
	stanza.Receipts:   receiptRequest,
	stanza.XHTML:      markup,
	stanza.OutOfBand:  attachment,
	stanza.Attention:  attention,
	stanza.Delay:      written,
}

// fromUser handles a message to a contact. The protocol has no subject there, so it becomes
// the first line of the text.
func fromUser(u *router.User, s *router.Stanza) {
	subject := stanza.ChildText(s.Node, "", "subject")
	if subject == "" {
		FromUser(u, s, s.Name)
		return
	}
	d := read(u, s, s.Name)
	if body := d.m.GetMessage(); body != "" {
		subject += "\n" + body
	}
	d.m.Message, d.m.Xhtml = &subject, nil
	d.deliver(u)
}

// FromUser handles a message to a name on the network: a contact, a room, or room/nickname.
// FromUser returns the id that the script gets with a message, or "" if it gets none.
func FromUser(u *router.User, s *router.Stanza, name string) (id string) {
	return read(u, s, name).deliver(u)
}

// read reads the parts of a message.
func read(u *router.User, s *router.Stanza, name string) *draft {
	body := stanza.ChildText(s.Node, "", "body")
	d := &draft{stanza: s, m: &pb.ConversationMessage{UserName: &u.JID, BuddyName: &name, Message: &body}}
	for _, c := range s.Children {
		if c.Element == nil || c.Element.Space == "" {
			continue
		}
		if add := incoming[c.Element.Space]; add != nil {
			add(d, c.Element)
		}
	}
	if body == "" {
		body = d.text()
	}
	return d
}

// text returns the text of a message without a body.
func (d *draft) text() string {
	if xhtml := d.m.GetXhtml(); xhtml != "" {
		plain, err := richtext.Convert(xhtml, richtext.XHTML, richtext.Plain)
		if err == nil && plain != "" {
			return plain
		}
	}
	if all := d.m.GetAttachment(); len(all) > 0 {
		return all[0].GetUrl()
	}
	return ""
}

// deliver delivers the message. A message without a text is a chat state, or has nothing
// that the protocol can express. Its sender does not need an error.
// deliver returns the id that the script gets.
func (d *draft) deliver(u *router.User) (id string) {
	online := u.State == router.Online
	switch {
	case d.m.GetMessage() == "" && !d.attention:
		if online && d.state != nil {
			u.Deliver(*d.state, &pb.Buddy{UserName: &u.JID, BuddyName: d.m.BuddyName})
		}
	case !online:
		d.stanza.Fail(stanza.RecipientUnavailable, "You are not connected to the network.")
	case d.attention:
		u.Deliver(pb.WrapperMessage_TYPE_ATTENTION, d.m)
	default:
		id = ids.Arrived(u, ids.Message{
			Name: d.m.GetBuddyName(), StanzaID: d.stanza.ID, From: d.stanza.From, To: d.stanza.To,
			Receipt: d.receipt, Room: d.stanza.Type == "groupchat",
		})
		d.m.Id = &id
		u.Deliver(pb.WrapperMessage_TYPE_CONV_MESSAGE, d.m)
		d.keep(u)
	}
	return id
}

// keep adds the message to the archive, unless it is for a room: that returns it.
func (d *draft) keep(u *router.User) {
	switch {
	case d.stanza.Type == "groupchat":
	case d.stanza.Target == router.Occupant:
		archive.Keep(u, d.stanza.To, d.stanza.Node)
	default:
		archive.Keep(u, jid.Bare(d.stanza.To), d.stanza.Node)
	}
}

// receiptRequest notes that the sender wants a receipt (XEP-0184).
func receiptRequest(d *draft, part *xmltree.Node) { d.receipt = d.receipt || part.Name == "request" }

// attention notes that the user asks for attention (XEP-0224).
func attention(d *draft, _ *xmltree.Node) { d.attention = true }

// written keeps the time at which an older message was written (XEP-0203).
func written(d *draft, part *xmltree.Node) {
	at, err := time.Parse(time.RFC3339, stanza.Attr(part, "stamp"))
	if at = at.UTC(); err != nil || at.Year() < 1 || at.Year() > 9999 {
		return
	}
	stamp := at.Format(spectrumTime)
	d.m.Timestamp = &stamp
}

// attachment adds out-of-band data (XEP-0066).
func attachment(d *draft, part *xmltree.Node) {
	url := stanza.ChildText(part, stanza.OutOfBand, "url")
	if url == "" || len(d.m.Attachment) == maxAttachments {
		return
	}
	a := &pb.Attachment{Url: &url}
	if text := stanza.ChildText(part, stanza.OutOfBand, "desc"); text != "" {
		a.Description = &text
	}
	d.m.Attachment = append(d.m.Attachment, a)
}

// maxAttachments limits the attachments of a message in both directions.
const maxAttachments = 100

// markup adds the markup (XEP-0071).
func markup(d *draft, part *xmltree.Node) {
	if x := cmp.Or(d.m.GetXhtml(), content(stanza.Child(part, stanza.XHTMLBody, "body"))); x != "" {
		d.m.Xhtml = &x
	}
}

// toTransport refuses a message to the transport itself. Chat states, which clients add to
// their conversations, need no error.
func toTransport(_ *router.User, s *router.Stanza) {
	if stanza.ChildText(s.Node, "", "body") != "" {
		s.Fail(stanza.ServiceUnavailable, "The transport does not read messages. Write to a contact.")
	}
}

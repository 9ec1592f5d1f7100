package messages

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/richtext"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// draft is a user's message on the way to the script.
type draft struct {
	stanza *router.Stanza
	m      *pb.ConversationMessage
	// body is the body of the stanza, with its fallback texts.
	body string
	// attention reports whether the message is TYPE_ATTENTION.
	attention bool
	// receipt reports whether the sender wants a receipt (XEP-0184).
	receipt bool
	// subject is the subject of a message to a contact.
	subject string
	// state is the type of a chat state, nil without one.
	state *pb.WrapperMessage_Type
	// nickOf returns the nickname on the network of an occupant by the one that clients see. It
	// is nil in a chat with a contact.
	nickOf func(shown string) string
	// modern is the content of the elements of package modern, or nil.
	modern *modern.Content
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

func init() {
	for _, space := range modern.Namespaces() {
		incoming[space] = modernPart
	}
}

// Outcome is what the script has got of a user's stanza.
type Outcome struct {
	// ID and Text are the id and the text that the script gets with a message, or "" if it gets
	// none.
	ID, Text string
	// Event has the elements of a reaction, retraction or marker as the clients in a room get
	// them. It is nil for other stanzas.
	Event []*xmltree.Node
}

// fromUser handles a message to a contact. The protocol has no subject there, so it becomes
// the first line of the text.
func fromUser(u *router.User, s *router.Stanza) {
	d := read(u, s, s.Name)
	d.subject = stanza.ChildText(s.Node, "", "subject")
	if d.handle(u).ID != "" {
		roster.Wrote(u, s.Name)
	}
}

// FromUser handles a message to a name on the network: a room or room/nickname. nickOf returns
// the nickname on the network of an occupant by the one that clients see.
func FromUser(u *router.User, s *router.Stanza, name string, nickOf func(shown string) string) Outcome {
	d := read(u, s, name)
	d.nickOf = nickOf
	return d.handle(u)
}

// read reads the parts of a message.
func read(u *router.User, s *router.Stanza, name string) *draft {
	d := &draft{stanza: s, m: &pb.ConversationMessage{UserName: &u.JID, BuddyName: &name}}
	body := stanza.Child(s.Node, "", "body")
	d.body = stanza.Body(body)
	if lang := modern.Lang(s.Node, body); lang != "" {
		d.m.Lang = &lang
	}
	for _, c := range s.Children {
		if c.Element == nil || c.Element.Space == "" {
			continue
		}
		if add := incoming[c.Element.Space]; add != nil {
			add(d, c.Element)
		}
	}
	return d
}

// handle delivers what the message says.
func (d *draft) handle(u *router.User) Outcome {
	text := d.body
	if d.modern != nil {
		d.modern.Finish()
		if d.isEvent() {
			return Outcome{Event: d.deliverEvent(u)}
		}
		var refusal string
		if text, refusal = d.resolve(u); refusal != "" {
			d.stanza.Fail(stanza.Forbidden, refusal)
			return Outcome{}
		}
	}
	if text == "" {
		text = d.text()
	}
	if d.subject != "" {
		d.m.Xhtml = nil
		if text != "" {
			text = d.subject + "\n" + text
		} else {
			text = d.subject
		}
	}
	d.m.Message = &text
	return d.deliver(u)
}

// isEvent reports whether the message is about another one. A body is then a fallback. A
// marker may be in a message with a text of its own.
func (d *draft) isEvent() bool {
	c := d.modern
	return c.Reacts != "" || c.Retracts != "" || c.Displayed != "" && d.body == ""
}

// resolve sets the modern fields of the message and returns its text without fallbacks. A
// message that corrects or answers an unknown one is a message as older clients see it.
// refusal is not empty if the user may not send it.
func (d *draft) resolve(u *router.User) (text, refusal string) {
	c, name := d.modern, *d.m.BuddyName
	spaces := []string{stanza.Correction}
	if c.Replaces != "" {
		switch id, own, ok := ids.Network(u, name, c.Replaces); {
		case ok && !own:
			return "", "You can correct only your own messages."
		case ok:
			d.m.Replaces = &id
		default:
			u.Log().WithField("name", name).Debug("a correction is a new message: the corrected one is unknown")
		}
	}
	if c.AnswerTo != "" {
		if id, _, ok := ids.Network(u, name, c.AnswerTo); ok {
			_, quotation := c.Without(d.body, stanza.Reply)
			d.m.ReplyTo = &pb.Reply{Id: &id, Author: optional(d.nameOf(u, c.Author)), Text: optional(modern.Unquote(quotation))}
			spaces = append(spaces, stanza.Reply)
		}
	}
	if d.m.Spoiler = c.Spoiler; c.Spoiler != nil {
		spaces = append(spaces, stanza.Spoiler)
	}
	if len(c.Files) > 0 {
		d.addFiles(c.Files)
		spaces = append(spaces, stanza.FileSharing, stanza.OutOfBand)
	}
	if text, _ = c.Without(d.body, spaces...); strings.TrimSpace(text) == "" && len(c.Files) == 0 {
		d.m.ReplyTo = nil
		return d.body, ""
	}
	return text, ""
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// addFiles adds files before the out-of-band data, without those that are in both.
func (d *draft) addFiles(files []*pb.Attachment) {
	for _, old := range d.m.Attachment {
		same := func(a *pb.Attachment) bool { return a.GetUrl() == old.GetUrl() }
		if len(files) < modern.MaxFiles && !slices.ContainsFunc(files, same) {
			files = append(files, old)
		}
	}
	d.m.Attachment = files
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
func (d *draft) deliver(u *router.User) Outcome {
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
		id := ids.Arrived(u, ids.Message{
			Name: d.m.GetBuddyName(), StanzaID: d.stanza.ID, From: d.stanza.From, To: d.stanza.To,
			Receipt: d.receipt, Room: d.stanza.Type == "groupchat",
		})
		d.m.Id = &id
		u.Deliver(pb.WrapperMessage_TYPE_CONV_MESSAGE, d.m)
		d.keep(u)
		return Outcome{ID: id, Text: d.m.GetMessage()}
	}
	return Outcome{}
}

// keep adds the stanza to the archive, unless it is for a room: that returns it.
func (d *draft) keep(u *router.User) {
	if d.stanza.Type != "groupchat" {
		archive.Keep(u, d.place(), d.stanza.Node)
	}
}

// withdraw removes a message of the user from the archive of a chat. refs are the ids that
// it has had; that of a correction may be in the stanza. A room does it by itself.
func (d *draft) withdraw(u *router.User, refs ...string) {
	if d.stanza.Type != "groupchat" {
		archive.Withdraw(u, d.place(), archive.WithdrawalOf(u, "", d.stanza.Node, refs...))
	}
}

// place returns the JID of the chat: that of the contact or of the occupant.
func (d *draft) place() string {
	if d.stanza.Target == router.Occupant {
		return d.stanza.To
	}
	return jid.Bare(d.stanza.To)
}

// modernPart reads an element of package modern.
func modernPart(d *draft, part *xmltree.Node) {
	if d.modern == nil {
		d.modern = &modern.Content{}
	}
	d.modern.Add(part)
}

// receiptRequest notes that the sender wants a receipt (XEP-0184).
func receiptRequest(d *draft, part *xmltree.Node) { d.receipt = d.receipt || part.Name == "request" }

// attention notes that the user asks for attention (XEP-0224).
func attention(d *draft, part *xmltree.Node) { d.attention = d.attention || part.Name == "attention" }

// written keeps the time at which an older message was written (XEP-0203).
func written(d *draft, part *xmltree.Node) {
	at, err := time.Parse(time.RFC3339, stanza.Attr(part, "stamp"))
	if at = at.UTC(); err != nil || part.Name != "delay" || at.Year() < 1 || at.Year() > 9999 {
		return
	}
	stamp := at.Format(schema.TimeLayout)
	d.m.Timestamp = &stamp
}

// attachment adds out-of-band data (XEP-0066).
func attachment(d *draft, part *xmltree.Node) {
	url := stanza.ChildText(part, stanza.OutOfBand, "url")
	if part.Name != "x" || url == "" || len(d.m.Attachment) == modern.MaxFiles {
		return
	}
	a := &pb.Attachment{Url: &url}
	if text := stanza.ChildText(part, stanza.OutOfBand, "desc"); text != "" {
		a.Description = &text
	}
	d.m.Attachment = append(d.m.Attachment, a)
}

// markup adds the markup (XEP-0071).
func markup(d *draft, part *xmltree.Node) {
	if part.Name != "html" {
		return
	}
	if x := cmp.Or(d.m.GetXhtml(), content(stanza.Child(part, stanza.XHTMLBody, "body"))); x != "" {
		d.m.Xhtml = &x
	}
}

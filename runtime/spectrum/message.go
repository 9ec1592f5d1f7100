package spectrum

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/stanzaid"
	"spectrumlua/runtime/xmltree"
)

// Numbers of fields of a ConversationMessage, and the first one that only the gateway knows.
const (
	fieldUser        = 1
	fieldBuddy       = 2
	fieldNickname    = 4
	fieldID          = 8
	fieldAttachment  = 11
	firstGatewayOnly = 1000
)

// isPlain reports whether Spectrum can express everything in an encoded message. own reports
// whether the message has a nickname, so that it may be one of the user in a room. Nearly all
// messages are plain, so it does not decode the values. A message that it cannot read is not
// plain.
func isPlain(payload []byte) (plain, own bool) {
	for at := 0; at < len(payload); {
		tag := payload[at]
		number, typ := protowire.Number(tag>>3), protowire.Type(tag&7)
		if tag >= 0x80 || number == fieldID { // 16 or more
			return false, own
		}
		at++
		switch typ {
		case protowire.VarintType:
			_, n := protowire.ConsumeVarint(payload[at:])
			if n < 0 {
				return false, own
			}
			at += n
		case protowire.BytesType:
			length, n := protowire.ConsumeVarint(payload[at:])
			if n < 0 || length > uint64(len(payload)-at-n) {
				return false, own
			}
			end := at + n + int(length)
			if number == fieldAttachment && hasNumber(payload[at+n:end], firstGatewayOnly) {
				return false, own
			}
			own = own || number == fieldNickname
			at = end
		default:
			return false, own
		}
	}
	return true, own
}

// hasNumber reports whether an encoded message has a field with at least that number.
func hasNumber(payload []byte, least protowire.Number) bool {
	for len(payload) > 0 {
		at, typ, n := protowire.ConsumeTag(payload)
		if n < 0 || at >= least {
			return n >= 0
		}
		payload = payload[n:]
		if n = protowire.ConsumeFieldValue(at, typ, payload); n < 0 {
			return false
		}
		payload = payload[n:]
	}
	return false
}

// message sends CONV_MESSAGE of the script.
func message(s *Side, payload []byte) error {
	plain, own := isPlain(payload)
	if plain && (!own || !s.uses.Load()) {
		return s.opts.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, payload)
	}
	m := &pb.ConversationMessage{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return err
	}
	if s.returned(m) {
		return nil
	}
	if plain {
		return s.opts.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, payload)
	}
	if n := s.stanza(m); n != nil {
		if text, err := n.Text(maxStanza); err == nil {
			return s.opts.Send(pb.WrapperMessage_TYPE_RAW_XML, []byte(text))
		}
	}
	return s.send(pb.WrapperMessage_TYPE_CONV_MESSAGE, reduced(m))
}

// returned reports whether a message is one of the user that a SENT has already shown.
func (s *Side) returned(m *pb.ConversationMessage) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.peek(m.GetUserName()).rooms[m.GetBuddyName()]
	if r == nil || m.GetNickname() != r.nick || m.GetPm() {
		return false
	}
	own, found, again := r.own.Returned(m)
	if found {
		s.of(m.GetUserName()).pair(m.GetBuddyName(), m.GetId(), own.client)
	}
	return again
}

// stanza returns a message as raw XML. It returns nil for a message that has to remain an
// ordinary one: a headline or a copy, which depend on what only Spectrum knows, a message
// whose sender is no JID, and one of a room that the user is not in.
func (s *Side) stanza(m *pb.ConversationMessage) *xmltree.Node {
	if m.GetHeadline() || m.GetCarbon() || m.GetOrigin() && m.GetNickname() == "" {
		return nil
	}
	c, ok := s.conversation(m.GetUserName(), m.GetBuddyName(), m.GetNickname(), m.GetPm())
	if !ok {
		return nil
	}
	text := m.GetMessage()
	if text == "" && len(m.Attachment) > 0 {
		text = m.Attachment[0].GetUrl()
	}
	author := ""
	if m.ReplyTo != nil {
		author = c.author(m.GetReplyTo().GetAuthor())
		m.ReplyTo.Id = proto.String(c.reference(m.GetReplyTo().GetId()))
	}
	if m.Replaces != nil {
		m.Replaces = proto.String(c.original(m.GetReplaces()))
	}
	n := stanza.Message(c.from, m.GetUserName(), c.kind(), modern.Message(m, text, author)...)
	stanza.Add(n, markup(m.GetXhtml()), stanza.Element(stanza.ChatStates, "active", nil), modern.Delay(m.GetTimestamp(), ""))
	if m.Id == nil {
		return n
	}
	id := stanzaid.Of(m.GetId())
	if m.Replaces != nil { // an edition may have the id of the original
		id = stanzaid.Edition(m.GetId())
	}
	stanza.SetAttr(n, "id", id)
	if c.room {
		stanza.Add(n, modern.ID(id, s.roomJID(c.name)))
	}
	return n
}

// markup returns the element with the markup of a message, or nil.
func markup(xhtml string) *xmltree.Node {
	if xhtml == "" {
		return nil
	}
	limits := xmltree.Limits{Depth: 200, Size: maxStanza, Elements: 20_000}
	body, err := xmltree.Parse(`<body xmlns="`+stanza.XHTMLBody+`">`+xhtml+`</body>`, limits)
	if err != nil {
		return nil
	}
	return stanza.Element(stanza.XHTML, "html", nil, body)
}

// reduced returns what Spectrum can express of a message. A quotation is part of the text, and
// a message that the user wrote with another program is a copy.
func reduced(m *pb.ConversationMessage) *pb.ConversationMessage {
	if quote := modern.Quote(m.GetReplyTo().GetText()); quote != "" {
		m.Message = proto.String(quote + m.GetMessage())
		m.Xhtml = nil
	}
	if m.GetOrigin() && m.GetNickname() == "" {
		m.Carbon = proto.Bool(true)
	}
	m.Id, m.Replaces, m.ReplyTo, m.Origin, m.Lang, m.Spoiler = nil, nil, nil, nil, nil, nil
	for i, a := range m.Attachment {
		m.Attachment[i] = &pb.Attachment{Url: a.Url, MimeType: a.MimeType, Description: a.Description}
	}
	return m
}

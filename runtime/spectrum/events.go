package spectrum

import (
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// event is a message about another message.
type event interface {
	proto.Message
	GetUserName() string
	GetBuddyName() string
	GetNickname() string
	GetId() string
	GetOrigin() bool
	GetPm() bool
}

// about returns what sends the events of a type as raw XML. elements returns nil for a
// reaction without a valid emoji.
func about[M any, P interface {
	*M
	event
}](typ pb.WrapperMessage_Type, elements func(m P, id string) []*xmltree.Node) func(s *Side, payload []byte) error {
	return func(s *Side, payload []byte) error {
		m := P(new(M))
		if err := proto.Unmarshal(payload, m); err != nil {
			return err
		}
		c, ok := s.conversation(m.GetUserName(), m.GetBuddyName(), m.GetNickname(), m.GetPm())
		switch {
		case !ok:
			s.dropped(schema.TypeByNumber(typ), "the name of the contact is no JID, or the user is not in the room")
			return nil
		case m.GetOrigin() && !c.room:
			s.dropped(schema.TypeByNumber(typ), "it is of the user, and Spectrum has no way to show it")
			return nil
		}
		parts := elements(m, c.reference(m.GetId()))
		if len(parts) == 0 {
			s.dropped(schema.TypeByNumber(typ), modern.WhyNoEmoji)
			return nil
		}
		return s.raw(stanza.Message(c.from, m.GetUserName(), c.kind(), parts...))
	}
}

var (
	reaction = about(pb.WrapperMessage_TYPE_REACTION, func(m *pb.Reaction, id string) []*xmltree.Node {
		if modern.NoEmoji(m.GetEmoji()) {
			return nil
		}
		return modern.Reaction(id, m.GetEmoji())
	})
	retraction = about(pb.WrapperMessage_TYPE_RETRACTION, func(_ *pb.Retraction, id string) []*xmltree.Node { return modern.Retraction(id) })
	displayed  = about(pb.WrapperMessage_TYPE_DISPLAYED, func(_ *pb.Displayed, id string) []*xmltree.Node { return modern.Displayed(id) })
)

// moderation sends MODERATION of the script, which the room itself announces.
func moderation(s *Side, payload []byte) error {
	m := &pb.Moderation{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return err
	}
	c, ok := s.conversation(m.GetUserName(), m.GetRoom(), "", false)
	if !ok || !c.room {
		s.dropped(schema.TypeByNumber(pb.WrapperMessage_TYPE_MODERATION), "the name of the room is no JID, or the user is not in the room")
		return nil
	}
	by := s.roomJID(m.GetRoom())
	if m.GetNickname() != "" {
		by += "/" + m.GetNickname()
	}
	return s.raw(stanza.Message(c.from, m.GetUserName(), "groupchat", modern.Moderation(c.reference(m.GetId()), by, m.GetReason(), nil)...))
}

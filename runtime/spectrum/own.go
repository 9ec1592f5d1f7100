package spectrum

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/pb"
	"spectrumlua/runtime/dialog"
	"spectrumlua/runtime/schema"
)

// fieldRoom is the number of Room.room.
const fieldRoom = 3

// own maps types of messages about the transport's own contact to what answers them. The
// script gets none of them, because the network has no such contact. A nil function answers
// nothing.
var own = map[pb.WrapperMessage_Type]func(s *Side, payload []byte) error{
	pb.WrapperMessage_TYPE_ATTENTION:            nil,
	pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING: nil,
	pb.WrapperMessage_TYPE_BUDDY_TYPED:          nil,
	pb.WrapperMessage_TYPE_BUDDY_TYPING:         nil,
	pb.WrapperMessage_TYPE_LEAVE_ROOM:           nil, // the user closes the chat
	pb.WrapperMessage_TYPE_BUDDY_CHANGED:        (*Side).added,
	pb.WrapperMessage_TYPE_BUDDY_REMOVED:        (*Side).removed,
	pb.WrapperMessage_TYPE_VCARD:                (*Side).card,
}

// aboutOwn handles a message from Spectrum if it is about the transport's own contact.
func (s *Side) aboutOwn(typ *schema.Type, payload []byte) bool {
	answer, is := own[typ.Number]
	var field protoreflect.FieldNumber = fieldBuddy
	if typ.Number == pb.WrapperMessage_TYPE_LEAVE_ROOM {
		field = fieldRoom
	}
	if !is || string(schema.Find(payload, field)) != dialog.Contact {
		return false
	}
	if answer != nil {
		if err := answer(s, payload); err != nil {
			s.opts.Log.Warnf("%s about the contact %s: %v", typ.Name, dialog.Contact, err)
		}
	}
	return true
}

// added handles that the user adds the contact to the roster. Spectrum repeats each change of
// a contact, so one answer in each session is enough.
func (s *Side) added(payload []byte) error {
	m := &pb.Buddy{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return err
	}
	s.mu.Lock()
	u := s.of(m.GetUserName())
	again := u.added
	u.added = true
	s.mu.Unlock()
	if again {
		return nil
	}
	answer := &pb.Buddy{UserName: m.UserName, BuddyName: m.BuddyName, Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()}
	if m.GetAlias() == "" || m.GetAlias() == dialog.Contact {
		answer.Alias = &s.opts.Name
	}
	return s.send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, answer)
}

func (s *Side) removed(payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(string(schema.Find(payload, 1))).added = false
	return nil
}

// card answers with the name of the transport.
func (s *Side) card(payload []byte) error {
	m := &pb.VCard{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return err
	}
	return s.send(pb.WrapperMessage_TYPE_VCARD, &pb.VCard{
		UserName: m.UserName, BuddyName: m.BuddyName, Id: m.Id, Fullname: &s.opts.Name, Nickname: &s.opts.Name,
	})
}

package spectrum

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/stanzaid"
	"spectrumlua/runtime/xmltree"
)

var sentType = schema.TypeByNumber(pb.WrapperMessage_TYPE_SENT)

// arrived notes a message of the user, and returns it with an id.
func (s *Side) arrived(payload []byte) []byte {
	m := &pb.ConversationMessage{}
	if proto.Unmarshal(payload, m) != nil {
		return payload // the session logs the error
	}
	o := outstanding{name: m.GetBuddyName(), script: m.GetId(), client: m.GetId()}
	if !stanzaid.Usable(o.script) {
		o.script = stanzaid.Make()
		payload = withID(payload, o.script)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.of(m.GetUserName())
	r := u.rooms[o.name]
	if o.room = r != nil; o.room {
		r.own.Remember(rules.OwnMessage{Script: o.script, Body: m.GetMessage()}, mine{o.client, m.GetMessage()}, len(payload))
	}
	if len(u.outstanding) == maxOutstanding {
		u.outstanding = slices.Delete(u.outstanding, 0, 1)
	}
	u.outstanding = append(u.outstanding, o)
	return payload
}

// withID returns a copy of a message with another id: a later field replaces an earlier one.
func withID(payload []byte, id string) []byte {
	copied := make([]byte, len(payload), len(payload)+len(id)+3)
	copy(copied, payload)
	copied = protowire.AppendTag(copied, fieldID, protowire.BytesType)
	return protowire.AppendString(copied, id)
}

// find returns the last message of the user that the script knows by an id, or nil.
func (u *user) find(id string) *outstanding {
	for i := range slices.Backward(u.outstanding) {
		if o := &u.outstanding[i]; o.script == id || o.network == id && id != "" {
			return o
		}
	}
	return nil
}

// acknowledged sends a receipt with the id of the user's client. A receipt for an id that the
// runtime has made goes nowhere.
func acknowledged(s *Side, payload []byte) error {
	if !s.uses.Load() {
		return s.opts.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, payload)
	}
	id := string(schema.Find(payload, fieldID))
	s.mu.Lock()
	u := s.peek(string(schema.Find(payload, fieldUser)))
	client := id
	if o := u.find(id); o != nil {
		client = o.client
	} else if known := u.client(string(schema.Find(payload, fieldBuddy)), id); known != "" {
		client = known
	}
	s.mu.Unlock()
	switch {
	case client == "" || strings.HasPrefix(client, stanzaid.MadePrefix):
		return nil
	case client != id:
		payload = withID(payload, client)
	}
	return s.opts.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, payload)
}

// sent handles SENT of the script. In a room, the message returns to the user. An error goes
// to the client that wrote the message, if Spectrum has passed on its id.
func sent(s *Side, payload []byte) error {
	m := &pb.Sent{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return err
	}
	s.mu.Lock()
	u := s.peek(m.GetUserName())
	found := u.find(m.GetId())
	if found == nil {
		s.mu.Unlock()
		s.dropped(sentType, "no message with this id is among the last ones of the user")
		return nil
	}
	o := *found
	r := u.rooms[o.name]
	if m.Error != nil {
		if r != nil {
			r.own.Refused(o.script)
		}
		s.mu.Unlock()
		return s.refused(m, o)
	}
	found.network = m.GetNetworkId()
	u.pair(o.name, m.GetNetworkId(), o.client)
	if !o.room || r == nil {
		s.mu.Unlock()
		return nil
	}
	own, show := r.own.Sent(o.script, m.GetNetworkId())
	nick := r.nick
	s.mu.Unlock()
	if !show {
		return nil
	}
	return s.reflect(m, o, nick, own.body)
}

// reflect shows the user's clients in a room a message of the user. Without an id on the
// network, or if Spectrum does not accept the room as a sender of raw XML, it is an ordinary
// message of the room.
func (s *Side) reflect(m *pb.Sent, o outstanding, nick, body string) error {
	if m.GetNetworkId() == "" || !isRoomJID(o.name) {
		return s.send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
			UserName: m.UserName, BuddyName: &o.name, Message: &body, Nickname: &nick,
		})
	}
	n := stanza.Message(o.name+"/"+nick, m.GetUserName(), "groupchat", stanza.Text("", "body", body),
		modern.ID(stanzaid.Of(m.GetNetworkId()), s.roomJID(o.name)))
	if o.client != "" {
		stanza.SetAttr(n, "id", o.client)
	}
	return s.raw(n)
}

// refused shows the error of a message.
func (s *Side) refused(m *pb.Sent, o outstanding) error {
	if o.client == "" || !isJID(o.name) {
		s.dropped(sentType, "Spectrum has not passed on the id of the message, so its client cannot be told: "+m.GetError())
		return nil
	}
	answered := stanza.Message(m.GetUserName(), o.name, "")
	stanza.SetAttr(answered, "id", o.client)
	return s.raw(stanza.Bounce(answered, stanza.Errorf(stanza.NotAcceptable, "%s", m.GetError())))
}

// maxStanza is the size of the longest raw stanza, in bytes. Prosody closes the stream of a
// component at 512 KiB, and Spectrum adds to the addresses.
const maxStanza = 480 << 10

// raw sends a stanza as raw XML.
func (s *Side) raw(n *xmltree.Node) error {
	text, err := n.Text(maxStanza)
	if err != nil {
		s.drops.Add(1)
		s.opts.Log.Debugf("a stanza is dropped: %v", err)
		return nil
	}
	return s.opts.Send(pb.WrapperMessage_TYPE_RAW_XML, []byte(text))
}

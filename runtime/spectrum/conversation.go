package spectrum

import (
	"cmp"
	"strings"

	"spectrumlua/runtime/stanzaid"
)

// conversation is a chat or a room, as raw XML needs it.
type conversation struct {
	side *Side
	user string
	name string // of the contact or room
	from string // the sender, as Spectrum expects it
	room bool   // all occupants see the message
	muc  bool   // it is a room, or a chat with an occupant
}

// conversation returns where a message of the script belongs. ok is false if raw XML cannot
// get there.
func (s *Side) conversation(jid, name, nick string, private bool) (c conversation, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.peek(jid)
	c = conversation{side: s, user: jid, name: name}
	if at := strings.IndexByte(name, '/'); at >= 0 && nick == "" && u.rooms[name[:at]] != nil {
		name, nick, private = name[:at], name[at+1:], true
	}
	if u.rooms[name] == nil {
		if nick != "" || !isJID(name) {
			return c, false
		}
		c.from = name + "/bot"
		return c, true
	}
	c.muc, c.room = true, !private
	if private {
		c.name = name + "/" + nick
	}
	if c.from = name; nick != "" {
		c.from += "/" + nick
	}
	return c, isRoomJID(name)
}

func (c *conversation) kind() string {
	if c.room {
		return "groupchat"
	}
	return "chat"
}

// original returns the id attribute of a message.
func (c *conversation) original(network string) string {
	c.side.mu.Lock()
	defer c.side.mu.Unlock()
	return cmp.Or(c.side.peek(c.user).client(c.name, network), stanzaid.Of(network))
}

// reference returns the id with which reactions, replies and the like refer to a message: in
// a room that of the room.
func (c *conversation) reference(network string) string {
	if c.room {
		return stanzaid.Of(network)
	}
	return c.original(network)
}

// author returns the JID of the author of a message, or "".
func (c *conversation) author(name string) string {
	switch {
	case name == "":
		return ""
	case c.muc:
		room, _, _ := strings.Cut(c.from, "/")
		return c.side.roomJID(room) + "/" + name
	}
	return c.side.contactJID(name)
}

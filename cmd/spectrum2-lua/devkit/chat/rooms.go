package chat

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

var roomCommands = []*command{
	{
		name: "join", usage: "/join ROOM [NICK [PASSWORD]]", needs: connected, password: 3, run: (*Chat).join,
		about: "enters a room, by default under your name", words: []candidates{rooms},
	},
	{name: "leave", usage: "/leave [ROOM]", about: "leaves a room", needs: online, run: (*Chat).leave, words: []candidates{rooms}},
	{name: "topic", usage: "/topic [TEXT]", about: "sets the topic of the room you write to", needs: online, run: (*Chat).topic},
	{name: "nick", usage: "/nick NICK", about: "changes your name in the room you write to", needs: online, run: (*Chat).nick},
	{name: "who", usage: "/who [ROOM]", about: "lists the occupants of a room", run: (*Chat).who, words: []candidates{rooms}},
	{name: "list", usage: "/list", about: "lists the rooms that the script announced", run: (*Chat).list},
}

var errNoRoom = errors.New("your current partner is not a room: /join ROOM enters one")

func (c *Chat) join(l *call) error {
	name, err := l.word()
	if err != nil {
		return err
	}
	me := c.people.me()
	local, _, _ := strings.Cut(me.jid, "@")
	nickname, err := l.or(local)
	if err != nil {
		return err
	}
	m := &pb.Room{Room: proto.String(name), Nickname: proto.String(nickname)}
	if password, ok, err := l.Next(); err != nil {
		return err
	} else if ok {
		m.Password = proto.String(password)
	}
	if err := l.end(); err != nil {
		return err
	}
	return c.enter(m)
}

func (c *Chat) enter(m *pb.Room) error {
	c.people.change(func(u *user) { u.partner = m.GetRoom() })
	return c.send(pb.WrapperMessage_TYPE_JOIN_ROOM, m)
}

// room returns the named room, or the room that the user writes to.
func (c *Chat) room(named string) (name, nickname string, err error) {
	me := c.people.me()
	if named == "" {
		named, _, _ = strings.Cut(me.partner, "/")
	}
	r := me.rooms[named]
	if r == nil {
		if named == "" || named == me.partner {
			return "", "", errNoRoom
		}
		return "", "", fmt.Errorf("you are not in the room %s", printable(named))
	}
	return named, r.nickname, nil
}

// namedRoom returns the room that the only word of a command names, or room("").
func (c *Chat) namedRoom(l *call) (name, nickname string, err error) {
	word, err := l.or("")
	if err != nil {
		return "", "", err
	}
	if err := l.end(); err != nil {
		return "", "", err
	}
	return c.room(word)
}

func (c *Chat) leave(l *call) error {
	name, nickname, err := c.namedRoom(l)
	if err != nil {
		return err
	}
	c.people.change(func(u *user) {
		delete(u.rooms, name)
		if u.partner == name || strings.HasPrefix(u.partner, name+"/") {
			u.partner = ""
		}
	})
	return c.send(pb.WrapperMessage_TYPE_LEAVE_ROOM, &pb.Room{Room: proto.String(name), Nickname: proto.String(nickname)})
}

func (c *Chat) topic(l *call) error {
	name, _, err := c.room("")
	if err != nil {
		return err
	}
	return c.send(pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED, &pb.ConversationMessage{
		BuddyName: proto.String(name), Message: proto.String(l.Rest()),
	})
}

// nick joins the room again under another name, as Spectrum does.
func (c *Chat) nick(l *call) error {
	nickname, err := l.word()
	if err != nil {
		return err
	}
	if err := l.end(); err != nil {
		return err
	}
	name, _, err := c.room("")
	if err != nil {
		return err
	}
	return c.enter(&pb.Room{Room: proto.String(name), Nickname: proto.String(nickname)})
}

func (c *Chat) who(l *call) error {
	name, nickname, err := c.namedRoom(l)
	if err != nil {
		return err
	}
	for _, person := range slices.Sorted(maps.Keys(c.people.me().rooms[name].people)) {
		text := printable(person)
		if person == nickname {
			text += " (you)"
		}
		c.show.line(plainLine, text)
	}
	return nil
}

func (c *Chat) list(l *call) error {
	joined := c.people.me().rooms
	names := c.people.roomNames()
	for _, name := range names {
		text := printable(name)
		if r := joined[name]; r != nil {
			text += ", where you are " + printable(r.nickname)
		}
		c.show.line(plainLine, text)
	}
	if len(names) == 0 {
		c.show.line(plainLine, "The script has announced no rooms.")
	}
	return l.end()
}

package chat

import (
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

var talkCommands = []*command{
	{
		name: "msg", usage: "/msg WHO TEXT", run: (*Chat).msg, needs: online, words: []candidates{partners},
		about: "writes to a contact, a room or ROOM/NICK; later lines need no /msg",
	},
	{name: "me", usage: "/me TEXT", about: "says what you do, as clients show /me (XEP-0245)", needs: online, run: (*Chat).me},
	{
		name: "to", usage: "/to WHO", about: "makes WHO your partner, who receives lines without /", run: (*Chat).to,
		words: []candidates{partners},
	},
	{
		name: "typing", usage: "/typing [start|pause|stop]", needs: online, run: (*Chat).typing, words: []candidates{typingWords},
		about: "shows your partner that you are typing",
	},
	{name: "attention", usage: "/attention [TEXT]", about: "asks your partner for attention", needs: online, run: (*Chat).attention},
	{
		name: "receipts", usage: "/receipts on|off", about: "requests a receipt with each message", run: (*Chat).setReceipts,
		words: []candidates{switches},
	},
}

var errNoPartner = errors.New("you have no partner yet: /msg WHO TEXT writes to a contact, /join ROOM enters a room")

func (c *Chat) msg(l *call) error {
	who, err := l.word()
	if err != nil {
		return err
	}
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	return c.say(who, text)
}

// say writes to a name, or to the partner if the name is "".
func (c *Chat) say(who, text string) error {
	if err := find("msg").possible(c.people.me()); err != nil {
		return err
	}
	if who == "" {
		if who = c.people.me().partner; who == "" {
			return errNoPartner
		}
	}
	c.people.change(func(u *user) { u.partner = who })
	c.hintUnconnected()
	return c.write(&pb.ConversationMessage{BuddyName: proto.String(who), Message: proto.String(text)})
}

// hintUnconnected shows a hint, once for each login: the user's client says that it is
// connecting until the script calls session:connected().
func (c *Chat) hintUnconnected() {
	me := c.people.me()
	if me.connected || me.hinted {
		return
	}
	c.people.change(func(u *user) { u.hinted = true })
	c.show.line(plainLine, "The script has not called session:connected(), so the client of "+printable(shortName(me.jid))+" still shows that it is connecting.")
}

func (c *Chat) me(l *call) error {
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	return c.say("", "/me "+text)
}

func (c *Chat) nextID() string {
	c.ids++
	return strconv.Itoa(c.ids)
}

func (c *Chat) to(l *call) error {
	who, err := l.word()
	if err != nil {
		return err
	}
	if err := l.end(); err != nil {
		return err
	}
	c.people.change(func(u *user) { u.partner = who })
	return nil
}

// typingStates are the chat states of XEP-0085.
var typingStates = map[string]pb.WrapperMessage_Type{
	"start": pb.WrapperMessage_TYPE_BUDDY_TYPING,
	"pause": pb.WrapperMessage_TYPE_BUDDY_TYPED,
	"stop":  pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING,
}

func (c *Chat) typing(l *call) error {
	state, err := l.choice("state", "start", []string{"start", "pause", "stop"})
	if err != nil {
		return err
	}
	partner := c.people.me().partner
	if partner == "" {
		return errNoPartner
	}
	if err := l.end(); err != nil {
		return err
	}
	return c.send(typingStates[state], &pb.Buddy{BuddyName: proto.String(partner)})
}

func (c *Chat) attention(l *call) error {
	partner := c.people.me().partner
	if partner == "" {
		return errNoPartner
	}
	return c.send(pb.WrapperMessage_TYPE_ATTENTION, &pb.ConversationMessage{
		BuddyName: proto.String(partner), Message: proto.String(l.Rest()),
	})
}

func (c *Chat) setReceipts(l *call) error {
	on, err := l.onOff()
	if err != nil {
		return err
	}
	c.receipts = on
	return nil
}

// onOff reads the last word of a command, on or off.
func (c *call) onOff() (bool, error) {
	word, err := c.word()
	if err != nil {
		return false, err
	}
	switch word {
	case "on", "off":
		return word == "on", c.end()
	}
	return false, fmt.Errorf("%q is neither on nor off", word)
}

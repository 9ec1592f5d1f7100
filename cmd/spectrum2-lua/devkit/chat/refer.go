package chat

import (
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/describe"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// Commands that refer to messages: to the last one of the partner, or of the user.
var referCommands = []*command{
	{name: "reply", usage: "/reply TEXT", needs: online, run: (*Chat).reply, about: "answers the last message of your partner"},
	{name: "react", usage: "/react [EMOJI …]", needs: online, run: (*Chat).react, about: "reacts to the last message of your partner; without emoji, removes the reaction"},
	{name: "correct", usage: "/correct TEXT", needs: online, run: (*Chat).correct, about: "corrects your last message"},
	{name: "retract", usage: "/retract", needs: online, run: (*Chat).retract, about: "withdraws your last message"},
	{name: "read", usage: "/read", needs: online, run: (*Chat).read, about: "says that you have read all messages of your partner"},
}

// message is a message that a command may refer to.
type message struct {
	id     string // on the network; of a message of the user "" until the script reports it
	client string // the id that the user's client gave to it
	author string // "" for the user
	text   string
}

// learnMessage notes the last message in each direction.
func learnMessage(_ *people, u *user, f simulator.Frame) {
	m := f.Message.(*pb.ConversationMessage)
	if u == nil {
		return
	}
	if f.Direction == simulator.FromBackend {
		name, author := m.GetBuddyName(), m.GetBuddyName()
		if m.GetNickname() != "" {
			author = m.GetNickname()
		}
		if m.GetPm() && m.GetNickname() != "" {
			name += "/" + m.GetNickname()
		}
		if all := m.GetAttachment(); len(all) > 0 {
			u.files[name] = all[len(all)-1]
		}
		if m.GetId() != "" {
			u.heard[name] = message{id: m.GetId(), author: author, text: m.GetMessage()}
		}
		return
	}
	u.said[m.GetBuddyName()] = message{client: m.GetId(), text: m.GetMessage()}
}

// learnID notes the network id of a message of the user.
func learnID(_ *people, u *user, f simulator.Frame) {
	m := f.Message.(*pb.Sent)
	if u == nil {
		return
	}
	for name, said := range u.said {
		if said.client == m.GetId() {
			said.id = m.GetNetworkId()
			u.said[name] = said
		}
	}
}

// shownInRoom returns the line for a message of the user that a room shows because the
// script has reported it, or "".
func (p *people) shownInRoom(f simulator.Frame) string {
	m, ok := f.Message.(*pb.Sent)
	if !ok || m.GetError() != "" || f.Direction != simulator.FromBackend {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[f.User]
	if u == nil {
		return ""
	}
	for name, said := range u.said {
		if r := u.rooms[name]; r != nil && said.client == m.GetId() {
			return "<" + describe.Text(name) + "/" + describe.Text(r.nickname) + "> " + describe.Text(said.text)
		}
	}
	return ""
}

var (
	errNothingHeard = errors.New("your partner has sent no message with an id to which you could refer")
	errNothingSaid  = errors.New("you have not written to your partner yet")
	errNotReported  = errors.New("the script has not reported your last message with session:sent { id = m.id, network_id = … }, so the gateway drops what refers to it")
)

// heard returns the partner and their last message.
func (c *Chat) heard() (partner string, m message, err error) {
	me := c.people.me()
	if me.partner == "" {
		return "", m, errNoPartner
	}
	m, ok := me.heard[me.partner]
	if !ok {
		return "", m, errNothingHeard
	}
	return me.partner, m, nil
}

// said returns the partner and the user's last message to them.
func (c *Chat) said() (partner string, m message, err error) {
	me := c.people.me()
	if me.partner == "" {
		return "", m, errNoPartner
	}
	m, ok := me.said[me.partner]
	if !ok {
		return "", m, errNothingSaid
	}
	return me.partner, m, nil
}

func (c *Chat) reply(l *call) error {
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	partner, m, err := c.heard()
	if err != nil {
		return err
	}
	return c.write(&pb.ConversationMessage{
		BuddyName: &partner, Message: &text,
		ReplyTo: &pb.Reply{Id: &m.id, Author: &m.author, Text: &m.text},
	})
}

func (c *Chat) react(l *call) error {
	emoji := strings.Fields(l.Rest())
	partner, m, err := c.heard()
	if err != nil {
		return err
	}
	return c.send(pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{BuddyName: &partner, Id: &m.id, Emoji: emoji})
}

// correct corrects the last message. The gateway delivers the correction of a message that
// the script has not reported as a new message.
func (c *Chat) correct(l *call) error {
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	partner, m, err := c.said()
	if err != nil {
		return err
	}
	correction := &pb.ConversationMessage{BuddyName: &partner, Message: &text}
	if m.id != "" {
		correction.Replaces = &m.id
	}
	return c.write(correction)
}

func (c *Chat) retract(l *call) error {
	if err := l.end(); err != nil {
		return err
	}
	partner, m, err := c.said()
	switch {
	case err != nil:
		return err
	case m.id == "":
		return errNotReported
	}
	return c.send(pb.WrapperMessage_TYPE_RETRACTION, &pb.Retraction{BuddyName: &partner, Id: &m.id})
}

func (c *Chat) read(l *call) error {
	if err := l.end(); err != nil {
		return err
	}
	partner, m, err := c.heard()
	if err != nil {
		return err
	}
	return c.send(pb.WrapperMessage_TYPE_DISPLAYED, &pb.Displayed{BuddyName: &partner, Id: &m.id})
}

// write sends a message with an id, as clients do.
func (c *Chat) write(m *pb.ConversationMessage) error {
	id := c.nextID()
	m.Id = proto.String(id)
	if c.receipts {
		c.asked.Store(id, true)
	}
	return c.send(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
}

// unasked reports whether a frame is a receipt that the user's client has not requested. The
// gateway drops it.
func (c *Chat) unasked(f simulator.Frame) bool {
	if f.Type != pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK {
		return false
	}
	m, ok := f.Message.(*pb.ConversationMessage)
	if !ok {
		return false
	}
	_, asked := c.asked.Load(m.GetId())
	return !asked
}

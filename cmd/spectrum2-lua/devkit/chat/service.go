package chat

import (
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/dialog"
)

var serviceCommands = []*command{
	{
		name: "respond", usage: "/respond [TEXT]", needs: online, run: (*Chat).answerQuestion, password: 1,
		about: "answers the question of the script, as the next line without / does; without TEXT it gives no answer",
	},
	{
		name: "run", usage: "/run NAME [ARGUMENTS]", needs: online, run: (*Chat).runCommand,
		about: "runs a command of the script, as /NAME in a chat with the transport does; /run help lists them",
	},
}

var errNoQuestion = errors.New("there is no question: the script has asked nothing with session:ask")

func (c *Chat) answerQuestion(l *call) error {
	text := l.Rest()
	if c.people.me().question == nil {
		return errNoQuestion
	}
	if text == "" {
		text = dialog.Cancel
	}
	return c.answerWith(text)
}

// answerWith answers the open question of the current user.
func (c *Chat) answerWith(text string) error {
	q := c.people.me().question
	if q.GetSecret() && !dialog.Passes(text) {
		return c.send(pb.WrapperMessage_TYPE_ANSWER, &pb.Answer{Id: proto.String(q.GetId()), Text: proto.String(text)})
	}
	return c.writeToService(text)
}

func (c *Chat) runCommand(l *call) error {
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	return c.writeToService("/" + strings.TrimPrefix(text, "/"))
}

func (c *Chat) writeToService(text string) error {
	return c.send(pb.WrapperMessage_TYPE_SERVICE_MESSAGE, &pb.ServiceMessage{Message: proto.String(text)})
}

// learnQuestion notes the question that the user has to answer.
func learnQuestion(_ *people, u *user, f simulator.Frame) {
	if q, ok := f.Message.(*pb.Question); ok && u != nil && f.Direction == simulator.FromBackend {
		u.question = q
	}
}

// forgetQuestion notes the end of a question.
func forgetQuestion(_ *people, u *user, f simulator.Frame) {
	if u != nil && f.Direction == simulator.FromBackend {
		u.question = nil
	}
}

// tellLines shows a text of the transport line by line, such as a QR code or a list of
// commands. It reports whether the message has more than one line.
func (c *Chat) tellLines(f simulator.Frame) bool {
	var text string
	switch m := f.Message.(type) {
	case *pb.ServiceMessage:
		text = m.GetMessage()
	case *pb.Question:
		text = dialog.Text(m, "")
	}
	if f.Direction != simulator.FromBackend || !strings.Contains(text, "\n") {
		return false
	}
	for i, line := range strings.Split(text, "\n") {
		if line == "```" {
			continue
		}
		if i == 0 {
			line = "the transport: " + line
		}
		c.put(messageLine, f.User, printable(line))
	}
	return true
}

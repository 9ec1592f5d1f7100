package luabind

import (
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	texts "spectrumlua/runtime/dialog"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltext"
)

// Limits of a dialog.
const (
	maxQuestions = 16 // that are asked or wait for their turn
	maxRuns      = 8  // commands that run or wait for their turn
)

// hintPause is the time between two hints that nobody reads the chat. The user may be a
// program that answers each of them.
const hintPause = 10 * time.Second

// Words that the user can write at any time.
const (
	cancelWord = texts.Cancel
	helpWord   = texts.Help
)

// dialog is what a user and the transport itself talk about: the questions of the script,
// and the commands of the user. It is safe for concurrent use, with or without the script
// lock, because a handler that waits for an answer keeps all later messages of its user in
// the mailbox.
type dialog struct {
	host    *Host
	session *session.Session

	mu        sync.Mutex
	questions []*question   // the first one is shown to the user
	runs      []*commandRun // the first one runs
	hinted    time.Time     // when the user was last told that nobody reads the chat
}

// dialog returns the dialog of a session, always the same one.
func (h *Host) dialog(s *session.Session) *dialog {
	if d, ok := s.Unlocked.Load().(*dialog); ok {
		return d
	}
	s.Unlocked.CompareAndSwap(nil, &dialog{host: h, session: s})
	return s.Unlocked.Load().(*dialog)
}

// Early handles the messages of a dialog. It implements session.Script.
func (h *Host) Early(s *session.Session, typ *schema.Type, payload []byte) bool {
	d := h.dialog(s)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch typ.Number {
	case pb.WrapperMessage_TYPE_SERVICE_MESSAGE:
		var m pb.ServiceMessage
		if proto.Unmarshal(payload, &m) == nil {
			d.hear(strings.TrimSpace(m.GetMessage()))
		}
	case pb.WrapperMessage_TYPE_ANSWER:
		var m pb.Answer
		if proto.Unmarshal(payload, &m) == nil {
			d.answer(&m)
		}
	case pb.WrapperMessage_TYPE_COMMAND:
		var m pb.CommandRun
		if proto.Unmarshal(payload, &m) == nil {
			d.enqueue(&commandRun{id: m.GetId(), name: m.GetName(), arguments: m.GetArgument()})
		}
	default:
		h.log.WithField("user", s.User).Debugf("%s is ignored", typ.Name)
	}
	return true
}

// hear handles a text that the user has written. d.mu is held.
func (d *dialog) hear(text string) {
	q, cancels := d.open(), strings.EqualFold(text, cancelWord)
	word, _, _ := strings.Cut(text, " ")
	switch {
	case text == "":
	case strings.EqualFold(word, helpWord), strings.HasPrefix(text, "/") && len(d.questions) == 0 && !cancels:
		d.enqueue(&commandRun{text: text})
	case q != nil:
		d.try(q, text)
	case len(d.questions) > 0:
		d.say("You have answered this question already.")
	case cancels:
		d.say("There is no question to cancel.")
	case d.host.opts.Scheduler.Clock().Now().Sub(d.hinted) < hintPause:
	default:
		d.hinted = d.host.opts.Scheduler.Clock().Now()
		d.say("Nobody reads this chat. " + helpWord + " lists the commands.")
	}
}

// open returns the question that is shown to the user and not yet answered, or nil. d.mu
// is held.
func (d *dialog) open() *question {
	if len(d.questions) == 0 || d.questions[0].hasEnded() {
		return nil
	}
	return d.questions[0]
}

// answer handles the answer in a form. d.mu is held.
func (d *dialog) answer(m *pb.Answer) {
	switch q, text := d.open(), strings.TrimSpace(m.GetText()); {
	case q == nil || q.id != m.GetId():
		d.say("This question is not open any more.")
	case m.Text == nil:
		q.end("", errAskCancelled)
	case text != "": // blanks are no answer, as in a chat
		d.try(q, text)
	}
}

// try ends a question with an answer. It asks again if the answer is not an option. d.mu
// is held.
func (d *dialog) try(q *question, text string) {
	if strings.EqualFold(text, cancelWord) {
		q.end("", errAskCancelled)
		return
	}
	answer, ok := q.accepts(q.unquoted(text))
	if !ok {
		d.say("This is not one of the answers: " + strings.Join(q.options, ", "))
		d.send(questionType, q.payload)
		return
	}
	if q.secret {
		d.host.opts.Secrets.Learn(d.session.User, answer)
	}
	q.end(answer, nil)
}

// add asks a question, or queues it behind others.
func (d *dialog) add(q *question) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.questions) >= maxQuestions {
		return errTooManyQuestions
	}
	d.questions = append(d.questions, q)
	if len(d.questions) == 1 {
		d.show(q)
	}
	return nil
}

// show asks the first question. d.mu is held.
func (d *dialog) show(q *question) {
	close(q.shown)
	d.send(questionType, q.payload)
}

// remove removes a question, shows the next one, and returns the outcome.
func (d *dialog) remove(q *question) (answer string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, other := range d.questions {
		if other != q {
			continue
		}
		d.questions = append(d.questions[:i:i], d.questions[i+1:]...)
		if i == 0 {
			d.sendMessage(answerType, &pb.Answer{UserName: &d.session.User, Id: &q.id})
			if len(d.questions) > 0 {
				d.show(d.questions[0])
			}
		}
	}
	return q.answer, q.err
}

// enqueue starts a command after those that run. d.mu is held.
func (d *dialog) enqueue(run *commandRun) {
	if len(d.runs) >= maxRuns {
		d.reply(run, "Too many of your commands are waiting.", true)
		return
	}
	d.runs = append(d.runs, run)
	if len(d.runs) == 1 {
		d.start(run)
	}
}

// start runs the first command. d.mu is held.
func (d *dialog) start(run *commandRun) {
	d.session.Owner().Spawn("", func(t *task.Task) {
		d.host.runCommand(t, d, run)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.runs = d.runs[1:]
		if len(d.runs) > 0 {
			d.start(d.runs[0])
		}
	})
}

// reply sends the result of a command. A form shows a short one only. d.mu need not be held.
func (d *dialog) reply(run *commandRun, text string, failed bool) {
	if run.id == "" {
		d.say(text)
		return
	}
	shown := xmltext.Clean(text)
	long := len(shown) > maxNotice
	if long {
		shown = "The result is long. It follows as a message."
	}
	d.sendMessage(commandType, &pb.CommandRun{UserName: &d.session.User, Id: &run.id, Result: &shown, Failed: &failed})
	if long {
		d.say(text)
	}
}

// say writes to the user. d.mu need not be held.
func (d *dialog) say(text string) {
	for text = xmltext.Clean(text); text != ""; {
		var part string
		part, text = splitText(text, maxNotice)
		d.sendMessage(serviceMessageType, &pb.ServiceMessage{UserName: &d.session.User, Message: &part})
	}
}

func (d *dialog) sendMessage(typ *schema.Type, m proto.Message) {
	if payload, err := proto.Marshal(m); err == nil { // texts are cleaned, so it cannot fail
		d.send(typ, payload)
	}
}

func (d *dialog) send(typ *schema.Type, payload []byte) {
	// An error means that the connection has ended. The process ends next.
	_ = d.host.sessions.Send(d.session, typ.Number, payload)
}

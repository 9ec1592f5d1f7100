package luabind

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/proto"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/qrcode"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/xmltext"
)

// Limits of a question.
const (
	// defaultAsk is how long a question waits for the answer.
	defaultAsk = 5 * time.Minute
	maxOptions = 100
	// maxOption, maxQuestion and maxPicture are sizes in bytes.
	maxOption   = 200
	maxQuestion = 16 << 10
	maxPicture  = 256 << 10
	// maxNotice is the size of a part of a longer text.
	maxNotice = 64 << 10
)

var (
	errAskCancelled     = errors.New("cancelled")
	errTooManyQuestions = fmt.Errorf("more than %d questions wait for the user's answer", maxQuestions)
)

var (
	serviceMessageType = schema.TypeByNumber(pb.WrapperMessage_TYPE_SERVICE_MESSAGE)
	questionType       = schema.TypeByNumber(pb.WrapperMessage_TYPE_QUESTION)
	answerType         = schema.TypeByNumber(pb.WrapperMessage_TYPE_ANSWER)
	commandsType       = schema.TypeByNumber(pb.WrapperMessage_TYPE_COMMANDS)
	commandType        = schema.TypeByNumber(pb.WrapperMessage_TYPE_COMMAND)
)

// question is a question to a user. The mutex of its dialog guards answer and err.
type question struct {
	id      string
	message *pb.Question
	payload []byte // message, encoded
	secret  bool
	options []string
	shown   chan struct{} // closed when its turn has come
	ended   chan struct{} // closed when the user has answered or cancelled
	answer  string
	err     error
}

func (q *question) end(answer string, err error) {
	q.answer, q.err = answer, err
	close(q.ended)
}

func (q *question) hasEnded() bool {
	select {
	case <-q.ended:
		return true
	default:
		return false
	}
}

// accepts returns the answer that a text means: any text if there are no options, an
// option in any case of letters, or its number.
func (q *question) accepts(text string) (answer string, ok bool) {
	if len(q.options) == 0 {
		return text, true
	}
	for _, option := range q.options {
		if option == text {
			return option, true
		}
	}
	for _, option := range q.options {
		if strings.EqualFold(option, text) {
			return option, true
		}
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(text, ".")); err == nil && n >= 1 && n <= len(q.options) {
		return q.options[n-1], true
	}
	return "", false
}

// unquoted returns an answer without the quotation of the question in front of it. Clients
// write one into a reply, and not every way to the script says where it ends.
func (q *question) unquoted(text string) string {
	asked, _, _ := strings.Cut(strings.TrimSpace(q.message.GetText()), "\n")
	first, rest, _ := strings.Cut(text, "\n")
	if quoted, ok := strings.CutPrefix(first, ">"); !ok || strings.TrimSpace(quoted) != strings.TrimSpace(asked) {
		return text
	}
	for strings.HasPrefix(rest, ">") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	if rest = strings.TrimSpace(rest); rest == "" {
		return text
	}
	return rest
}

// lastQuestion is the number of the last question of this process.
var lastQuestion atomic.Int64

// ask implements session:ask{…}. It returns the user's answer, or nil and "cancelled",
// "timeout" or another reason.
func ask(l *lua.LState, obj *sessionObject) int {
	if bind.RuntimeOf(l).Loading() {
		bind.Raise(l, "ask: a script cannot ask while it loads: ask in a handler or a task")
	}
	q, timeout := readQuestion(l, obj)
	link := pictureLink{host: obj.host}
	defer link.remove()
	link.add(l, q.message)
	var err error
	if q.payload, err = proto.Marshal(q.message); err != nil {
		bind.Raise(l, "ask: %v", err)
	}
	d := obj.host.dialog(obj.session)
	if err := d.add(q); err != nil {
		return bind.Fail(l, err)
	}
	var answer string
	err = func() error {
		removed := false
		defer func() { // also if Wait raises because the task is cancelled
			if !removed {
				_, _ = d.remove(q)
			}
		}()
		err := bind.Wait(l, func(ctx context.Context) error { return until(ctx, q.shown) })
		if err == nil {
			err = bind.WaitTimeout(l, timeout, func(ctx context.Context) error { return until(ctx, q.ended) })
		}
		var outcome error
		answer, outcome = d.remove(q)
		removed = true
		if q.hasEnded() { // the answer may have come together with the timeout
			return outcome
		}
		return err
	}()
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(answer))
}

// until waits until a channel is closed.
func until(ctx context.Context, closed <-chan struct{}) error {
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// readQuestion reads the options of ask. It raises an error for a wrong one.
func readQuestion(l *lua.LState, obj *sessionObject) (*question, time.Duration) {
	if l.Get(2).Type() != lua.LTTable {
		bind.Raise(l, "ask: table of options expected (as in { text = \"…\" }), got %s", l.Get(2).Type())
	}
	o := bind.OptionsAt(l, 2, "ask")
	text := xmltext.Clean(o.String("text", ""))
	secret, options, hasOptions := o.Bool("secret", false), o.Strings("options"), o.Get("options") != lua.LNil
	picture, timeout := o.String("picture", ""), o.Seconds("timeout", defaultAsk)
	o.Done()
	switch {
	case strings.TrimSpace(text) == "":
		bind.Raise(l, "ask: text is missing: what the user is asked")
	case len(text) > maxQuestion:
		bind.Raise(l, "ask: text: it has %d bytes, at most %d can be asked", len(text), maxQuestion)
	case timeout == 0:
		bind.Raise(l, "ask: timeout: more than 0 seconds expected")
	case hasOptions && len(options) < 2:
		bind.Raise(l, "ask: options: a list of at least two answers expected")
	}
	if err := checkOptions(options); err != nil {
		bind.Raise(l, "ask: %v", err)
	}
	if picture != "" && !isPicture(picture) {
		bind.Raise(l, "ask: picture: the bytes of a PNG, JPEG, GIF or WebP of at most %d kB expected", maxPicture>>10)
	}
	q := &question{
		id:     strconv.FormatInt(lastQuestion.Add(1), 10),
		secret: secret, options: options,
		shown: make(chan struct{}), ended: make(chan struct{}),
	}
	q.message = &pb.Question{UserName: &obj.session.User, Id: &q.id, Text: &text, Options: options}
	if secret {
		q.message.Secret = &secret
	}
	if picture != "" {
		q.message.Picture = []byte(picture)
	}
	return q, timeout
}

// checkOptions checks a list of answers to choose from.
func checkOptions(options []string) error {
	if len(options) > maxOptions {
		return fmt.Errorf("options: at most %d answers can be given", maxOptions)
	}
	for i, option := range options {
		switch {
		case option == "" || len(option) > maxOption || strings.TrimSpace(option) != option || xmltext.Clean(option) != option || strings.ContainsAny(option, "\n\r"):
			return fmt.Errorf("options: answer %d: one line of 1 to %d bytes expected, without blanks around it", i+1, maxOption)
		case slices.Contains(options[:i], option):
			return fmt.Errorf("options: the answer %q occurs twice", option)
		}
	}
	return nil
}

// pictures are the first bytes of the formats that clients show.
var pictures = [][]byte{[]byte("\x89PNG\r\n\x1a\n"), []byte("\xff\xd8\xff"), []byte("GIF8"), []byte("RIFF")}

func isPicture(data string) bool {
	return len(data) <= maxPicture && slices.ContainsFunc(pictures, func(p []byte) bool { return bytes.HasPrefix([]byte(data), p) })
}

// notify implements session:notify(text).
func notify(l *lua.LState, obj *sessionObject) int {
	text := xmltext.Clean(l.CheckString(2))
	if strings.TrimSpace(text) == "" {
		l.ArgError(2, "text expected, got an empty one")
	}
	for text != "" {
		var part string
		part, text = splitText(text, maxNotice)
		payload, err := proto.Marshal(&pb.ServiceMessage{UserName: &obj.session.User, Message: &part})
		obj.host.sendPayload(l, serviceMessageType, obj.session, payload, err)
	}
	return 0
}

// qrFunction implements spectrum.qr(text [, options]). It returns the bytes of a PNG, or
// with the option blocks lines of characters. It returns nil and an error for a text that
// is too long.
func qrFunction(l *lua.LState) int {
	text := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "qr")
	blocks := o.Bool("blocks", false)
	o.Done()
	if text == "" {
		l.ArgError(1, "text expected, got an empty one")
	}
	code, err := qrcode.New(text)
	if err != nil {
		return bind.Fail(l, err)
	}
	if blocks {
		return bind.Return(l, lua.LString(code.Blocks()))
	}
	picture, err := code.PNG()
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(picture))
}

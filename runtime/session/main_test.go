package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A play is a registry with a simulated Spectrum and a script. Its messages are lines
// with verbs, and the script's handlers do what the verbs say. It runs in a synctest
// bubble.
//
// The record holds a line "TIME USER EVENT" for each event. TIME is the time since the
// last call of expect.
type play struct {
	*testing.T
	r     *Registry
	lends bool
	s     *task.Scheduler
	logs  *logtest.Hook
	goOn  chan struct{} // a value ends one verb "wait"

	mu     sync.Mutex
	record []string
	from   time.Time
	// plans holds the verbs for on.login, on.logout and on.exit, by keys like
	// "alice login".
	plans map[string]string
	// shown has the sessions that have shown a contact online. The script lock
	// guards it.
	shown map[*Session]bool
}

// defaults returns the defaults of the program.
func defaults() Options {
	return Options{
		LogoutGrace: 2 * time.Second, LogoutTimeout: time.Second,
		LoginDelay: 2 * time.Second, LoginDelayMax: 5 * time.Minute,
		MaxQueue: 10, MaxQueueBytes: 64 << 10,
	}
}

// perform plays a scene twice: with messages that go through the mailboxes, and with
// messages that the receiving goroutine handles if it can.
func perform(t *testing.T, change func(*Options), scene func(p *play)) {
	t.Helper()
	for _, lends := range []bool{false, true} {
		t.Run(map[bool]string{false: "mailbox", true: "lent"}[lends], func(t *testing.T) {
			performOnce(t, lends, change, scene)
		})
	}
}

func performOnce(t *testing.T, lends bool, change func(*Options), scene func(p *play)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &play{T: t, lends: lends, s: task.New(task.Options{}), goOn: make(chan struct{}), plans: map[string]string{}, shown: map[*Session]bool{}, from: time.Now()}
		defer p.s.Close()
		o := defaults()
		if change != nil {
			change(&o)
		}
		var log *logrus.Logger
		log, p.logs = logtest.NewNullLogger()
		log.SetLevel(logrus.DebugLevel)
		o.Scheduler, o.Script, o.Sender, o.Log = p.s, p, p, log
		p.r = New(t.Context(), o)
		scene(p)
		p.exit(time.Hour)
		p.empty()
	})
}

func (p *play) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	if d := time.Since(p.from); d > 0 {
		line = d.Round(time.Millisecond).String() + " " + line
	}
	p.record = append(p.record, line)
}

// expect waits until all goroutines are blocked, compares the record with want, and
// clears it.
func (p *play) expect(want ...string) {
	p.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.record, want) {
		p.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(p.record, "\n  "), strings.Join(want, "\n  "))
	}
	p.record, p.from = nil, time.Now()
}

// forget clears the record.
func (p *play) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record, p.from = nil, time.Now()
}

// later lets time pass, and waits until all goroutines are blocked.
func (p *play) later(d time.Duration) {
	synctest.Wait()
	time.Sleep(d)
	synctest.Wait()
}

// plan sets what the script does for a message.
func (p *play) plan(message, verbs string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans[message] = verbs
}

// Dispatch implements Script.
func (p *play) Dispatch(t *task.Task, s *Session, m Message) error {
	user, what := "-", m.Type.Name
	if s != nil {
		user = s.User
	}
	p.mu.Lock()
	do := p.plans[user+" "+what]
	p.mu.Unlock()
	switch m.Type.Number {
	case pb.WrapperMessage_TYPE_CONV_MESSAGE:
		var c pb.ConversationMessage
		_ = proto.Unmarshal([]byte(m.Payload), &c)
		what, do = c.GetMessage(), c.GetMessage()
	case pb.WrapperMessage_TYPE_RAW_XML:
		what, do = m.Payload, m.Payload
	}
	p.note("%s %s", user, what)
	var err error
	for _, verb := range strings.Fields(do) {
		if err == nil {
			err = p.do(t, s, verb)
		}
	}
	if err != nil {
		p.note("%s %s: %v", user, what, err)
	}
	return err
}

// Early implements Script.
func (p *play) Early(*Session, *schema.Type, []byte) bool { return false }

// Offline implements Script.
func (p *play) Offline(s *Session) [][]byte {
	if !p.shown[s] {
		return nil
	}
	return [][]byte{mustMarshal(&pb.Buddy{UserName: &s.User, BuddyName: proto.String("b"), Status: pb.StatusType_STATUS_TYPE_NONE.Enum()})}
}

// Ended implements Script.
func (p *play) Ended(s *Session) { p.note("%s ended", s.User) }

// do does what a verb says.
func (p *play) do(t *task.Task, s *Session, verb string) error {
	switch verb {
	case "wait":
		return t.Wait(func(ctx context.Context) error {
			select {
			case <-p.goOn:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	case "nap":
		return t.Wait(func(ctx context.Context) error { time.Sleep(time.Second); return ctx.Err() })
	case "stop": // at a breakpoint, for longer than the grace periods
		if !t.Suspend(func(context.Context) { time.Sleep(3500 * time.Millisecond) }) {
			return fmt.Errorf("not suspended")
		}
		return t.Err()
	case "sleepwell": // ignores its context
		_ = t.Wait(func(context.Context) error { time.Sleep(time.Minute); return nil })
	case "spawn":
		s.Owner().Spawn("task", func(t *task.Task) { p.note("%s task: %v", s.User, p.do(t, s, "wait")) })
	case "spawndeaf":
		s.Owner().Spawn("", func(t *task.Task) { p.note("%s task: %v", s.User, p.do(t, s, "sleepwell")) })
	case "error":
		return fmt.Errorf("the script does not like %s", s.User)
	case "connected":
		return p.r.Send(s, pb.WrapperMessage_TYPE_CONNECTED, mustMarshal(&pb.Connected{User: &s.User}))
	case "send":
		p.shown[s] = true
		return p.r.Send(s, pb.WrapperMessage_TYPE_BUDDY_CHANGED, mustMarshal(&pb.Buddy{UserName: &s.User, BuddyName: proto.String("b")}))
	case "dropped", "refused", "other":
		code := map[string]pb.ConnectionError{
			"dropped": pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR,
			"other":   pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR,
			"refused": pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED,
		}[verb]
		return p.r.Send(s, pb.WrapperMessage_TYPE_DISCONNECTED,
			mustMarshal(&pb.Disconnected{User: &s.User, Error: &code, Message: proto.String(verb)}))
	}
	return nil
}

// Send implements Sender.
func (p *play) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	t := schema.TypeByNumber(typ)
	text := ""
	if typ == pb.WrapperMessage_TYPE_DISCONNECTED {
		var d pb.Disconnected
		_ = proto.Unmarshal(payload, &d)
		text = fmt.Sprintf(" %d %s", d.GetError(), d.GetMessage())
	}
	if typ == pb.WrapperMessage_TYPE_RAW_XML {
		text = " " + string(payload)
	}
	var b pb.Buddy
	if typ == pb.WrapperMessage_TYPE_BUDDY_CHANGED && proto.Unmarshal(payload, &b) == nil && b.Status != nil {
		text = " offline"
	}
	p.note("%s < %s%s", t.UserOf(payload), t.Name, text)
	return nil
}

func mustMarshal(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func (p *play) receive(name string, payload []byte) {
	receive(p.Context(), p.r, p.lends, name, payload)
}

// receive calls Receive. If lends is true, it lends a goroutine, and returns when Receive
// has returned or has kept that.
func receive(ctx context.Context, r *Registry, lends bool, name string, payload []byte) {
	typ := schema.TypeByName(name)
	if !lends {
		r.Receive(ctx, typ, payload, nil)
		return
	}
	over := lent{make(chan struct{}, 2)}
	go func() {
		r.Receive(ctx, typ, payload, over)
		over.Keep()
	}()
	<-over.over
}

// lent implements task.Lender.
type lent struct{ over chan struct{} }

func (lent) Lend()   {}
func (lent) Flush()  {}
func (lent) Waits()  {}
func (lent) Blocks() {}
func (l lent) Keep() { l.over <- struct{}{} }

func (p *play) login(user string) { p.receive("login", loginOf(user, "legacy")) }
func (p *play) logout(user string) {
	p.receive("logout", mustMarshal(&pb.Logout{User: &user, LegacyName: proto.String("legacy")}))
}
func (p *play) say(user, text string) { p.receive("conv_message", sayingOf(user, text)) }

func loginOf(user, legacy string) []byte {
	return mustMarshal(&pb.Login{User: &user, LegacyName: &legacy, Password: proto.String("x")})
}

func sayingOf(user, text string) []byte {
	return mustMarshal(&pb.ConversationMessage{UserName: &user, BuddyName: proto.String("b"), Message: &text})
}

// exit ends the process within d.
func (p *play) exit(d time.Duration) {
	ctx, cancel := context.WithTimeout(p.Context(), d)
	defer cancel()
	p.r.Exit(ctx, Message{Type: schema.TypeByName("exit")})
}

// empty checks that all sessions have ended and are forgotten.
func (p *play) empty() {
	p.Helper()
	p.later(2 * time.Minute) // for handlers that ignore their context
	r := p.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.users)+len(r.last) > 0 {
		p.Errorf("left: %d users, %d last", len(r.users), len(r.last))
	}
	if used := r.budget.inUse(); used != 0 || r.queued.Load() != 0 {
		p.Errorf("%d bytes of the budget are still used, %d by the process", used, r.queued.Load())
	}
}

// logged fails if the log has no line with text. It clears the log.
func (p *play) logged(level logrus.Level, text string) {
	p.Helper()
	for _, e := range p.logs.AllEntries() {
		if e.Level == level && strings.Contains(e.Message, text) {
			p.logs.Reset()
			return
		}
	}
	p.Errorf("the log has no line with %q", text)
}

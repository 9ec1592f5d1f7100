package luabind

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// stage is a host with a script, and a Spectrum that is a list of messages.
type stage struct {
	t         *testing.T
	dir       string
	host      *Host
	scheduler *task.Scheduler
	sent      *recorder
	log       *logBuffer
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// newStage makes a host for script.lua with the given text, and more lines for
// the config file. The script is not loaded yet.
func newStage(t *testing.T, script string, configLines ...string) *stage {
	t.Helper()
	st := &stage{t: t, dir: t.TempDir(), sent: newRecorder(), log: &logBuffer{}}
	st.write("script.lua", script)
	text := "[service]\njid=lua.localhost\n[lua]\nscript=script.lua\n" + strings.Join(configLines, "\n")
	cfg, err := config.Parse(filepath.Join(st.dir, "test.cfg"), []byte(text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := cfg.Lua()
	if err != nil {
		t.Fatal(err)
	}
	logger := logrus.New()
	logger.SetOutput(st.log)
	logger.SetLevel(logrus.DebugLevel)
	logger.SetFormatter(plainFormatter{})
	st.scheduler = task.New(task.Limits{Run: settings.HandlerTimeout, Grace: 5 * time.Second})
	st.host = New(context.Background(), Options{
		Config: cfg, Lua: settings, Scheduler: st.scheduler, Link: st.sent, Log: logger, Version: "test",
	})
	t.Cleanup(st.close)
	return st
}

// start makes a stage and loads its script, which must succeed.
func start(t *testing.T, script string, configLines ...string) *stage {
	t.Helper()
	st := newStage(t, script, configLines...)
	if err := st.host.Load(); err != nil {
		t.Fatal(err)
	}
	return st
}

func (st *stage) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st.host.Sessions().Exit(ctx, session.Message{Type: schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)})
	st.scheduler.Close()
	if st.t.Failed() {
		st.t.Logf("log:\n%s", st.log.String())
	}
}

func (st *stage) write(name, text string) {
	st.t.Helper()
	if err := os.WriteFile(filepath.Join(st.dir, name), []byte(text), 0o600); err != nil {
		st.t.Fatal(err)
	}
}

// receive lets the host receive a message.
func (st *stage) receive(name string, m proto.Message) {
	st.t.Helper()
	var payload []byte
	if m != nil {
		var err error
		if payload, err = proto.Marshal(m); err != nil {
			st.t.Fatal(err)
		}
	}
	st.host.Sessions().Receive(context.Background(), schema.TypeByName(name), payload)
}

func (st *stage) login(user string) {
	st.t.Helper()
	st.receive("login", &pb.Login{User: &user, LegacyName: proto.String("legacy"), Password: proto.String("hunter2"),
		Settings: &pb.UserSettings{Value: map[string]string{"color": "blue"}}})
}

func (st *stage) logout(user string) {
	st.t.Helper()
	st.receive("logout", &pb.Logout{User: &user, LegacyName: proto.String("legacy")})
}

func (st *stage) say(user, buddy, text string) {
	st.t.Helper()
	st.receive("conv_message", &pb.ConversationMessage{UserName: &user, BuddyName: &buddy, Message: &text})
}

// expect waits for the next message of a type and reads it into m. Messages of
// other types before it are passed over.
func (st *stage) expect(name string, m proto.Message) {
	st.t.Helper()
	payload := st.sent.next(st.t, schema.TypeByName(name).Number)
	if m != nil {
		if err := proto.Unmarshal(payload, m); err != nil {
			st.t.Fatalf("%s: %v", name, err)
		}
	}
}

// expectSaid waits for a message to the user with this text.
func (st *stage) expectSaid(text string) {
	st.t.Helper()
	var m pb.ConversationMessage
	st.expect("conv_message", &m)
	if m.GetMessage() != text {
		st.t.Fatalf("the script said %q, want %q", m.GetMessage(), text)
	}
}

// expectLog waits for a line of the log that has all of the words.
func (st *stage) expectLog(words ...string) {
	st.t.Helper()
	if !st.log.wait(words) {
		st.t.Fatalf("the log has nothing with %q:\n%s", words, st.log.String())
	}
}

// recorder is a Link that keeps what it is given.
type recorder struct {
	mu       sync.Mutex
	messages []recorded
	more     chan struct{}
	full     bool
	room     chan struct{}
}

type recorded struct {
	number  pb.WrapperMessage_Type
	payload []byte
}

func newRecorder() *recorder { return &recorder{more: make(chan struct{}, 1)} }

func (r *recorder) Send(number pb.WrapperMessage_Type, payload []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, recorded{number, append([]byte(nil), payload...)})
	select {
	case r.more <- struct{}{}:
	default:
	}
	return nil
}

func (r *recorder) Full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.full
}

func (r *recorder) WaitRoom(ctx context.Context) error {
	select {
	case <-r.room:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// next takes messages off the front until one of the type comes.
func (r *recorder) next(t *testing.T, number pb.WrapperMessage_Type) []byte {
	t.Helper()
	timeout := time.After(patience)
	for {
		r.mu.Lock()
		for len(r.messages) > 0 {
			m := r.messages[0]
			r.messages = r.messages[1:]
			if m.number == number {
				r.mu.Unlock()
				return m.payload
			}
		}
		r.mu.Unlock()
		select {
		case <-r.more:
		case <-timeout:
			t.Fatalf("no %v came within %v", number, patience)
		}
	}
}

// logBuffer is a log that can be waited on.
type logBuffer struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	wrote chan struct{}
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wrote != nil {
		close(b.wrote)
		b.wrote = nil
	}
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// wait waits until one entry has all of the words.
func (b *logBuffer) wait(words []string) bool {
	timeout := time.After(patience)
	for {
		b.mu.Lock()
		entries := strings.Split(b.buf.String(), "\x00")
		if b.wrote == nil {
			b.wrote = make(chan struct{})
		}
		wrote := b.wrote
		b.mu.Unlock()
		for _, entry := range entries {
			if hasAll(entry, words) {
				return true
			}
		}
		select {
		case <-wrote:
		case <-timeout:
			return false
		}
	}
}

func hasAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// plainFormatter writes an entry as level, fields and text, with a NUL behind.
type plainFormatter struct{}

func (plainFormatter) Format(e *logrus.Entry) ([]byte, error) {
	var b bytes.Buffer
	_, _ = io.WriteString(&b, e.Level.String()+" ")
	for _, k := range []string{"category", "user"} {
		if v, ok := e.Data[k]; ok {
			b.WriteString(k + "=" + v.(string) + " ")
		}
	}
	for k, v := range e.Data {
		if s, ok := v.(string); ok && k != "category" && k != "user" {
			b.WriteString(k + "=" + s + " ")
		}
	}
	b.WriteString(e.Message + "\x00")
	return b.Bytes(), nil
}

func typeNamed(name string) *schema.Type { return schema.TypeByName(name) }

func (st *stage) expectQuery(text string) {
	st.t.Helper()
	var q pb.BackendConfig
	st.expect("query", &q)
	if q.GetConfig() != text {
		st.t.Fatalf("the script answered %q, want %q", q.GetConfig(), text)
	}
}

func (st *stage) mkdir(name string) {
	st.t.Helper()
	if err := os.MkdirAll(filepath.Join(st.dir, name), 0o755); err != nil {
		st.t.Fatal(err)
	}
}

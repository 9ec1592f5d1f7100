// Package luatest runs a script in a Go test, with users, and with a Spectrum that records
// the script's messages.
package luatest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/luabind"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// Fixture is a host with a script, and a Spectrum that records messages.
type Fixture struct {
	// Dir is the folder of script.lua and test.cfg.
	Dir  string
	Host *luabind.Host
	// Sent holds the messages of the script, Log the log.
	Sent *Recorder
	Log  *Log

	t         testing.TB
	scheduler *task.Scheduler
	files     *files.Service
}

// Run runs a script in a task of the process and waits for its end. It fails the test if
// the task fails.
func Run(t testing.TB, script string, configLines ...string) *Fixture {
	t.Helper()
	const name = "luatest"
	st := Start(t, `require("spectrum").spawn("`+name+`", function(...) `+script+"\nend) return {}", configLines...)
	if running := st.Host.Sessions().Process().Task(name); running != nil {
		<-running.Ended()
	}
	if text := st.Log.String(); strings.Contains(text, "error in the task "+name) {
		t.Fatal("the script failed")
	}
	return st
}

// patience limits each wait.
const patience = 30 * time.Second

// New returns a host for script.lua with the given text, and with more lines in its config.
// It does not load the script.
func New(t testing.TB, script string, configLines ...string) *Fixture {
	t.Helper()
	st := NewIn(t, t.TempDir(), script, configLines...)
	t.Cleanup(st.Close)
	return st
}

// NewIn is like New, with a given folder. In a bubble of testing/synctest, call Close
// before the bubble ends.
func NewIn(t testing.TB, dir, script string, configLines ...string) *Fixture {
	t.Helper()
	st := &Fixture{t: t, Dir: dir, Sent: newRecorder(), Log: &Log{}}
	st.Write("script.lua", script)
	text := "[service]\njid=lua.localhost\n[lua]\nscript=script.lua\n" + strings.Join(configLines, "\n")
	cfg, err := config.Parse(filepath.Join(st.Dir, "test.cfg"), []byte(text), config.Options{
		Overrides: []config.Override{{Key: "service.working_dir", Value: dir}},
	})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := cfg.Settings()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Where("lua.login_retries") == "" {
		settings.LoginRetries = 0 // a test sees each DISCONNECTED
	}
	logger := logrus.New()
	logger.SetOutput(st.Log)
	logger.SetLevel(logrus.DebugLevel)
	logger.SetFormatter(plainFormatter{})
	st.scheduler = task.New(task.Options{Run: settings.HandlerTimeout, Grace: 5 * time.Second})
	shared, err := files.ReadSettings(cfg)
	if err != nil {
		t.Fatal(err)
	}
	st.files = files.New(files.Options{Settings: shared, Log: logger})
	st.Host = luabind.New(context.Background(), luabind.Options{
		Config: cfg, Settings: settings, Scheduler: st.scheduler, Link: st.Sent, Log: logger, Version: "test",
		Files: st.files,
	})
	return st
}

// Start returns a host that has loaded its script. The script must load.
func Start(t testing.TB, script string, configLines ...string) *Fixture {
	t.Helper()
	st := New(t, script, configLines...)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	return st
}

// Close stops the host. The end of the test calls it, too.
func (st *Fixture) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st.Host.Sessions().Exit(ctx, session.Message{Type: schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)})
	st.scheduler.Close()
	if err := st.files.Close(); err != nil {
		st.t.Error(err)
	}
	if st.t.Failed() {
		st.t.Logf("log:\n%s", st.Log.String())
	}
}

// Write writes a file in the script's folder.
func (st *Fixture) Write(name, text string) {
	st.t.Helper()
	if err := os.WriteFile(filepath.Join(st.Dir, name), []byte(text), 0o600); err != nil {
		st.t.Fatal(err)
	}
}

// Receive passes a message of Spectrum to the host.
func (st *Fixture) Receive(name string, m proto.Message) {
	st.t.Helper()
	var payload []byte
	if m != nil {
		var err error
		if payload, err = proto.Marshal(m); err != nil {
			st.t.Fatal(err)
		}
	}
	st.Host.Sessions().Receive(context.Background(), schema.TypeByName(name), payload, nil)
}

// Login logs a user in.
func (st *Fixture) Login(user string) {
	st.t.Helper()
	st.Receive("login", &pb.Login{User: &user, LegacyName: proto.String("legacy"), Password: proto.String("hunter2"),
		Settings: &pb.UserSettings{Value: map[string]string{"color": "blue"}}})
}

// Logout logs a user out.
func (st *Fixture) Logout(user string) {
	st.t.Helper()
	st.Receive("logout", &pb.Logout{User: &user, LegacyName: proto.String("legacy")})
}

// Say sends a message from a user to a contact.
func (st *Fixture) Say(user, buddy, text string) {
	st.t.Helper()
	st.Receive("conv_message", &pb.ConversationMessage{UserName: &user, BuddyName: &buddy, Message: &text})
}

// Expect waits for the next message of a type and reads it into m. It ignores
// messages of other types.
func (st *Fixture) Expect(name string, m proto.Message) {
	st.t.Helper()
	payload := st.Sent.Next(st.t, schema.TypeByName(name).Number)
	if m != nil {
		if err := proto.Unmarshal(payload, m); err != nil {
			st.t.Fatalf("%s: %v", name, err)
		}
	}
}

// ExpectSaid waits for the next message to the user, which must have this text.
func (st *Fixture) ExpectSaid(text string) {
	st.t.Helper()
	var m pb.ConversationMessage
	st.Expect("conv_message", &m)
	if m.GetMessage() != text {
		st.t.Fatalf("the script said %q, want %q", m.GetMessage(), text)
	}
}

// ExpectLog waits for a line of the log with all of the words.
func (st *Fixture) ExpectLog(words ...string) {
	st.t.Helper()
	if !st.Log.wait(words) {
		st.t.Fatalf("no line of the log has %q:\n%s", words, st.Log.String())
	}
}

// Recorder is a Link that records messages.
type Recorder struct {
	mu       sync.Mutex
	messages []recorded
	more     chan struct{}
}

type recorded struct {
	number  pb.WrapperMessage_Type
	payload []byte
}

func newRecorder() *Recorder { return &Recorder{more: make(chan struct{}, 1)} }

// Send records a message.
func (r *Recorder) Send(number pb.WrapperMessage_Type, payload []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, recorded{number, append([]byte(nil), payload...)})
	select {
	case r.more <- struct{}{}:
	default:
	}
	return nil
}

// Full returns false: a Recorder has no limit.
func (r *Recorder) Full() bool { return false }

// WaitCapacity returns at once.
func (r *Recorder) WaitCapacity(context.Context) error { return nil }

// Next removes messages from the front up to the first of the type, and returns it.
func (r *Recorder) Next(t testing.TB, number pb.WrapperMessage_Type) []byte {
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
			t.Fatalf("no %v within %v", number, patience)
		}
	}
}

// Any removes the first message of any type. ok is false if there is no message in time.
func (r *Recorder) Any() (number pb.WrapperMessage_Type, payload []byte, ok bool) {
	timeout := time.After(patience)
	for {
		r.mu.Lock()
		if len(r.messages) > 0 {
			m := r.messages[0]
			r.messages = r.messages[1:]
			r.mu.Unlock()
			return m.number, m.payload, true
		}
		r.mu.Unlock()
		select {
		case <-r.more:
		case <-timeout:
			return 0, nil, false
		}
	}
}

// Log records a log. Tests can wait for its lines.
type Log struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	wrote chan struct{}
}

// Reset clears the log.
func (b *Log) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Reset()
}

func (b *Log) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wrote != nil {
		close(b.wrote)
		b.wrote = nil
	}
	return b.buf.Write(p)
}

func (b *Log) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// wait waits for an entry with all of the words.
func (b *Log) wait(words []string) bool {
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

// plainFormatter writes an entry as level, fields and text, with a NUL at the end.
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
		switch v.(type) {
		case string, int:
			if k != "user" && !logging.IsOwnField(k) {
				fmt.Fprintf(&b, "%s=%v ", k, v)
			}
		}
	}
	b.WriteString(e.Message + "\x00")
	return b.Bytes(), nil
}

// Type returns the message type with a name.
func Type(name string) *schema.Type { return schema.TypeByName(name) }

// Query waits for an answer to a query and returns it.
func (st *Fixture) Query() string {
	st.t.Helper()
	var q pb.BackendConfig
	st.Expect("query", &q)
	return q.GetConfig()
}

// ExpectQuery waits for an answer to a query, which must have this text.
func (st *Fixture) ExpectQuery(text string) {
	st.t.Helper()
	if got := st.Query(); got != text {
		st.t.Fatalf("the script answered %q, want %q", got, text)
	}
}

// Mkdir creates a folder in the script's folder.
func (st *Fixture) Mkdir(name string) {
	st.t.Helper()
	if err := os.MkdirAll(filepath.Join(st.Dir, name), 0o755); err != nil {
		st.t.Fatal(err)
	}
}

// Remove removes a file from the script's folder.
func (st *Fixture) Remove(name string) {
	st.t.Helper()
	if err := os.Remove(filepath.Join(st.Dir, name)); err != nil {
		st.t.Fatal(err)
	}
}

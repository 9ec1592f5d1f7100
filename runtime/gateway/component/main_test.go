package component_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/gateway/component/componenttest"
	"spectrumlua/runtime/xmltree"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	jid      = "irc.example.org"
	password = "s3cret"
)

// trial is a component with a server, in a bubble of testing/synctest.
type trial struct {
	*component.Component
	t       *testing.T
	server  *componenttest.Server
	log     *logText
	cancel  context.CancelFunc
	done    chan error // the result of Run
	mu      sync.Mutex
	handled []string
	events  []string
	handle  func(ctx context.Context, n *xmltree.Node) // nil: none
}

// inBubble runs a test with a component that is logged in.
func inBubble(t *testing.T, change func(tr *trial, o *component.Options), test func(tr *trial)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, change)
		tr.start()
		tr.login()
		test(tr)
		tr.finish()
	})
}

func newTrial(t *testing.T, change func(tr *trial, o *component.Options)) *trial {
	tr := &trial{t: t, server: componenttest.New(t, jid, password), log: &logText{}}
	log := logrus.New()
	log.SetOutput(tr.log)
	log.SetLevel(logrus.DebugLevel)
	o := component.Options{
		JID: jid, Password: password, Address: "xmpp.test:5347", Dial: tr.server.Dial, Log: log,
		Handle: func(ctx context.Context, n *xmltree.Node) {
			tr.mu.Lock()
			tr.handled = append(tr.handled, textOf(t, n))
			tr.mu.Unlock()
			if tr.handle != nil {
				tr.handle(ctx, n)
			}
		},
		Up:   func() { tr.event("up") },
		Down: func(err error) { tr.event("down: " + err.Error()) },
	}
	if change != nil {
		change(tr, &o)
	}
	tr.Component = component.New(o)
	return tr
}

func (tr *trial) start() {
	ctx, cancel := context.WithCancel(context.Background())
	tr.cancel, tr.done = cancel, make(chan error, 1)
	go func() { tr.done <- tr.Run(ctx) }()
}

func (tr *trial) login() {
	tr.t.Helper()
	for began := time.Now(); !tr.Connected(); time.Sleep(time.Millisecond) { // the time of the bubble
		if time.Since(began) > time.Hour {
			tr.t.Fatalf("no login:\n%s", tr.log)
		}
	}
	synctest.Wait()
}

func (tr *trial) finish() {
	tr.Close(context.Background())
	tr.cancel()
	if err := <-tr.done; err != nil {
		tr.t.Errorf("Run: %v", err)
	}
	tr.server.Close()
	if strings.Contains(tr.log.String(), password) {
		tr.t.Errorf("the log contains the password:\n%s", tr.log)
	}
}

func (tr *trial) event(text string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.events = append(tr.events, text)
}

func (tr *trial) seen() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return strings.Join(tr.events, ", ")
}

// take returns the handled stanzas, in one text, and forgets them.
func (tr *trial) take() string {
	synctest.Wait()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	text := strings.Join(tr.handled, "")
	tr.handled = nil
	return text
}

// bodies returns the bodies of the messages that the server has received, without the
// repetitions of a body.
func (tr *trial) bodies() (list []string, repeated int) {
	synctest.Wait()
	seen := map[string]bool{}
	for _, n := range tr.server.Stanzas() {
		for _, c := range n.Children {
			if body := c.Element; body != nil && body.Name == "body" {
				text := body.Children[0].Text
				if seen[text] {
					repeated++
					continue
				}
				seen[text] = true
				list = append(list, text)
			}
		}
	}
	return list, repeated
}

func textOf(t testing.TB, n *xmltree.Node) string {
	text, err := n.Text(1 << 24)
	if err != nil {
		t.Error(err)
	}
	return text
}

func message(body string) string {
	return "<message from='bot@" + jid + "' to='alice@example.org'><body>" + body + "</body></message>"
}

func (tr *trial) send(body string) {
	tr.t.Helper()
	if err := tr.Send(message(body)); err != nil {
		tr.t.Error(err)
	}
}

// logText collects a log.
type logText struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logText) lines() int { return strings.Count(l.String(), "\n") }

// dialRaw makes a component connect to the end of a pipe that the test reads and writes.
func dialRaw(serve func(c net.Conn)) func(context.Context, string) (net.Conn, error) {
	return func(context.Context, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go serve(ours)
		return theirs, nil
	}
}

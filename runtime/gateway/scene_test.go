package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/component/componenttest"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltree"
)

const (
	transport = "echo.localhost"
	alice     = "alice@localhost"
	desktop   = "alice@localhost/desktop"
	phone     = "alice@localhost/phone"
)

// patience limits a scene.
const patience = time.Minute

// scene is a gateway between an XMPP server and a script that the test plays.
type scene struct {
	t          *testing.T
	ctx        context.Context
	server     *componenttest.Server
	gateway    *gateway.Gateway
	store      *users.Store
	clock      *clock.Movable
	payloads   chan payload
	ended      chan error
	config     string     // the first lines
	asked      int        // IQs of ask
	archiveIDs []string   // of archived
	logged     syncBuffer // the log
	files      *files.Service
	forget     func(ctx context.Context, jid string) error
	handles    func(typ pb.WrapperMessage_Type) bool // nil: the script handles all types
}

// syncBuffer is a bytes.Buffer that is safe for concurrent use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

type payload struct {
	typ     pb.WrapperMessage_Type
	message proto.Message
}

// play starts a gateway. lines are more lines of the config. changes change the scene before
// that.
func play(t *testing.T, lines string, changes ...func(*scene)) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	s := &scene{t: t, ctx: ctx, server: componenttest.New(t, transport, "secret"), payloads: make(chan payload, 1000), ended: make(chan error, 1), clock: clock.NewMovable(nil)}
	host, port, err := net.SplitHostPort(s.server.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	s.config = "[service]\njid=" + transport + "\npassword=secret\nserver=" + host + "\nport=" + port + "\n[lua]\nscript=x.lua\n"
	if s.store, err = users.OpenMemory(); err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(io.MultiWriter(t.Output(), &s.logged))
	log.SetLevel(logrus.DebugLevel)
	for _, change := range changes {
		change(s)
	}
	s.gateway = gateway.New(gateway.Options{Forget: s.forget, Handles: s.handles, Files: s.files, Settings: s.settings(lines), Store: s.store, Receive: s.receive, Log: log, Clock: s.clock})
	running, stop := context.WithCancel(context.Background())
	go func() { s.ended <- s.gateway.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-s.ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		end, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.gateway.Close(end)
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.server.WaitLogin(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// settings returns the settings of a config with more lines.
func (s *scene) settings(lines string) settings.Settings {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "transport.cfg")
	if err := os.WriteFile(file, []byte(s.config+lines), 0o600); err != nil {
		s.t.Fatal(err)
	}
	c, err := config.Load(file, config.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	set, err := settings.Read(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return set
}

func (s *scene) receive(_ context.Context, typ *schema.Type, bytes []byte, _ task.Lender) {
	p := payload{typ.Number, decoded(s.t, typ, bytes)}
	s.payloads <- p
}

// decoded returns the message of a payload, or nil for a type without one.
func decoded(t *testing.T, typ *schema.Type, bytes []byte) proto.Message {
	if typ.Payload == nil {
		return nil
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(typ.Payload.Descriptor.FullName())
	if err != nil {
		panic(err)
	}
	m := kind.New().Interface()
	if err := proto.Unmarshal(bytes, m); err != nil {
		t.Errorf("%s: %v", typ.Name, err)
	}
	return m
}

// user sends a stanza as a user's server does.
func (s *scene) user(xml string) {
	s.t.Helper()
	if err := s.server.Send(xml); err != nil {
		s.t.Fatal(err)
	}
}

// script sends a payload as a script does.
func (s *scene) script(typ pb.WrapperMessage_Type, m proto.Message) {
	s.t.Helper()
	bytes, err := proto.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.gateway.Send(typ, bytes); err != nil {
		s.t.Fatal(err)
	}
}

// delivered returns the next payload of a type for the script.
func delivered[M proto.Message](s *scene, typ pb.WrapperMessage_Type) M {
	s.t.Helper()
	for {
		select {
		case p := <-s.payloads:
			if p.typ == typ {
				return p.message.(M)
			}
		case <-s.ctx.Done():
			s.t.Fatalf("the script did not get %v", typ)
		}
	}
}

// expect returns the next stanza that matches.
func (s *scene) expect(what string, match func(n *xmltree.Node) bool) *xmltree.Node {
	s.t.Helper()
	n, err := s.server.Expect(s.ctx, match)
	if err != nil {
		for _, n := range s.server.Stanzas() {
			text, _ := n.Text(1 << 20)
			s.t.Log(text)
		}
		s.t.Fatalf("%s: %v", what, err)
	}
	return n
}

// online registers alice and logs her in with a client.
func (s *scene) online() {
	s.t.Helper()
	s.register()
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	s.expect("the transport is online", presence(transport, ""))
	delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED)
}

func (s *scene) register() {
	s.t.Helper()
	s.user(`<iq type="set" id="r1" from="` + desktop + `" to="` + transport + `"><query xmlns="jabber:iq:register"><username>bob</username><password>hunter2</password></query></iq>`)
	if n := s.expect("the answer", answer("r1")); stanza.Attr(n, "type") != "result" {
		s.t.Fatalf("registration: %v", stanza.ErrorOf(n))
	}
}

// passes advances the clock of the gateway when it has handled all that was sent to it before:
// what it sends does not show that its timers have begun.
func (s *scene) passes(d time.Duration) {
	s.t.Helper()
	s.handled()
	if err := s.clock.Advance(s.ctx, d); err != nil {
		s.t.Fatal(err)
	}
}

// handled waits until the gateway has handled all stanzas and payloads of alice so far. The
// stream is read in order, so the stanza of another user is answered after hers are queued.
func (s *scene) handled() {
	s.t.Helper()
	s.asked++
	id := fmt.Sprintf("handled%d", s.asked)
	s.user(`<iq type="get" id="` + id + `" from="other@localhost/x" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	s.expect("the answer to a ping", answer(id))
	s.emptied(alice)
}

// emptied waits until what is in the queue of a user has been handled. The JID "" is the
// transport itself.
func (s *scene) emptied(user string) {
	s.t.Helper()
	done := make(chan struct{})
	if err := s.gateway.For(user, func(*router.User) { close(done) }); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-done:
	case <-s.ctx.Done():
		s.t.Fatalf("the queue of %q stands still", user)
	}
}

func presence(from, typ string) func(n *xmltree.Node) bool {
	return func(n *xmltree.Node) bool {
		return n.Name == "presence" && jid.Bare(stanza.Attr(n, "from")) == from && stanza.Attr(n, "type") == typ
	}
}

func message(from string) func(n *xmltree.Node) bool {
	return func(n *xmltree.Node) bool { return n.Name == "message" && jid.Bare(stanza.Attr(n, "from")) == from }
}

func answer(id string) func(n *xmltree.Node) bool {
	return func(n *xmltree.Node) bool { return n.Name == "iq" && stanza.Attr(n, "id") == id }
}

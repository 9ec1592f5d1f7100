package session

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/task"
)

// logLines returns the lines at INFO or above, with their fields.
func (p *play) logLines() (lines []string) {
	for _, e := range p.logs.AllEntries() {
		if e.Level > logrus.InfoLevel {
			continue
		}
		line := e.Message
		for _, name := range []string{"user", "took", "waited", "after", "error", "reason", "retry", "failures"} {
			if v, ok := e.Data[name]; ok {
				line += fmt.Sprintf(" %s=%v", name, v)
			}
		}
		lines = append(lines, line)
	}
	p.logs.Reset()
	return lines
}

// TestEachResultOfALoginIsOneLogLine lets on.login and a later handler act, and then
// logs the user out.
func TestEachResultOfALoginIsOneLogLine(t *testing.T) {
	cases := []struct {
		name, login, later string
		want               []string
	}{
		{"success", "nap connected connected", "", []string{"logged in user=alice took=1s", "logged out user=alice after=1m0s"}},
		{"failure", "nap refused dropped", "", []string{"login failed user=alice took=1s error=CONNECTION_ERROR_AUTHENTICATION_FAILED reason=refused"}},
		{"on.login raises", "error", "", []string{"login failed user=alice took=0s error=CONNECTION_ERROR_INVALID_SETTINGS reason=the script does not like alice"}},
		{"no result", "", "", []string{"login given up user=alice took=1m1s reason=the user has logged out"}},
		{"the connection is lost later", "connected", "dropped other", []string{
			"logged in user=alice took=0s", "connection lost user=alice after=1s error=CONNECTION_ERROR_NETWORK_ERROR reason=dropped"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			perform(t, nil, func(p *play) {
				p.plan("alice login", c.login)
				p.login("alice")
				p.later(time.Second)
				if c.later != "" {
					p.say("alice", c.later)
				}
				p.later(time.Minute)
				p.logout("alice")
				p.later(0)
				if got := p.logLines(); !slices.Equal(got, c.want) {
					p.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			})
		})
	}
}

func TestPauseBeforeALoginIsLogged(t *testing.T) {
	perform(t, func(o *Options) { o.LoginDelay, o.LoginDelayMax = time.Second, time.Second }, func(p *play) {
		p.plan("alice login", "dropped")
		p.login("alice")
		p.later(0)
		p.logout("alice")
		p.plan("alice login", "connected")
		p.login("alice")
		p.later(2 * time.Second)
		got := p.logLines()
		if len(got) != 2 || !strings.HasPrefix(got[0], "login failed user=alice took=0s") ||
			!strings.HasPrefix(got[1], "logged in user=alice took=") || !strings.Contains(got[1], " waited=") {
			p.Errorf("%q", got)
		}
	})
}

func TestSecretsAreHiddenInErrorsForUsers(t *testing.T) {
	known := new(secret.Known)
	perform(t, func(o *Options) { o.Secrets = known }, func(p *play) {
		p.receive("login", mustMarshal(&pb.Login{User: proto.String("alice"), LegacyName: proto.String("a"), Password: proto.String("Tom&Jerry1"),
			Settings: &pb.UserSettings{Value: map[string]string{"api_token": "hunter2"}}}))
		p.receive("join_room", mustMarshal(&pb.Room{UserName: proto.String("alice"), Nickname: proto.String("a"), Room: proto.String("r"), Password: proto.String("hunter3")}))
		p.receive("join_room", mustMarshal(&pb.Room{UserName: proto.String("nobody"), Nickname: proto.String("a"), Room: proto.String("r"), Password: proto.String("hunter4")}))
		p.later(0)
		if got, want := known.Hide("Tom%26Jerry1 hunter2 hunter3 hunter4"), "*** *** *** hunter4"; got != want {
			p.Errorf("%q, want %q", got, want)
		}
		p.forget()
		s := p.r.Find("alice")
		code := pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR
		payload := mustMarshal(&pb.Disconnected{User: &s.User, Error: &code, Message: proto.String("https://x/?p=Tom%26Jerry1: refused")})
		if err := p.r.Send(s, pb.WrapperMessage_TYPE_DISCONNECTED, payload); err != nil {
			p.Error(err)
		}
		p.expect("alice < disconnected 0 https://x/?p=***: refused")
		p.r.sendDisconnected(s, code, fmt.Errorf("it is hunter2"))
		p.expect("alice < disconnected 0 it is ***")
		if lines := strings.Join(p.logLines(), "\n"); strings.Contains(lines, "Jerry") {
			p.Errorf("the log has %s", lines)
		}
	})
}

// slowLog is a log whose line "logged in" takes long.
type slowLog struct{ reached, goOn chan struct{} }

func (slowLog) Levels() []logrus.Level { return logrus.AllLevels }

func (s slowLog) Fire(e *logrus.Entry) error {
	if e.Message == "logged in" {
		close(s.reached)
		<-s.goOn
	}
	return nil
}

// TestReceiveDoesNotWaitForTheLog matters for PING: the reader that answers it calls Receive.
// The test is outside of a bubble, where a goroutine that waits for a mutex never rests.
func TestReceiveDoesNotWaitForTheLog(t *testing.T) {
	slow := slowLog{make(chan struct{}), make(chan struct{})}
	log, _ := logtest.NewNullLogger()
	log.AddHook(slow)
	s, c := task.New(task.Options{}), &counter{left: 2, done: make(chan struct{})}
	defer s.Close()
	o := defaults()
	o.Scheduler, o.Script, o.Sender, o.Log = s, c, c, log
	r := New(t.Context(), o)
	receive := func(user string) { r.Receive(t.Context(), schema.TypeByName("login"), loginOf(user, "legacy"), nil) }
	receive("alice@localhost")
	for r.Find("alice@localhost") == nil {
		runtime.Gosched()
	}
	alice, sent := r.Find("alice@localhost"), make(chan error, 1)
	go func() { sent <- r.Send(alice, pb.WrapperMessage_TYPE_CONNECTED, nil) }()
	<-slow.reached
	received := make(chan struct{})
	go func() { receive("bob@localhost"); close(received) }()
	select {
	case <-received:
	case <-time.After(time.Minute):
		t.Error("Receive waits for the log")
	}
	close(slow.goOn)
	<-received
	<-c.done
	if err := <-sent; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r.Exit(ctx, Message{Type: schema.TypeByName("exit")})
}

package serve_test

import (
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/gateway/claim"
	"spectrumlua/runtime/gateway/component"
)

func TestMain(m *testing.M) {
	// lumberjack never ends its goroutine.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

// TestRestartedTransportServesItsUsers registers a user, writes to a contact, and restarts the
// transport.
func TestRestartedTransportServesItsUsers(t *testing.T) {
	s := newScene(t, transport, echo, "")
	for round := range 2 {
		s.start()
		s.up()
		other := serve.Run(s.ctx, serve.Options{Files: []string{s.file}})
		if !errors.As(other, new(*claim.TakenError)) {
			t.Errorf("a second process for the same JID: %v", other)
		}
		if round == 0 {
			s.register()
		}
		s.online()
		s.say("hello")
		s.answer("you said hello")
		s.stop()
		s.expect("the contact goes offline", from("presence", "echo@"+transport, "unavailable"))
		s.expect("the transport goes offline", from("presence", transport, "unavailable"))
		if err := s.result(); err != nil {
			t.Fatal(err)
		}
		if err := s.server.WaitLogout(s.ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTransportsOfOneProcessDoNotMix runs two transports with their own scripts and logs.
func TestTransportsOfOneProcessDoNotMix(t *testing.T) {
	s := newScene(t, transport, echo, "")
	other := newScene(t, "other.serve.test", echo, "[mine]\nprefix=other \n")
	s.start(other.file)
	s.up()
	other.up()
	s.register()
	s.online()
	s.say("hello")
	s.answer("you said hello")
	other.replace("script.lua", "return on", "x = = 1")
	s.replace("script.lua", "prefix ..", "'new ' ..")
	s.hangups <- os.Interrupt
	other.logged("cannot load")
	s.logged("generation 2")
	s.say("hello")
	s.answer("new hello")
	if err := s.end(); err != nil {
		t.Error(err)
	}
	if err := other.server.WaitLogout(s.ctx); err != nil {
		t.Error(err)
	}
	if log := s.read("log"); strings.Contains(log, "other.serve.test") || strings.Contains(log, "cannot load") {
		t.Errorf("the log has lines of the other transport:\n%s", log)
	}
}

// TestMistakesOfAllTransportsAreReported starts three transports, of which two cannot start.
func TestMistakesOfAllTransportsAreReported(t *testing.T) {
	good := newScene(t, transport, echo, "")
	for _, c := range []struct {
		name         string
		change       func(s *scene)
		inConfig     bool
		first, other string // in the errors
	}{
		{"config", func(s *scene) { s.replace("a.cfg", "[lua]", "[lua]\nreloads=1") }, true, "reloads", "reloads"},
		{"database", func(s *scene) { s.replace("a.cfg", "/users.sqlite", "") }, false, "one.serve.test", "two.serve.test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two := newScene(t, "one.serve.test", echo, ""), newScene(t, "two.serve.test", echo, "")
			c.change(one)
			c.change(two)
			err := serve.Run(t.Context(), serve.Options{Files: []string{one.file, good.file, two.file}})
			if err == nil || strings.Count(err.Error(), c.first)+strings.Count(err.Error(), c.other) < 2 {
				t.Errorf("the error is %v", err)
			}
			if errors.As(err, new(*serve.ConfigError)) != c.inConfig {
				t.Errorf("the error has type %T: %v", err, err)
			}
		})
	}
	if n := good.server.Logins(); n != 0 {
		t.Errorf("the third transport has connected %d times", n)
	}
}

// TestBrokenScriptIsShownAtTheStart has its log in a file, so the terminal would be silent.
func TestBrokenScriptIsShownAtTheStart(t *testing.T) {
	s := newScene(t, transport, "local on = {\nreturn on\n", "")
	s.start()
	select {
	case text := <-s.advice:
		if !strings.Contains(text, "script.lua:2:") || !strings.Contains(text, "Logins are refused") {
			t.Errorf("the advice is:\n%s", text)
		}
	case <-s.ctx.Done():
		t.Fatal("there is no advice")
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// TestServerThatRefusesIsTriedAgain begins with an XMPP server that does not accept the
// component.
func TestServerThatRefusesIsTriedAgain(t *testing.T) {
	for condition, advice := range map[string]string{
		"not-authorized": "[service] password",
		"host-unknown":   `Component "` + transport + `"`,
		// Later failures need no advice, but no login has succeeded yet.
		"policy-violation": `Component "` + transport + `"`,
	} {
		t.Run(condition, func(t *testing.T) {
			s := newScene(t, transport, echo, "")
			s.server.Refuse(condition)
			s.start()
			select {
			case text := <-s.advice:
				if !strings.Contains(text, advice) || strings.Contains(text, `"secret"`) {
					t.Errorf("the advice is:\n%s", text)
				}
			case <-s.ctx.Done():
				t.Fatal("there is no advice")
			}
			s.server.Refuse("")
			s.up()
			if err := s.end(); err != nil {
				t.Error(err)
			}
			if len(s.advice) > 0 {
				t.Errorf("the advice is repeated: %s", <-s.advice)
			}
		})
	}
}

func TestConflictAtTheStartEndsTheProcess(t *testing.T) {
	s := newScene(t, transport, echo, "")
	s.server.Refuse("conflict")
	s.start()
	if err := s.result(); !errors.Is(err, component.ErrConflict) || !strings.Contains(err.Error(), "end the other process") {
		t.Errorf("Run: %v", err)
	}
}

// TestEndIsLimited ends a process whose script, server or both do not cooperate. The end
// takes two seconds, and longer on a loaded machine.
func TestEndIsLimited(t *testing.T) {
	const loop = "\nfunction on.exit() while true do end end\nfunction on.logout() while true do end end\nreturn on"
	hanging := strings.Replace(echo, "return on", loop, 1)
	for _, c := range []struct {
		name, script string
		stalled      bool
	}{
		{"script", hanging, false},
		{"server", echo, true},
		{"both", hanging, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, transport, c.script, "")
			s.start()
			s.up()
			s.register()
			s.online()
			s.server.Stall(c.stalled)
			began := time.Now()
			err := s.end()
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the end took %v", took)
			}
			if err != nil {
				t.Error(err)
			}
			if c.stalled {
				return
			}
			s.expect("the contact goes offline", from("presence", "echo@"+transport, "unavailable"))
			s.expect("the transport goes offline", from("presence", transport, "unavailable"))
			if err := s.server.WaitLogout(s.ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMemoryLimitEndsTheProcess(t *testing.T) {
	debug.FreeOSMemory() // of earlier tests
	const hungry = "\nfunction on.conv_message(_, m)\nspectrum.data.all = {} for i = 1, 200 do spectrum.data.all[i] = ('x'):rep(2^20 + i) end\nend\nreturn on"
	s := newScene(t, transport, "local spectrum = require 'spectrum'\n"+strings.Replace(echo, "return on", hungry, 1), "memory_limit=64M\n")
	s.start()
	s.up()
	s.register()
	s.online()
	s.say("eat")
	if err := s.result(); !errors.Is(err, serve.ErrMemory) {
		t.Errorf("Run: %v", err)
	}
	log := s.read("log")
	if !strings.Contains(log, "systemd starts another") || strings.Contains(log, "Spectrum starts") {
		t.Errorf("the log is:\n%s", log)
	}
}

package serve_test

import (
	"os"
	"strings"
	"testing"
)

// TestSystemdFollowsTheProcess plays systemd for a service with Type=notify-reload.
func TestSystemdFollowsTheProcess(t *testing.T) {
	systemd := listen(t)
	t.Setenv("WATCHDOG_USEC", "400000")
	s := newScene(t, transport, echo, "handler_timeout=3\n")
	s.server.Refuse("host-unknown")
	s.start()
	if got := systemd.wait(s.ctx, "WATCHDOG_USEC="); got != "WATCHDOG_USEC=8200000" { // handler_timeout, 5 s, and two intervals
		t.Errorf("the patience of the watchdog is %s", got)
	}
	systemd.wait(s.ctx, "READY=1")
	if got := systemd.wait(s.ctx, "STATUS="); !strings.HasPrefix(got, "STATUS="+transport+": 0 users online; no connection to the XMPP server: ") {
		t.Errorf("without a connection: %s", got)
	}
	s.server.Refuse("")
	s.up()
	if got := systemd.wait(s.ctx, "STATUS="); got != "STATUS="+transport+": 0 users online" {
		t.Errorf("with a connection: %s", got)
	}
	s.register()
	s.online()
	systemd.wait(s.ctx, "WATCHDOG=1")
	s.hangups <- os.Interrupt
	systemd.wait(s.ctx, "RELOADING=1")
	if got := systemd.wait(s.ctx, "MONOTONIC_USEC="); len(got) < len("MONOTONIC_USEC=1") {
		t.Errorf("the time of the reload is %q", got)
	}
	systemd.wait(s.ctx, "READY=1")
	if got := systemd.wait(s.ctx, "STATUS="); got != "STATUS="+transport+": 1 user online" {
		t.Errorf("with a user: %s", got)
	}
	s.stop()
	systemd.wait(s.ctx, "STOPPING=1")
	if err := s.result(); err != nil {
		t.Error(err)
	}
}

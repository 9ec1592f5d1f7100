//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Failures of one program, which must not affect others.

// brokenScript has a syntax error in line 3.
const brokenScript = `local spectrum = require "spectrum"
local on = {}
local x = = 1
return on
`

var brokenAt = regexp.MustCompile(`script\.lua:3\b`)

func TestBackendKilled(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{users: []string{"alice", "dora"}})
	alice, dora := b.client("alice"), b.client("dora")
	for _, c := range []*client{alice, dora} {
		c.online()
		c.echoes()
	}
	b.killBackend()
	// Spectrum starts another backend and logs the users in again.
	for _, c := range []*client{alice, dora} {
		c.echoes()
	}
	alice.goOffline()
	alice.goOnline()
	alice.echoes()
	b.streamHolds()
}

// killBackend kills the only backend and waits until all its users are logged in to the next one.
func (b *bed) killBackend() {
	b.t.Helper()
	before := len(b.log("spectrum.log"))
	old := b.onlyBackend()
	if err := syscall.Kill(old.pid, syscall.SIGKILL); err != nil {
		b.t.Fatal(err)
	}
	b.waitLogAfter("spectrum.log", before, `disconnected \(probably crashed\) with active user`)
	b.until("another backend runs", func() bool {
		now := b.backends()
		return len(now) == 1 && now[0].pid != old.pid
	})
	b.waitLogAfter("spectrum.log", before, logBackend)
	for _, c := range b.clients {
		b.waitLogAfter("spectrum.log", before, fmt.Sprintf(logConnected, c.jid))
	}
}

func (b *bed) onlyBackend() running {
	b.t.Helper()
	all := b.backends()
	if len(all) != 1 {
		b.t.Fatalf("want one backend, got %v", all)
	}
	return all[0]
}

// streamHolds checks that Spectrum and the XMPP server have used one stream since the start.
func (b *bed) streamHolds() {
	b.t.Helper()
	if n := b.streamsClosed(); n != 0 {
		b.t.Errorf("the server has closed the component's stream %d times", n)
	}
	if n := b.streamsOpened(); n != 1 {
		b.t.Errorf("the component connected %d times", n)
	}
}

func TestScriptBrokenAtStart(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: brokenScript, lua: "reload = 1"})
	alice := b.client("alice")
	alice.available()
	alice.register()
	alice.accept()
	alice.isToldOfBrokenScript()

	b.write("script.lua", repositoryFile(t, "scripts/echo.lua"))
	alice.logsInAtLast()
	alice.echoes()
	b.streamHolds()
}

func TestScriptBrokenLater(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{})
	alice := b.client("alice")
	alice.online()
	alice.echoes()

	// The backend reads the file only at its next start.
	b.write("script.lua", brokenScript)
	alice.echoes()
	alice.step("loses the backend")
	if err := syscall.Kill(b.onlyBackend().pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	alice.isToldOfBrokenScript()

	b.write("script.lua", repositoryFile(t, "scripts/echo.lua"))
	pid := b.onlyBackend().pid
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	alice.logsInAtLast()
	alice.echoes()
	if now := b.onlyBackend(); now.pid != pid && !strings.Contains(b.log("spectrum.log"), "There are no users.") {
		t.Errorf("SIGHUP ended backend %d, %d replaced it", pid, now.pid)
	}
	b.streamHolds()
}

// isToldOfBrokenScript waits for the chat message from the transport that Spectrum sends for
// the backend's DISCONNECTED.
func (c *client) isToldOfBrokenScript() {
	t := c.bed.t
	t.Helper()
	told := c.wait("receives the reason for the failed login", messageFrom(c.bed.jid))
	if !brokenAt.MatchString(told.Body) {
		t.Errorf("%q does not name file and line", told.Body)
	}
	if !strings.Contains(told.XML, "CONNECTION_ERROR_INVALID_SETTINGS") {
		t.Errorf("the error is not a final one: %s", told.XML)
	}
	c.wait("is logged out", presence(c.bed.jid, "unavailable"))
}

// logsInAtLast tries until the backend has loaded the repaired script. That must happen
// before Spectrum stops the idle backend.
func (c *client) logsInAtLast() {
	t := c.bed.t
	t.Helper()
	online, refused := presence(c.bed.jid, ""), messageFrom(c.bed.jid)
	for end := time.Now().Add(10 * time.Second); ; {
		c.step("tries to log in")
		c.do(command{"do": "presence", "to": c.bed.jid, "caps": true})
		e := c.wait("an answer", func(e event) bool { return online(e) || refused(e) })
		if online(e) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the login still fails: %s", e.Body)
		}
		c.wait("is logged out", presence(c.bed.jid, "unavailable"))
		time.Sleep(200 * time.Millisecond)
	}
}

// TestConfigRefused checks that Spectrum logs the exit code of a first backend that ends at
// once, as an errno.
func TestConfigRefused(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{lua: "relaod = 1"})
	b.startSpectrum()
	b.waitLog("spectrum.log", `exit_code=22, possible error: Invalid argument`)
	b.waitLog("backend-1.log", `transport\.cfg:\d+: .*did you mean reload\?`)
}

// leavingScript logs its handlers at the end.
const leavingScript = `local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session:connected()
end
function on.logout(session)
  spectrum.log.info("bye " .. session.user)
end
function on.exit()
  spectrum.log.info("the end")
end
return on
`

func TestSpectrumStopped(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: leavingScript, users: []string{"alice", "dora"}})
	for _, user := range b.config.users {
		b.client(user).online()
	}
	b.stopSpectrum()
	log := b.log("backend-1.log")
	for _, want := range []string{"the end", "bye alice@localhost", "bye dora@localhost"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is missing from the backend's log", want)
		}
	}
}

// TestPing waits for two of Spectrum's PINGs, 20 s apart. Spectrum would have stopped a
// backend that does not answer or is idle.
func TestPing(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{})
	alice := b.client("alice")
	alice.online()
	pid := b.onlyBackend().pid
	// The number is what the backend sent in STATS.
	ping := fmt.Sprintf(`PING to \S+ \(ID=%d\)`, pid)
	from := len(b.log("spectrum.log"))
	for range 2 {
		b.waitLogAfter("spectrum.log", from, ping)
		from = len(b.log("spectrum.log"))
	}
	if now := b.onlyBackend(); now.pid != pid {
		t.Errorf("backend %d replaced %d", now.pid, pid)
	}
	alice.echoes()
}

// TestIdleBackend waits until Spectrum stops a backend without users, and logs in to the next
// one.
func TestIdleBackend(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{})
	old := b.onlyBackend()
	b.until("the idle backend has stopped", func() bool { return len(b.backends()) == 0 })
	alice := b.client("alice")
	alice.online()
	alice.echoes()
	if now := b.onlyBackend(); now.pid == old.pid {
		t.Errorf("the same backend: %v", now)
	}
	if log := b.log("backend-1.log"); strings.Contains(log, "ERROR") {
		t.Errorf("an idle backend ends with an error:\n%s", tail(log, 20))
	}
}

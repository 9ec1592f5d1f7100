//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLookInside uses the commands that look into running processes, under Spectrum.
func TestLookInside(t *testing.T) { testLookInside(t, false) }

// TestServeLookInside is TestLookInside without Spectrum.
func TestServeLookInside(t *testing.T) { testLookInside(t, true) }

func testLookInside(t *testing.T, serve bool) {
	t.Parallel()
	b := newBed(t, bedConfig{serve: serve})
	if !serve {
		if err := copyFile(b.tool(), b.path("spectrum2-lua"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	alice.echoes()
	home := "spectrum"
	if serve {
		home = "serve"
	}
	b.look(`(?s)^JID .*\n`+b.jid+` +\d+ +`+home+` +[^\n]+ +1 +1 [^\n]* 0 +ok\n$`, "ps")

	alice.step("keeps the session while an admin reloads the script")
	b.write("script.lua", strings.Replace(repositoryFile(t, "scripts/echo.lua"), "return on", "return  on", 1))
	b.look(`: script\.lua is generation 2\n$`, "reload")
	b.look(`: the log level is debug\n$`, "log", "--level", "debug")
	b.look(`(?s)\n.* 2 +1 .*ok, log level debug\n$`, "ps")
	alice.echoes()

	alice.step("is seen by an admin who runs Lua")
	b.look(`^alice@localhost\n$`, "console", "-e", "sessions()[1].user")
	b.look(`^2\tnil\n$`, "console", "--user", "alice@localhost", "-e", "spectrum.data.seen = 2 return spectrum.data.seen, session.data.none")
	for range 10 { // more than the log has of other lines about a user
		b.look(`^2\n$`, "console", "--read-only", "--user", "alice@localhost", "-e", "spectrum.data.seen")
	}
	b.refuses(`: console:1: read-only: the tables of the script cannot be changed\n$`, "console", "--read-only", "-e", "spectrum.data.seen = 3")
	b.until("the log has all lines", func() bool { return len(consoleLine.FindAllString(b.log("backend-1.log"), -1)) == 10 })
	alice.echoes()

	alice.step("learns why an admin disconnects the user")
	b.look(`: alice@localhost is disconnected\n$`, "kick", "alice@localhost", "--reason", "a break of ten minutes")
	alice.wait("the reason", func(e event) bool {
		return bare(e.From) == b.jid && (strings.Contains(e.Body, "a break of ten minutes") || strings.Contains(e.Status, "a break of ten minutes"))
	})
	alice.goOffline()
	alice.goOnline()
	alice.echoes()

	if serve {
		return
	}
	alice.step("is served by another process after the first was killed")
	b.killBackend()
	alice.echoes()
	b.look(`(?s)^JID [^\n]*\n[^\n]*\n$`, "ps")
	left, err := filepath.Glob(b.path("work/lua-*.sock"))
	if err != nil || len(left) != 1 {
		t.Errorf("the sockets are %q, %v", left, err)
	}
	for _, socket := range left {
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, %v", socket, info.Mode(), err)
		}
	}
}

// consoleLine is the line of the log about a line that the test reads in the console.
var consoleLine = regexp.MustCompile(`an admin reads in the console by=\S+ line="?spectrum\.data\.seen"? user=alice@localhost\n`)

// refuses is look for a command that fails.
func (b *bed) refuses(pattern, name string, arg ...string) {
	b.t.Helper()
	cmd := b.command(append([]string{b.inside("spectrum2-lua"), name, b.inside("transport.cfg")}, arg...)...)
	if out, err := cmd.CombinedOutput(); err == nil || !regexp.MustCompile(pattern).Match(out) {
		b.t.Errorf("%s succeeds, or not %s:\n%s", name, pattern, out)
	}
}

// look runs a command of the tool on the config of the bed and compares its output.
func (b *bed) look(pattern, name string, arg ...string) {
	b.t.Helper()
	cmd := b.command(append([]string{b.inside("spectrum2-lua"), name, b.inside("transport.cfg")}, arg...)...)
	out, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile(pattern).Match(out) {
		b.t.Errorf("%s: %v, or not %s:\n%s", name, err, pattern, out)
	}
}

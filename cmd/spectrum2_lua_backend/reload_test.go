package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

const brokenScript = "local on = {}\nfunction on.login(\n"

// versionScript returns a script whose messages have a version number.
func versionScript(n string) string {
	return `
local on = {}
function on.login(session) session.data.n = 0; session:connected() end
function on.conv_message(session, m)
  session.data.n = session.data.n + 1
  session:conv_message { buddy_name = "b", message = "version ` + n + `, message " .. session.data.n }
end
function on.reload(session)
  if session then session:conv_message { buddy_name = "b", message = "reloaded ` + n + `" } end
end
return on`
}

func said(text string) func(m *pb.ConversationMessage) bool {
	return func(m *pb.ConversationMessage) bool { return m.GetMessage() == text }
}

func TestARepairedScriptIsLoaded(t *testing.T) {
	for _, c := range []struct {
		name, config string
		tell         func(p *program) error
	}{
		{"with reload = 1", "reload = 1", func(*program) error { return nil }},
		{"at SIGHUP", "", func(p *program) error { return p.Signal(syscall.SIGHUP) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := folder(t, brokenScript, c.config)
			p, b := startUnder(t, config)
			u := b.Login("alice@localhost", "alice", "pw")
			u.Expect(pb.WrapperMessage_TYPE_DISCONNECTED, nil)
			u.Logout("alice")
			write(t, filepath.Join(filepath.Dir(config), "script.lua"), versionScript("1"))
			if err := c.tell(p); err != nil {
				t.Fatal(err)
			}
			p.awaitLog(t, "loaded ", "generation 1")
			u = b.Login("alice@localhost", "alice", "pw")
			u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
		})
	}
}

// TestASavedScriptReplacesTheRunningOne edits the script while a user is online. A broken
// script changes nothing. A valid one handles the user's next message, without a logout.
func TestASavedScriptReplacesTheRunningOne(t *testing.T) {
	config := folder(t, versionScript("1"), "reload = 1")
	script := filepath.Join(filepath.Dir(config), "script.lua")
	p, b := startUnder(t, config)
	u := b.Login("alice@localhost", "alice", "pw")
	u.Say("b", "hello")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("version 1, message 1")))
	write(t, script, brokenScript)
	p.awaitLog(t, "script.lua:2: ", "generation 1 keeps running")
	u.Say("b", "hello")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("version 1, message 2")))
	write(t, script, versionScript("2"))
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("reloaded 2")))
	u.Say("b", "hello")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("version 2, message 3")))
}

// TestModulesAreWatched requires a module that is at first missing, then broken, then
// valid. Later the script requires another module, which the test edits. At last it swaps
// the whole folder by a link, as Kubernetes swaps a volume.
func TestModulesAreWatched(t *testing.T) {
	requiring := func(module string) string {
		return "local words = require \"" + module + "\"\nprint(\"it says \" .. words)\nreturn {}"
	}
	config := folder(t, requiring("lib.words"), "reload = 1")
	dir := filepath.Dir(config)
	p, _ := startUnder(t, config)
	p.awaitLog(t, `there is no such module: no file `+filepath.Join(dir, "lib", "words.lua"))
	mkdir(t, filepath.Join(dir, "lib"))
	write(t, filepath.Join(dir, "lib", "words.lua"), "return (")
	p.awaitLog(t, "lib/words.lua:1: ", "so logins are refused")
	write(t, filepath.Join(dir, "lib", "words.lua"), `return "one"`)
	p.awaitLog(t, "it says one")
	write(t, filepath.Join(dir, "more.lua"), `return "two"`)
	write(t, filepath.Join(dir, "script.lua"), requiring("more"))
	p.awaitLog(t, "it says two")
	write(t, filepath.Join(dir, "more.lua"), `return "three"`)
	p.awaitLog(t, "it says three")

	mkdir(t, filepath.Join(dir, "..1"))
	mkdir(t, filepath.Join(dir, "..2"))
	write(t, filepath.Join(dir, "..1", "script.lua"), requiring("more")+" -- linked")
	write(t, filepath.Join(dir, "..2", "script.lua"), "print 'it is swapped' return {}")
	linkTo(t, "..1", filepath.Join(dir, "..data"))
	write(t, filepath.Join(dir, "more.lua"), `return "four"`)
	p.awaitLog(t, "it says four")
	write(t, filepath.Join(dir, "more.lua"), `return "five"`)
	linkTo(t, "..data/script.lua", filepath.Join(dir, "script.lua"))
	p.awaitLog(t, "it says five")
	linkTo(t, "..2", filepath.Join(dir, "..data"))
	p.awaitLog(t, "it is swapped")
}

func mkdir(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
}

// linkTo atomically replaces name by a symbolic link.
func linkTo(t *testing.T, to, name string) {
	t.Helper()
	if err := errors.Join(os.Symlink(to, name+".new"), os.Rename(name+".new", name)); err != nil {
		t.Fatal(err)
	}
}

package chat_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/chat"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/runtime/config"
)

// evaluate runs commands with a handler_timeout of a second.
func evaluate(t *testing.T, script, commands string) string {
	t.Helper()
	var out strings.Builder
	_ = chat.New(chat.Options{ // the transcript has the errors
		Stage: harness.Options{
			Path:     write(t, "live.lua", script),
			Settings: []config.Override{{Key: "lua.handler_timeout", Value: "1"}},
		},
		Console: chat.NewTranscript(strings.NewReader(commands), &out), Script: true,
		ExpectTimeout: time.Millisecond,
	}).Run(t.Context())
	return out.String()
}

func TestEndlessLuaIsStoppedAndTheChatContinues(t *testing.T) {
	got := evaluate(t, "return {}", "/login\n/lua while true do end\n/expect stopped\n/lua 1 + 1\n")
	for _, want := range []string{
		"/lua:1: stopped: it ran for 1s without waiting (handler_timeout)\n",
		"alice> /lua 1 + 1\n  2\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the transcript lacks %q:\n%s", want, got)
		}
	}
}

func TestLuaThatWaitsForLongDoesNotHoldUpTheChat(t *testing.T) {
	got := evaluate(t, "return {}", "/login\n/lua spectrum.sleep(1e6)\n/lua 1 + 1\n/logout\n")
	for _, want := range []string{
		"  ? /lua waits for more than 1.001s: the chat continues without the result\n",
		"alice> /lua 1 + 1\n  2\n",
		"alice> /logout\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the transcript lacks %q:\n%s", want, got)
		}
	}
}

func TestLuaInAScriptThatDoesNotLoadShowsWhy(t *testing.T) {
	got := evaluate(t, "x = = 1", "/lua 1\n")
	if !strings.Contains(got, "alice> /lua 1\n  ? ") || !strings.Contains(got, "live.lua:1:") {
		t.Errorf("the transcript is\n%s", got)
	}
}

// TestChatLoadsEachFileOnce counts the loads of a script and its modules: at the start, with
// files that are newer than the clock, and at a /reload right after a file was saved.
func TestChatLoadsEachFileOnce(t *testing.T) {
	script := write(t, "main.lua", `
local one = require "one"
print("main loads")
require "lib.two"
return {}`)
	dir := filepath.Dir(script)
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"one.lua":     `print("one loads") return {}`,
		"lib/two.lua": `print("two loads") return { require "one" }`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	future := time.Now().Add(time.Hour)
	for _, name := range []string{"main.lua", "one.lua", "lib/two.lua"} {
		if err := os.Chtimes(filepath.Join(dir, name), future, future); err != nil {
			t.Fatal(err)
		}
	}
	counts := func(transcript string, want int) {
		t.Helper()
		for _, line := range []string{"one loads", "main loads", "two loads"} {
			if n := strings.Count(transcript, "| "+line+"\n"); n != want {
				t.Errorf("%q appears %d times, want %d:\n%s", line, n, want, transcript)
			}
		}
	}
	got, err := play(t, script, "/login\n/logout\n/login\n")
	if err != nil {
		t.Fatal(err)
	}
	counts(got, 1)

	// The watcher reports the change 50 ms later, during the /wait.
	var out strings.Builder
	commands := &saving{t: t, path: filepath.Join(dir, "one.lua"), rest: strings.NewReader("/reload\n/wait 0.2\n/login\n")}
	if err := chat.New(chat.Options{
		Stage: harness.Options{Path: script}, Console: chat.NewTranscript(commands, &out), Script: true,
	}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	counts(out.String(), 2)
}

// saving saves a file before the first command is read.
type saving struct {
	t    *testing.T
	path string
	rest *strings.Reader
	done bool
}

func (s *saving) Read(p []byte) (int, error) {
	if !s.done {
		s.done = true
		if err := os.WriteFile(s.path, []byte(`print("one loads") return { 2 }`), 0o600); err != nil {
			s.t.Error(err)
		}
	}
	return s.rest.Read(p)
}

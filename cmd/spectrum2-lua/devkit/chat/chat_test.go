package chat_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"spectrumlua/cmd/spectrum2-lua/devkit/chat"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/prompt"
	"spectrumlua/runtime/config"
)

const echo = "../../../../scripts/echo.lua"

// TestTranscriptIsTheSameOnEachRun plays a list of commands many times. The handlers of
// its two users log and send.
func TestTranscriptIsTheSameOnEachRun(t *testing.T) {
	script := write(t, "two.lua", `
local on = {}
function on.login(session)
  print("one") session:connected() print("two")
  session:buddy_changed { buddy_name = "b" }
  print("three")
end
function on.buddy_changed(session, m) print("echo of", m.buddy_name) end
return on`)
	const commands = "/login\n/as bob\n/login\n/logout\n/login\n"
	first, err := play(t, script, commands)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(first, "echo of    b"); n != 3 {
		t.Fatalf("the echo appears %d times:\n%s", n, first)
	}
	for range 20 {
		if again, _ := play(t, script, commands); again != first {
			t.Fatalf("the transcript is now\n%s\nthe first was\n%s", again, first)
		}
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUnmetExpectCountsAsAWrongCommand(t *testing.T) {
	var out strings.Builder
	err := chat.New(chat.Options{
		Stage:         harness.Options{Path: echo},
		Console:       chat.NewTranscript(strings.NewReader("/login\n/expect You are\n/expect nothing\n"), &out),
		Script:        true,
		ExpectTimeout: time.Millisecond,
	}).Run(t.Context())
	var trouble *chat.TroubleError
	if !errors.As(err, &trouble) || *trouble != (chat.TroubleError{Wrong: 1}) {
		t.Errorf("the error is %v", err)
	}
	if want := `? no line with "nothing" appeared within 1ms`; !strings.Contains(out.String(), want) {
		t.Errorf("the transcript lacks %q:\n%s", want, out.String())
	}
}

func TestChatFailsIfTheScriptDoesNotExist(t *testing.T) {
	if _, err := play(t, "nothing.lua", ""); err == nil || !strings.Contains(err.Error(), "nothing.lua") {
		t.Errorf("the error is %v", err)
	}
}

// TestInterruptEndsACommand interrupts a chat that runs a command.
func TestInterruptEndsACommand(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	in, keyboard := io.Pipe()
	out := &watched{text: "/wait", seen: func() { cancel(enough) }}
	go func() { _, _ = keyboard.Write([]byte("/wait 3600\n")) }()
	script := write(t, "ends.lua", `
local spectrum = require "spectrum"
spectrum.spawn(function() spectrum.sleep(1e6) end)
return {}`)
	err := chat.New(chat.Options{
		Stage: harness.Options{Path: script}, Console: chat.NewTranscript(in, out), Script: true,
	}).Run(ctx)
	if !errors.Is(err, enough) {
		t.Errorf("the error is %v", err)
	}
	if strings.Contains(out.all.String(), "not shown") {
		t.Errorf("the chat waited for its own end:\n%s", out.all.String())
	}
}

// TestInterruptEndsAChatThatWaitsForACommand interrupts a chat without input.
func TestInterruptEndsAChatThatWaitsForACommand(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	in := silent{reading: func() { cancel(enough) }, end: make(chan struct{})}
	defer close(in.end)
	err := chat.New(chat.Options{
		Stage: harness.Options{Path: echo}, Console: chat.NewTranscript(in, io.Discard), Script: true,
	}).Run(ctx)
	if !errors.Is(err, enough) {
		t.Errorf("the error is %v", err)
	}
}

// silent is a console on which the user types nothing until the end.
type silent struct {
	reading func()
	end     chan struct{}
}

func (s silent) Read([]byte) (int, error) {
	s.reading()
	<-s.end
	return 0, io.EOF
}

// watched calls seen when a text has been written.
type watched struct {
	text string
	seen func()
	all  strings.Builder
}

func (w *watched) Write(p []byte) (int, error) {
	w.all.Write(p)
	if strings.Contains(string(p), w.text) {
		w.seen()
	}
	return len(p), nil
}

func TestKeepKeepsTheStoreForTheNextChat(t *testing.T) {
	dir := t.TempDir()
	script := write(t, "kept.lua", `
local on = {}
function on.login(session)
  session:connected()
  local spectrum = require "spectrum"
  print(spectrum.config.get("service.working_dir") .. ": " .. spectrum.store():increment("logins"))
end
return on`)
	for _, c := range []struct{ dir, want string }{
		{dir, dir + ": 1"}, {dir, dir + ": 2"}, // the folder keeps the store
		{"", ": 1"}, {"", ": 1"}, // a temporary folder does not
	} {
		var out strings.Builder
		err := chat.New(chat.Options{
			Stage:   harness.Options{Path: script, WorkingDir: c.dir},
			Console: chat.NewTranscript(strings.NewReader("/login\n"), &out), Script: true,
		}).Run(t.Context())
		if err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v, want %q\n%s", err, c.want, out.String())
		}
	}
}

func TestChatReloadsAScriptThatIsSaved(t *testing.T) {
	const text = `
local on = {}
function on.conv_message(session, m) session:conv_message { buddy_name = "b", message = "VERSION" } end
return on`
	script := write(t, "script.lua", strings.Replace(text, "VERSION", "first", 1))
	in, keyboard := io.Pipe()
	shown := newShown()
	done := make(chan error, 1)
	go func() {
		done <- chat.New(chat.Options{Stage: harness.Options{Path: script}, Console: chat.NewTranscript(in, shown), Script: true}).Run(context.Background())
	}()
	types := func(text string) { _, _ = keyboard.Write([]byte(text)) }
	types("/login\n/msg b x\n")
	shown.until(t, "<b> first")
	if err := os.WriteFile(script, []byte(strings.Replace(text, "VERSION", "second", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	shown.until(t, "loaded script.lua: generation 2") // without a command
	types("x\n")
	shown.until(t, "<b> second")
	if err := os.WriteFile(script, []byte("return {"), 0o600); err != nil {
		t.Fatal(err)
	}
	shown.until(t, "cannot load script.lua")
	types("/reload\n")
	shown.until(t, "/reload\n  | cannot load script.lua")
	_ = keyboard.Close()
	var trouble *chat.TroubleError
	if err := <-done; !errors.As(err, &trouble) || trouble.Errors < 2 || trouble.Wrong != 0 {
		t.Errorf("the error is %v", err)
	}
}

// shown holds the output of a chat, so that a test can wait for it.
type shown struct {
	text   strings.Builder
	seen   int // the end of the last text that a test waited for
	writes chan string
}

func newShown() *shown { return &shown{writes: make(chan string, 1000)} }

func (s *shown) Write(p []byte) (int, error) {
	s.writes <- string(p)
	return len(p), nil
}

// until waits for a text after the previous one.
func (s *shown) until(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		if i := strings.Index(s.text.String()[s.seen:], text); i >= 0 {
			s.seen += i + len(text)
			return
		}
		select {
		case more := <-s.writes:
			s.text.WriteString(more)
		case <-timeout:
			t.Fatalf("%q does not appear in\n%s", text, s.text.String())
		}
	}
}

func TestTerminalHasCompletionHistoryAndHiddenPasswords(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal is available: %v", err)
	}
	defer slave.Close()
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 200}); err != nil {
		t.Fatal(err)
	}
	history := filepath.Join(t.TempDir(), "history")
	var c *chat.Chat
	p, warning, err := prompt.Open(prompt.Options{
		In: slave, Out: slave, History: history, Keep: chat.Kept, After: " ",
		Complete: func(before string) (int, []string) { return c.Complete(before) },
	})
	if err != nil || warning != nil {
		t.Fatal(err, warning)
	}
	c = chat.New(chat.Options{Stage: harness.Options{Path: echo}, Console: p, Colour: true})
	screen := newShown()
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(screen, master)
	}()
	done := make(chan error, 1)
	go func() { done <- c.Run(context.Background()) }()
	types := func(keys string) { _, _ = master.WriteString(keys) }
	screen.until(t, "/login goes online")
	screen.until(t, "\x1b[1malice>\x1b[0m ")
	types("/login alice -\r")
	screen.until(t, "Password: ")
	types("hunter2\r")
	screen.until(t, "You are connected.")
	screen.until(t, "Echo (echo) is online")
	types("/msg e\t") // Tab completes only contacts that the script has shown
	screen.until(t, "echo ")
	types("hello\r")
	screen.until(t, "\x1b[32m<echo> hello\x1b[0m")
	types("//wave\r")
	screen.until(t, "<echo> /wave")
	types("\x1b[A\r") // arrow up repeats the line
	screen.until(t, "<echo> /wave")
	if err := p.Release(); err != nil { // as the report of a panic does
		t.Error(err)
	}
	types("/wait 5\r")
	screen.until(t, "/wait works only in a list")
	types("/nonsense\r")
	screen.until(t, "? unknown command /nonsense")
	types("\x04")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	_ = slave.Close()
	_ = master.Close()
	<-read
	if strings.Contains(screen.text.String(), "hunter2") {
		t.Error("the terminal shows the password")
	}
	kept, err := os.ReadFile(history)
	if want := "/login alice\n/msg echo hello\n//wave\n/wait 5\n/nonsense\n"; err != nil || string(kept) != want {
		t.Errorf("the history is %q, %v; want %q", kept, err, want)
	}
}

// TestChatWaitsForAHandlerThatComputes runs a handler that computes for longer than
// task.Settle waits.
func TestChatWaitsForAHandlerThatComputes(t *testing.T) {
	script := write(t, "slow.lua", `
local on = {}
function on.conv_message(session, m)
  local began = os.clock()
  while os.clock() - began < 0.25 do end
  session:conv_message { buddy_name = m.buddy_name, message = "done" }
end
return on`)
	got, err := play(t, script, "/login\n/msg b x\n/log off\n")
	if err != nil || !strings.Contains(got, "/msg b x\n  <b> done\n") {
		t.Errorf("%v\n%s", err, got)
	}
}

// The script exceeds the memory limit, which ends the backend.
func TestChatEndsWithTheBackend(t *testing.T) {
	script := write(t, "greedy.lua", `
local on = {}
function on.conv_message(session, m)
  local t = {}
  while true do t[#t + 1] = ("x"):rep(100000) .. #t end
end
return on`)
	var out strings.Builder
	err := chat.New(chat.Options{
		Stage:   harness.Options{Path: script, Settings: []config.Override{{Key: "lua.memory_limit", Value: "64M"}}},
		Console: chat.NewTranscript(strings.NewReader("/login\n/msg b x\n/expect the end of the backend\n/users\n"), &out), Script: true, ExpectTimeout: time.Minute,
	}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the backend has ended") || !strings.Contains(err.Error(), "memory_limit") {
		t.Errorf("the error is %v", err)
	}
	if strings.Contains(out.String(), "/users") || !strings.Contains(out.String(), "The backend has ended.") {
		t.Errorf("the transcript is\n%s", out.String())
	}
}

package top

import (
	"slices"
	"strings"
	"testing"

	"spectrumlua/runtime/admin"
)

// example returns a screen with two processes.
func example() *ui {
	plain := func(_, text string) string { return text }
	u := newUI(Options{Order: admin.TopOrders[0], Rows: 50, Clean: func(text string) string { return text }, Paint: plain})
	u.o.Paint = func(style, text string) string {
		if style == reverse {
			return ">" + text
		}
		return text
	}
	v := &view{jid: "live.localhost", processes: []process{
		{Top: admin.Top{
			PID: 1, Generation: 2, Sessions: 2, Matching: 3, TaskCount: 1, Queue: 2048, Retries: 1,
			Users: []admin.TopUser{
				{User: "alice@localhost", State: "online", For: 90, TopCPU: admin.TopCPU{Share: 0.25, Longest: 0.0021}},
				{State: "", For: 5000},
				{User: "bob@localhost", State: "retry", Retry: 12, Failures: 3, Messages: 7, Bytes: 1024},
			},
			Handlers: []admin.TopHandler{{Name: "on.login", TopCPU: admin.TopCPU{CPU: 3, Calls: 2, Share: 0.1}}},
			Tasks:    []admin.TopTask{{User: "alice@localhost", Name: "task poll (live.lua:6)", Waits: "sleep", Place: "live.lua:3", For: 61}},
		}},
		{Top: admin.Top{
			PID: 2, Locked: true, Running: &admin.TopRunning{User: "carol@localhost", Name: "on.conv_message", For: 2.5},
			Users:    []admin.TopUser{{User: "carol@localhost", State: "online", TopCPU: admin.TopCPU{Share: 1}}},
			Handlers: []admin.TopHandler{{Name: "on.login", TopCPU: admin.TopCPU{CPU: 1, Calls: 2, Share: 0.1}}},
		}},
	}}
	v.merge(u.o)
	u.view = v
	return u
}

// has reports whether a screen has a line with the words in this order.
func has(lines []string, words ...string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		for _, word := range words {
			_, rest, found := strings.Cut(line, word)
			if !found {
				return false
			}
			line = rest
		}
		return true
	})
}

func TestScreenShowsAllProcesses(t *testing.T) {
	u := example()
	lines := u.lines(150, 40)
	for _, want := range [][]string{
		{"process 1: generation 2", "users 2", "queue 2.0 KiB", "retries 1"},
		{"on.conv_message of carol@localhost has been computing for 2.5s"},
		{"the script computes without waiting"},
		{"Users: 4 of 3, by cpu"},
		{">carol@localhost", "online", "100.0%", "2"},
		{"alice@localhost", "online", "1m30s", "25.0%", "2.1ms", "1"},
		{"bob@localhost", "retry", "7", "1.0 KiB", "#3 in 12s", "1"},
		{"(process)", "1h23m"},
		{"on.login", "20.0%", "4", "1.0s"},
		{"task poll (live.lua:6)", "alice@localhost", "sleep", "live.lua:3", "1m1s"},
	} {
		if !has(lines, want...) {
			t.Errorf("no line with %q", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(lines, "\n"))
	}
}

// TestScreenHasTheSizeOfTheTerminal checks many sizes, also absurd ones.
func TestScreenHasTheSizeOfTheTerminal(t *testing.T) {
	for _, mode := range []mode{normal, typingFilter, choosingLevel, confirmingKick, reading} {
		for width := 1; width < 200; width += 7 {
			for height := 1; height < 60; height += 3 {
				u := example()
				u.mode = mode
				lines := u.lines(width, height)
				if len(lines) != height {
					t.Fatalf("mode %d, %dx%d: %d lines", mode, width, height, len(lines))
				}
				for _, line := range lines {
					if n := len([]rune(strings.TrimPrefix(line, ">"))); n > width {
						t.Fatalf("mode %d, %dx%d: a line has %d characters: %q", mode, width, height, n, line)
					}
				}
			}
		}
	}
}

func TestHelpAndPromptsAreWrappedBetweenWords(t *testing.T) {
	u := example()
	u.mode = reading
	lines := u.lines(60, 24)
	for _, want := range []string{
		"  /          show only users whose JID contains a text;",
		"             Enter or Escape ends typing",
		"CPU is time with the script lock, of one processor, in the",
		"last two seconds.",
		"Any key returns.",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	u.mode = normal
	if lines = u.lines(60, 24); !slices.Equal(lines[22:], []string{"h help  s sort  / filter  k disconnect  r reload", "  l log level  q quit"}) {
		t.Errorf("the keys are %q", lines[22:])
	}
	u.mode = choosingLevel
	if lines = u.lines(60, 24); lines[23] != "config, other keys: none" {
		t.Errorf("the prompt ends in %q", lines[23])
	}
}

func TestSmallScreenShowsProcessesAndUsers(t *testing.T) {
	u := example()
	lines := u.lines(20, 10)
	for _, want := range [][]string{{"live.localhost"}, {"1: CPU", "users"}, {"2: CPU", "users"}, {"Users: 4 of 3"}, {"USER"}, {">carol@localhost"}, {"alice@localhost"}} {
		if !has(lines, want...) {
			t.Errorf("no line with %q:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if lines = u.lines(20, 14); !has(lines, "HANDLER") || !has(lines, ">carol@localhost") || has(lines, "TASK") {
		t.Errorf("the handlers fit, but not the tasks:\n%s", strings.Join(lines, "\n"))
	}
	for range 30 {
		u.view.processes = append(u.view.processes, process{Top: admin.Top{PID: 3}})
	}
	if lines = u.lines(80, 24); !has(lines, "2: CPU") || !has(lines, "… 26 more") || !has(lines, "HANDLER") || !has(lines, ">carol@localhost") || !has(lines, "TASK") {
		t.Errorf("with many processes:\n%s", strings.Join(lines, "\n"))
	}
}

// TestSelectedUserIsOnEachScreen moves through the users.
func TestSelectedUserIsOnEachScreen(t *testing.T) {
	for width := 1; width < 200; width += 7 {
		for height := 3; height < 60; height++ {
			u := example()
			for i := range u.view.users {
				if lines := u.lines(width, height); !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, ">") }) {
					t.Fatalf("%dx%d: the user %d is hidden:\n%s", width, height, i, strings.Join(lines, "\n"))
				}
				u.press("\x1b[B")
			}
		}
	}
}

func TestKeysOfTheScreen(t *testing.T) {
	u := example()
	press := func(keys ...string) (todo *action) {
		for _, key := range keys {
			todo = u.press(key)
		}
		return todo
	}
	press("s")
	if u.o.Order.Column != "messages" || !u.changed {
		t.Errorf("s: sorted by %s", u.o.Order.Column)
	}
	press("S", "S")
	if u.o.Order.Column != "user" {
		t.Errorf("S: sorted by %s", u.o.Order.Column)
	}
	press("/", "a", "ü", "\x7f", "l", "\r")
	if u.o.Filter != "al" || u.mode != normal {
		t.Errorf("the filter is %q", u.o.Filter)
	}
	press("/", "x", "\x1b")
	if u.o.Filter != "al" || u.mode != normal {
		t.Errorf("after Escape, the filter is %q", u.o.Filter)
	}
	press("\x1b[B")
	u.lines(100, 40)
	if todo := press("k"); todo != nil || u.mode != confirmingKick || !has(u.lines(100, 40), "disconnect alice@localhost?") {
		t.Errorf("k asks nothing: %+v", todo)
	}
	if todo := press("n"); todo != nil || u.mode != normal {
		t.Errorf("n disconnects: %+v", todo)
	}
	if todo := press("k", "y"); todo == nil || *todo != (action{kind: "kick", user: "alice@localhost", pid: 1}) {
		t.Errorf("y: %+v", todo)
	}
	for range 10 {
		press("\x1b[B")
	}
	u.lines(100, 40)
	if u.selected != 3 {
		t.Errorf("the last user has index %d", u.selected)
	}
	if todo := press("r"); todo == nil || todo.kind != "reload" {
		t.Errorf("r: %+v", todo)
	}
	if todo := press("l", "d"); todo == nil || *todo != (action{kind: "level", level: "debug"}) {
		t.Errorf("l d: %+v", todo)
	}
	if todo := press("l", "x"); todo != nil || u.mode != normal {
		t.Errorf("l x: %+v", todo)
	}
	if press("h"); !has(u.lines(100, 40), "quit") || u.mode != reading {
		t.Error("h shows no help")
	}
	if press("q"); u.quit || u.mode != normal {
		t.Error("a key does not end the help, or quits")
	}
	if press("q"); !u.quit {
		t.Error("q does not quit")
	}
}

func TestProcessIsNotDisconnected(t *testing.T) {
	u := example()
	u.view.users = []userRow{{}}
	if todo := u.press("k"); todo != nil || u.mode != normal || u.note == "" {
		t.Errorf("%+v, %q", todo, u.note)
	}
	u.view.users = nil
	if todo := u.press("k"); todo != nil || u.note != "there is no user to disconnect" {
		t.Errorf("%+v, %q", todo, u.note)
	}
}

func TestKeysAreSplit(t *testing.T) {
	got := parseKeys([]byte("qü\x1b[A\x1bOB\x1b[15~x\x1b"))
	want := []string{"q", "ü", "\x1b[A", "\x1b[B", "\x1b[15~", "x", "\x1b"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestRatesCompareTwoViews(t *testing.T) {
	before := &view{processes: []process{{Top: admin.Top{PID: 1, CPU: 1, Received: 100}}, {Top: admin.Top{PID: 2}}}}
	now := process{Top: admin.Top{PID: 1, CPU: 1.5, Received: 150, Sent: 50}, at: before.processes[0].at.Add(2e9)}
	now.since(before)
	if now.cpu != 0.25 || now.rate != 50 {
		t.Errorf("%v, %v", now.cpu, now.rate)
	}
	other := process{Top: admin.Top{PID: 3}}
	if other.since(before); other.cpu != -1 || percent(other.cpu) != "-" {
		t.Errorf("a new process: %v", other.cpu)
	}
}

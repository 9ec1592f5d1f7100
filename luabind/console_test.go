package luabind_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind"
)

// line runs a line of the console.
func line(t *testing.T, st *luatest.Fixture, l luabind.Line) luabind.LineResult {
	t.Helper()
	r, err := st.Host.Console(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConsoleRunsLines(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
state = { count = 1 }
function fail() error("broken") end
function on.login(session) session.data.n = 7; session:connected() end
return on`)
	st.Login(alice)
	st.Expect("connected", nil)
	for _, c := range []struct {
		name, user, text string
		want             luabind.LineResult
	}{
		{"an expression", "", "1 + 1, state.count", luabind.LineResult{Results: []string{"2", "1"}}},
		{"an expression after =", "", "= state", luabind.LineResult{Results: []string{"{ count = 1 }"}}},
		{"statements", "", "local n = 0\nfor i = 1, 3 do\n  n = n + i\nend\nreturn n", luabind.LineResult{Results: []string{"6"}}},
		{"a global variable stays", "", "found = 1", luabind.LineResult{}},
		{"the variable of the line before", "", "found", luabind.LineResult{Results: []string{"1"}}},
		{"print", "", "print('a', nil, 2) print()", luabind.LineResult{Printed: []string{"a\tnil\t2", ""}}},
		{"an error in the text", "", "x = = 1", luabind.LineResult{Error: "console:1: syntax error near '='"}},
		{"an error in a later line", "", "print(1)\nnothing()", luabind.LineResult{Printed: []string{"1"}, Error: "console:2: attempt to call global 'nothing' (a nil value)"}},
		{"an error of the script", "", "fail()", luabind.LineResult{Error: "script.lua:4: broken"}},
		{"the session of a user", "", "session('" + alice + "').data.n", luabind.LineResult{Results: []string{"7"}}},
		{"nobody's session", "", "session('bob@localhost')", luabind.LineResult{Results: []string{"nil"}}},
		{"all sessions", "", "#sessions(), sessions()[1]", luabind.LineResult{Results: []string{"1", "session: " + alice}}},
		{"sessions in a table", "", "sessions()", luabind.LineResult{Results: []string{"{ [1] = session: " + alice + " }"}}},
		{"an object in a table", "", "{ spectrum.channel() }", luabind.LineResult{Results: []string{"{ [1] = a channel }"}}},
		{"a list", "", "{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }", luabind.LineResult{Results: []string{"{ [1] = 1, [2] = 2, [3] = 3, [4] = 4, [5] = 5, [6] = 6, [7] = 7, [8] = 8, [9] = 9, [10] = 10, … (1 more) }"}}},
		{"the session of --user", alice, "session.data.n, session.user", luabind.LineResult{Results: []string{"7", alice}}},
		{"the module spectrum", "", "spectrum.sleep(0)", luabind.LineResult{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := line(t, st, luabind.Line{User: c.user, Text: c.text})
			if !slices.Equal(got.Printed, c.want.Printed) || !slices.Equal(got.Results, c.want.Results) ||
				!strings.HasPrefix(got.Error, c.want.Error) || (got.Error == "") != (c.want.Error == "") {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
	if _, err := st.Host.Console(t.Context(), luabind.Line{User: "bob@localhost", Text: "1"}); !errors.Is(err, luabind.ErrNotLoggedIn) {
		t.Errorf("for a user who is not logged in: %v", err)
	}
}

func TestConsoleLimitsWhatItShows(t *testing.T) {
	st := luatest.Start(t, "return {}")
	r := line(t, st, luabind.Line{Text: `for i = 1, 2e4 do print("x" .. i) end local t = {} for i = 1, 150 do t[i] = ("y"):rep(1e5) end return unpack(t)`})
	size := 0
	for _, text := range r.Printed {
		size += len(text) + 1
	}
	if size > 70_000 || r.Printed[len(r.Printed)-1] != "… (more than 65536 bytes are not shown)" {
		t.Errorf("%d bytes are printed, the last text is %q", size, r.Printed[len(r.Printed)-1])
	}
	if len(r.Results) != 101 || len(r.Results[0]) > 4200 || r.Results[100] != "… (50 more)" {
		t.Errorf("%d results, the first has %d bytes", len(r.Results), len(r.Results[0]))
	}
	if r := line(t, st, luabind.Line{Text: `error(("z"):rep(1e6), 0)`}); len(r.Error) > 17_000 || !strings.HasSuffix(r.Error, "z… (1000000 bytes)") {
		t.Errorf("the error has %d bytes", len(r.Error))
	}
	if r := line(t, st, luabind.Line{Text: `"\255\0ä"`}); r.Error != "" || r.Results[0] != "\xff\x00ä" {
		t.Errorf("%+v", r)
	}
}

func TestConsoleOfAScriptThatDoesNotLoad(t *testing.T) {
	st := luatest.New(t, "x = = 1")
	_ = st.Host.Load()
	for _, readOnly := range []bool{false, true} {
		if r := line(t, st, luabind.Line{Text: "1", ReadOnly: readOnly}); !strings.Contains(r.Error, "script.lua:1: syntax error near '='") {
			t.Errorf("read-only %v: %+v", readOnly, r)
		}
	}
	if names, err := st.Host.Keys(t.Context(), "", nil); names != nil || err != nil {
		t.Errorf("%q, %v", names, err)
	}
}

// TestPrintAfterALineReachesTheLog prints in a task that outlives its line.
func TestPrintAfterALineReachesTheLog(t *testing.T) {
	st := luatest.Start(t, "return {}")
	r := line(t, st, luabind.Line{Text: `go = spectrum.channel() spectrum.spawn(function() go:receive() print("later", 1) end) print("now")`})
	if !slices.Equal(r.Printed, []string{"now"}) || r.Error != "" {
		t.Errorf("%+v", r)
	}
	line(t, st, luabind.Line{Text: `go:send(1)`})
	st.ExpectLog("info", "later\t1")
}

func TestHandlerTimeoutStopsALine(t *testing.T) {
	st := luatest.Start(t, "return {}", "handler_timeout = 0.2")
	for _, readOnly := range []bool{false, true} {
		for _, text := range []string{"while true do end", "while true do pcall(function() while true do end end) end"} {
			if r := line(t, st, luabind.Line{Text: text, ReadOnly: readOnly}); !strings.Contains(r.Error, "stopped: it ran for 200ms without waiting (handler_timeout)") {
				t.Errorf("%s, read-only %v: %+v", text, readOnly, r)
			}
		}
	}
	if r := line(t, st, luabind.Line{Text: "1"}); !slices.Equal(r.Results, []string{"1"}) {
		t.Errorf("the next line: %+v", r)
	}
}

// TestLinesEndWithTheirClient cancels lines that wait and lines that compute.
func TestLinesEndWithTheirClient(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
function tell() spectrum.send("query", { config = "begun" }) end
return {}`, "handler_timeout = 600")
	for _, text := range []string{"tell() spectrum.sleep(1e6)", "tell() while true do end"} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan luabind.LineResult)
		go func() {
			r, _ := st.Host.Console(ctx, luabind.Line{Text: text})
			ended <- r
		}()
		st.ExpectQuery("begun")
		cancel()
		if r := <-ended; !strings.Contains(r.Error, "context canceled") {
			t.Errorf("%s: %+v", text, r)
		}
	}
}

func TestLogoutEndsTheLineOfItsUser(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function tell() spectrum.send("query", { config = "begun" }) end
function on.login(session) session:connected() end
return on`)
	st.Login(alice)
	st.Expect("connected", nil)
	ended := make(chan luabind.LineResult)
	go func() {
		r, _ := st.Host.Console(t.Context(), luabind.Line{User: alice, Text: "tell() spectrum.sleep(1e6)"})
		ended <- r
	}()
	st.ExpectQuery("begun")
	st.Logout(alice)
	if r := <-ended; r.Error != "console:1: the user has logged out" {
		t.Errorf("%+v", r)
	}
}

// TestReloadDuringALine changes the script while a line waits.
func TestReloadDuringALine(t *testing.T) {
	const script = `
local spectrum = require "spectrum"
function tell() spectrum.send("query", { config = "begun" }) end
go = spectrum.data.go or spectrum.channel()
spectrum.data.go = go
version = %d
return {}`
	st := luatest.Start(t, fmt.Sprintf(script, 1))
	ended := make(chan luabind.LineResult)
	go func() {
		r, _ := st.Host.Console(t.Context(), luabind.Line{Text: "tell() local got = go:receive() return version, got"})
		ended <- r
	}()
	st.ExpectQuery("begun")
	st.Write("script.lua", fmt.Sprintf(script, 2))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	if r := line(t, st, luabind.Line{Text: "go:send('x') return version"}); !slices.Equal(r.Results, []string{"2"}) {
		t.Errorf("after the reload: %+v", r)
	}
	if r := <-ended; !slices.Equal(r.Results, []string{"1", "x"}) {
		t.Errorf("the line from before the reload: %+v", r)
	}
}

func TestKeysAreThoseOfTheProcess(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
state = { count = 1, nested = { inner = 1 }, ["not a name"] = 1, [1] = 2 }
object = setmetatable({ own = 1 }, { __index = setmetatable({ method = print }, { __index = { base = 1 } }) })
trap = setmetatable({}, { __index = function() error("called") end })
function on.login(session) session.data.n = 7; session:connected() end
return on`)
	st.Login(alice)
	st.Expect("connected", nil)
	for _, c := range []struct {
		user, path string
		want       []string
	}{
		{"", "state", []string{"count", "nested"}},
		{"", "state nested", []string{"inner"}},
		{"", "object", []string{"base", "method", "own"}},
		{"", "trap", nil},
		{"", "trap x", nil},
		{"", "state count", nil},
		{"", "nothing", nil},
		{alice, "data", []string{"n"}},
	} {
		if got, err := st.Host.Keys(t.Context(), c.user, strings.Fields(c.path)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %q, %v", c.user, c.path, got, err)
		}
	}
	for path, want := range map[string]string{"": "state", "string": "format", "spectrum": "sleep"} {
		if got, err := st.Host.Keys(t.Context(), "", strings.Fields(path)); err != nil || !slices.Contains(got, want) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if got, err := st.Host.Keys(t.Context(), alice, nil); err != nil || !slices.Contains(got, "conv_message") || !slices.Contains(got, "data") {
		t.Errorf("a session: %q, %v", got, err)
	}
	if _, err := st.Host.Keys(t.Context(), "bob@localhost", nil); !errors.Is(err, luabind.ErrNotLoggedIn) {
		t.Error(err)
	}
	if got := st.Host.Users(); !slices.Equal(got, []string{alice}) {
		t.Errorf("users %q", got)
	}
}

// TestKeysDoNotWaitForAScriptThatComputes asks while a line has the script lock.
func TestKeysDoNotWaitForAScriptThatComputes(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
function tell() spectrum.send("query", { config = "begun" }) end
return {}`, "handler_timeout = 600")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = st.Host.Console(ctx, luabind.Line{Text: "tell() while true do end"})
	}()
	st.ExpectQuery("begun")
	short, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	if names, err := st.Host.Keys(short, "", nil); names != nil || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	cancel()
	<-ended
}

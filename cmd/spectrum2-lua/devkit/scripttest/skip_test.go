package scripttest_test

import (
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

func TestSkipEndsTheCaseAtOnce(t *testing.T) {
	for _, c := range []struct{ name, body string }{
		{"in the case", `t.skip("no server"); t.fail("not reached")`},
		{"with a colon", `t:skip("no server"); t.fail("not reached")`},
		{"by the module", `test.skip("no server"); t.fail("not reached")`},
		{"in pcall", `pcall(t.skip, "no server"); t.fail("not reached")`},
		{"in pcall, repeatedly", `while true do pcall(function() t.skip("no server") end) end`},
		{"in an assertion about errors", `t.error(function() t.skip("no server") end); t.fail("not reached")`},
		{"in a coroutine", `coroutine.wrap(function() t.skip("no server") end)(); t.fail("not reached")`},
		{"in a function that is called", `local function need() t.skip("no server") end; need(); t.fail("not reached")`},
		{"in eventually", `t.eventually(function() t.skip("no server") end); t.fail("not reached")`},
		{"in a task of the test", `
			local spectrum = require "spectrum"
			spectrum.spawn(function() t.skip("no server") end)
			spectrum.sleep(1e6); t.fail("not reached")`},
		{"in a server of the test", `
			local peer = t:serve(function() t.skip("no server") end)
			require("spectrum.net").connect(peer.address)
			require("spectrum").sleep(1e6); t.fail("not reached")`},
		{"while the script runs", `local u = t:login(); u:expect("connected"); t.skip("no server")`},
		{"in a value of the config", `t:start { config = { x = { y = function() t.skip("no server") end } } }; t.fail("not reached")`},
		{"twice", `pcall(function() pcall(t.skip, "no server"); t.skip("again") end)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, echo, c.body)
			if r.Skipped != "no server" || r.Failed() || r.Passed() {
				t.Errorf("the result is %+v", r)
			}
		})
	}
}

func TestMisuseOfSkipFailsTheCase(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"no reason", `t.skip()`, "bad argument #1 to skip (string expected, got nil)"},
		{"an empty reason", `t.skip("")`, "bad argument #1 to skip (the reason is empty)"},
		{"a table", `test.skip {}`, "bad argument #1 to skip (string expected, got table)"},
		{"a typo", `t.skp("x")`, `t has no "skp"; did you mean "skip"?`},
		{"a task that failed before", `
			require("spectrum").spawn(function() error("oops") end)
			require("spectrum").sleep(0); t.skip("x")`, "oops"},
		{"an error of the script", `local u = t:login(); u:say("echo", "fail"); t:settle(); t.skip("x")`, "error in on.conv_message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, echo, c.body)
			if text := strings.Join(r.Failures, "\n"); !strings.Contains(text, c.want) || r.Skipped != "" {
				t.Errorf("the result is %+v, want the failure %q", r, c.want)
			}
		})
	}
	dir := folder(t, map[string]string{"x_test.lua": `test.skip("no server")`})
	_, results := runIn(t, dir, scripttest.Options{})
	if len(results) != 1 || !strings.HasPrefix(strings.Join(results[0].Failures, ""), "x_test.lua:1: call skip in a case, not while the file loads") {
		t.Errorf("the results are %+v", results)
	}
}

func TestSkippedCasesAreCounted(t *testing.T) {
	dir := folder(t, map[string]string{"x_test.lua": `
test.case("a", function(t) t.skip("x") end)
test.case("b", function(t) end)
test.case("c", function(t) t.fail() end)
test.case("d", function(t) t.skip("y") end)`})
	if sum, results := runIn(t, dir, scripttest.Options{}); sum.Passed != 1 || sum.Failed != 1 || sum.Skipped != 2 {
		t.Errorf("the summary is %+v of %+v", sum, results)
	}
}

package scripttest_test

import (
	"context"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

// TestCasesShareNothing runs two cases that would see each other's variables, files or
// stored values.
func TestCasesShareNothing(t *testing.T) {
	const remembers = `
local spectrum = require "spectrum"
local on = {}
function on.query()
  spectrum.data.n = (spectrum.data.n or 0) + 1
  spectrum.send("query", { config = spectrum.data.n .. " " .. spectrum.store():increment("n") })
end
return on`
	const body = `
local n = 0
local function again(t)
  n = n + 1
  t.equal(n, 1)
  t.equal(t:query("?"), "1 1") -- neither data nor the store
  t.falsy(io.open(t.folder .. "/x"))
  io.open(t.folder .. "/x", "w"):close()
end
test.case("one", again)
test.case("two", again)`
	dir := folder(t, map[string]string{"script.lua": remembers, "script_test.lua": body})
	sum, results := runIn(t, dir, scripttest.Options{})
	if sum.Passed != 2 || sum.Failed != 0 {
		t.Errorf("the results are %+v", results)
	}
	if want := []string{filepath.Join(dir, "script.lua"), filepath.Join(dir, "script_test.lua")}; !slices.Equal(sum.Files, want) {
		t.Errorf("the files are %q", sum.Files)
	}
}

// TestFilesRunInOrderAndCanBeSelected runs the files of folders, also concurrently.
func TestFilesRunInOrderAndCanBeSelected(t *testing.T) {
	const body = `
test.case("the first", function(t) end)
test.case("the second", function(t) t.fail("no") end)`
	dir := folder(t, map[string]string{
		"b/x_test.lua": body, "a_test.lua": body, "c/.hidden/y_test.lua": body, "other.lua": "", "b/z_test.lua": body,
	})
	for _, c := range []struct {
		name    string
		options scripttest.Options
		want    string
	}{
		{"all", scripttest.Options{Jobs: 3},
			"a_test.lua the first,a_test.lua the second!,b/x_test.lua the first,b/x_test.lua the second!,b/z_test.lua the first,b/z_test.lua the second!"},
		{"selected", scripttest.Options{Run: regexp.MustCompile("^the f")}, "a_test.lua the first,b/x_test.lua the first,b/z_test.lua the first"},
		{"none", scripttest.Options{Run: regexp.MustCompile("third")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, results := runIn(t, dir, c.options)
			var got []string
			for _, r := range results {
				text := r.File + " " + r.Name
				if !r.Passed() {
					text += "!"
				}
				got = append(got, text)
			}
			if strings.Join(got, ",") != c.want {
				t.Errorf("the results are %q", got)
			}
		})
	}
}

func TestFindReturnsEachTestFileOnce(t *testing.T) {
	dir := folder(t, map[string]string{"a_test.lua": "", "b.lua": ""})
	t.Chdir(dir)
	for _, c := range []struct {
		name  string
		paths []string
		want  string
	}{
		{"a file and its folder", []string{"a_test.lua", "."}, "a_test.lua"},
		{"not a test", []string{"b.lua"}, "b.lua is not a test: the name of a test ends in _test.lua"},
		{"a path that does not exist", []string{"c"}, "finding tests: stat FOLDER/c: no such file or directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, err := scripttest.Find(c.paths)
			got := strings.Join(files, ",")
			if err != nil {
				got = err.Error()
			}
			if want := strings.Replace(c.want, "FOLDER", dir, 1); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestAFileThatDoesNotLoadIsOneFailure checks the line of the failure.
func TestAFileThatDoesNotLoadIsOneFailure(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a syntax error", "local = 1", "sub/x_test.lua:1: "},
		{"an error", "\nerror('oops')", "sub/x_test.lua:2: oops"},
		{"two cases of one name", "test.case('a', print)\ntest.case('a', print)", `sub/x_test.lua:2: the file already has a case "a"`},
		{"a wrong config", "test.config { irc = 1 }", "sub/x_test.lua:1: bad argument #1 to config (table of sections expected"},
		{"an unknown function", "test.cases('a', print)", `sub/x_test.lua:1: test has no "cases"; did you mean "case"?`},
		{"a script that does not exist", "test.case('a', function(t) t:login() end)", "sub/x_test.lua:1: reading the script"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, results := runIn(t, folder(t, map[string]string{"sub/x_test.lua": c.text}), scripttest.Options{})
			if len(results) != 1 || len(results[0].Failures) != 1 || !strings.HasPrefix(results[0].Failures[0], c.want) {
				t.Errorf("the results are %q", results)
			}
		})
	}
}

// TestAScriptThatDoesNotLoadFailsTheLineThatStartsIt checks login and start.
func TestAScriptThatDoesNotLoadFailsTheLineThatStartsIt(t *testing.T) {
	r := one(t, "local x = nil + 1", "t:login()")
	if len(r.Failures) != 1 || !strings.HasPrefix(r.Failures[0], "script_test.lua:3: script.lua:1: attempt to perform arithmetic on a nil value") {
		t.Errorf("the failures are %q", r.Failures)
	}
	if r := one(t, "local x = nil + 1", "t.error(function() t:start() end, 'perform arithmetic')"); !r.Passed() {
		t.Errorf("the failures are %q", r.Failures)
	}
}

// TestScriptAndConfigApplyToAllCases checks test.script and test.config.
func TestScriptAndConfigApplyToAllCases(t *testing.T) {
	const script = `
local spectrum = require "spectrum"
local on = {}
function on.query() spectrum.send("query", { config = spectrum.config.get("a.x", "-") .. spectrum.config.get("a.y", "-") }) end
return on`
	dir := folder(t, map[string]string{
		"real.lua": script, "sub/real.cfg": "[lua]\nscript = ../real.lua\n[a]\nx = 1\ny = 2\n",
		"script_test.lua": `
test.script "real.lua"
test.config { a = { x = 1, y = { 2, 3 } } }
test.case("config", function(t) t.equal(t:query("?"), "13") end)
test.case("changed", function(t) t:start { config = { a = { y = true } } } t.equal(t:query("?"), "11") end)`,
		"config_test.lua": `
test.script "sub/real.cfg"
test.case("config", function(t) t.equal(t:query("?"), "12") end)
test.case("changed", function(t) t:start { config = { a = { y = 7 } } } t.equal(t:query("?"), "17") end)
test.case("another", function(t) t:start { script = "real.lua" } t.equal(t:query("?"), "--") end)`,
	})
	if sum, results := runIn(t, dir, scripttest.Options{}); sum.Passed != 5 || sum.Failed != 0 {
		t.Errorf("the results are %q", results)
	}
}

// TestTheContextStopsTheRun cancels the context while a case runs.
func TestTheContextStopsTheRun(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := listener.Accept(); err == nil {
			conn.Close()
		}
		cancel()
	}()
	dir := folder(t, map[string]string{
		"script.lua": echo,
		"script_test.lua": `
test.case("a", function(t)
  t:login()
  assert(require("spectrum.net").connect("` + listener.Addr().String() + `"))
  require("spectrum").sleep(1e6)
end)
test.case("b", function() end)`,
	})
	var results []scripttest.Result
	sum := scripttest.Run(ctx, []string{filepath.Join(dir, "script_test.lua")}, scripttest.Options{
		Done: func(r scripttest.Result) { results = append(results, r) },
	})
	if sum.Failed != 1 || len(results) != 1 || !strings.HasSuffix(results[0].Failures[0], ": stopped") {
		t.Errorf("the results are %q", results)
	}
}

package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// watched is `test -watch` in a folder.
type watched struct {
	t     *testing.T
	dir   string
	lines *bufio.Scanner
	seen  []string
}

// watchTests starts the command with further arguments. At the end of the test, the command
// must stop with an exit code.
func watchTests(t *testing.T, files map[string]string, code int, args ...string) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir()}
	for name, text := range files {
		w.write(name, text)
	}
	t.Chdir(w.dir)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	read, written := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"test", "-watch"}, args...), written, io.Discard)
		_ = written.Close()
	}()
	w.lines = bufio.NewScanner(read)
	t.Cleanup(func() {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, read) }()
		if got := <-ended; got != code {
			t.Errorf("the exit code is %d, want %d", got, code)
		}
	})
	return w
}

// write replaces a file as an editor does: no other program sees a part of it.
func (w *watched) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path+"~", []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		w.t.Fatal(err)
	}
}

// await reads the output up to a line with this end.
func (w *watched) await(want string) {
	w.t.Helper()
	for w.lines.Scan() {
		w.seen = append(w.seen, w.lines.Text())
		if strings.HasSuffix(w.lines.Text(), want) {
			return
		}
	}
	w.t.Fatalf("%q is missing from the output:\n%s", want, strings.Join(w.seen, "\n"))
}

const (
	watchedScript = `local on = {}
local text = require "text"
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = text }
end
return on
`
	watchedTest = `local test = require "test"
test.case("hello", function(t)
  local u = t:login()
  u:say("x", "hi")
  u:expect("conv_message", { message = "hello" }, 0.1)
end)
test.case("nothing", function() end)
`
)

func TestWatchRunsTestsAgainWhenAFileChanges(t *testing.T) {
	w := watchTests(t, map[string]string{"a.lua": watchedScript, "text.lua": "return 'good day'", "a_test.lua": watchedTest}, 1, "-run", "hello")
	w.await("0 passed, 1 failed")
	w.await("waiting for changes of 3 files; press Ctrl-C to stop")
	w.write("text.lua", "return 'hello'")
	w.await(" text.lua changed: running the tests again")
	w.await("1 passed, 0 failed")
	w.await("to stop")
	w.write("a.lua", "local = 1")
	w.await(" a.lua changed: running the tests again")
	w.await("0 passed, 1 failed")
	w.await("to stop")
	w.write("a.lua", watchedScript)
	w.await("1 passed, 0 failed")
	w.await("to stop")
	w.write("a_test.lua", strings.Replace(watchedTest, `"hello" }`, `"bye" }`, 1))
	w.await(" a_test.lua changed: running the tests again")
	w.await("0 passed, 1 failed")
}

func TestWatchNoticesNewAndDeletedTests(t *testing.T) {
	const nothing = `require("test").case("nothing", function() end)`
	w := watchTests(t, map[string]string{"a_test.lua": nothing}, 2)
	w.await("1 passed, 0 failed")
	w.await("waiting for changes of 1 file; press Ctrl-C to stop")
	w.write("notes.txt", "no test")
	w.write("b_test.lua", nothing)
	w.await(" b_test.lua changed: running the tests again")
	w.await("2 passed, 0 failed")
	w.await("to stop")
	w.write("sub/deep/c_test.lua", nothing)
	w.await(" sub/deep/c_test.lua changed: running the tests again")
	w.await("3 passed, 0 failed")
	w.await("to stop")
	for _, name := range []string{"a_test.lua", "b_test.lua", "sub/deep/c_test.lua"} {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	w.await("0 passed, 0 failed")
	w.await("waiting for changes of 0 files; press Ctrl-C to stop")
}

func TestWatchNoticesConfigsAndMissingFiles(t *testing.T) {
	const config = "[lua]\nscript = src/a.lua\n[x]\ny = YYY\n"
	w := watchTests(t, map[string]string{
		"a_test.lua": `local test = require "test"
test.script "a.cfg"
test.case("y", function(t) t.equal(t:query("?"), "two") end)`,
		"src/a.lua": `local spectrum = require "spectrum"
local other = require "other"
return { query = function() spectrum.send("query", { config = spectrum.config.get("x.y") }) end }`,
	}, 0)
	w.await("0 passed, 1 failed")
	w.await("waiting for changes of 1 file; press Ctrl-C to stop")
	w.write("a.cfg", strings.Replace(config, "YYY", "one", 1))
	w.await(" a.cfg changed: running the tests again")
	w.await("0 passed, 1 failed")
	w.await("waiting for changes of 3 files; press Ctrl-C to stop")
	w.write("src/other.lua", "return {}")
	w.await(" src/other.lua changed: running the tests again")
	w.await("0 passed, 1 failed")
	w.await("to stop")
	w.write("a.cfg", strings.Replace(config, "YYY", "two", 1))
	w.await(" a.cfg changed: running the tests again")
	w.await("1 passed, 0 failed")
	w.await("waiting for changes of 4 files; press Ctrl-C to stop")
}

func TestWatchMeasuresCoverageOfEachRun(t *testing.T) {
	w := watchTests(t, map[string]string{"a.lua": watchedScript, "text.lua": "return 'hello'", "a_test.lua": watchedTest}, 0,
		"--coverage", "--lcov", "coverage.info", "--junit", "report.xml")
	w.await("a.lua       5/5  100.0 %")
	w.await("2 passed, 0 failed")
	w.await("waiting for changes of 3 files; press Ctrl-C to stop")
	w.write("text.lua", "local t = 'hello'\nif not t then\n  t = 1\nend\nreturn t")
	w.await(" text.lua changed: running the tests again")
	w.await("text.lua    3/4   75.0 %  3")
	w.await("2 passed, 0 failed")
	w.await("to stop")
}

func TestWatchStopsIfThereIsNothingToWatch(t *testing.T) {
	w := watchTests(t, nil, 2, "missing")
	w.await("0 passed, 0 failed")
	if w.lines.Scan() {
		t.Errorf("the command goes on: %s", w.lines.Text())
	}
}

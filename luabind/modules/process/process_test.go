package process_test

import (
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPrograms(t *testing.T) {
	cases := []struct{ name, script string }{
		{"a program that filters", `
local p = assert(process.start{ "sed", "-u", "s/a/b/" })
assert(p:write("aaa\n", "xax\n"))
assert(p:read_line() == "baa" and p:read_line() == "xbx")
p:close_input()
local line, err = p:read_line()
assert(line == nil and err == "the program has closed it", err)
assert(p:wait() == 0)`},
		{"errors, codes and signals", `
local p = assert(process.start{ "sh", "-c", "echo oops >&2; exit 3" })
assert(p:read_error_line() == "oops" and p:wait() == 3)
p = assert(process.start{ "sleep", 1000 })
assert(p:signal("TERM"))
local code, why = p:wait()
assert(code == nil and why == "ended by the signal TERM", why)
assert(select(2, p:signal("TERM")) == "the program has ended")
assert(select(2, p:write("x")) == "the program does not read its input any more")`},
		{"no shell in between", `
local p = assert(process.start{ "echo", "$HOME; echo ` + "`id`" + `", "a  b" })
assert(p:read_line() == "$HOME; echo ` + "`id`" + ` a  b")`},
		{"folder and environment", `
local p = assert(process.start{ "sh", "-c", "pwd; echo $COLOUR-$HOME", dir = "/", env = { COLOUR = "blue", HOME = false } })
assert(p:read_line() == "/" and p:read_line() == "blue-")`},
		{"two tasks write, each in its turn", `
local p = assert(process.start{ "cat" })
local long = ("x"):rep(200000)
local first = spectrum.spawn(function() assert(p:write("1", long, "\n")) end)
local second = spectrum.spawn(function() assert(p:write("2", long, "\n")) end)
spectrum.sleep(0)
assert(p:read_line(200001) == "1" .. long and p:read_line(200001) == "2" .. long)
assert(first:join() and second:join())`},
		{"a write that is cut off", `
local p = assert(process.start{ "sh", "-c", "head -c 1; sleep 1000" })
local writer = spectrum.spawn(function() p:write(("x"):rep(1000000)) end)
assert(p:read_some() == "x")
writer:cancel()
writer:join()
local ok, err = p:write("more")
assert(ok == nil and err == "an earlier write was cut off in the middle, so nothing more can be written", err)`},
		{"two tasks read", `
local p = assert(process.start{ "cat" })
local reader = spectrum.spawn("reader", function() return p:read_line() end)
spectrum.sleep(0)
local ok, err = pcall(p.read_some, p)
assert(not ok and err:find("another task reads from this program", 1, true), err)
assert(p:write("ab"))
reader:cancel()
reader:join()
assert(p:write("c\n") and p:read_line() == "abc")
p:close()
assert(select(2, p:write("x")) == "the process is closed")`},
		{"a timeout", `
local p = assert(process.start{ "sleep", "1000" })
assert(select(2, p:wait(0.01)) == "timeout")
p:close()
assert(select(2, p:wait()) == "ended by the signal KILL")
assert(select(2, p:read_line()) == "the process is closed")`},
		{"what cannot be started", `
local p, err = process.start{ "/nonexistent/program" }
assert(p == nil and err == "cannot start /nonexistent/program: no such file or directory", err)
p, err = process.start{ "no-such-program-anywhere" }
assert(p == nil and err:find("executable file not found", 1, true), err)
p, err = process.start{ "true", dir = "/nonexistent" }
assert(p == nil and err:find("no such file or directory", 1, true), err)`},
		{"misuse raises", `
for text, fn in pairs {
  ["program expected"] = function() process.start{} end,
  ["word 2 of the command: string expected"] = function() process.start{ "x", {} } end,
  ["NUL byte"] = function() process.start{ "x\0y" } end,
  ["start has no option \"cwd\"; the options are dir, env, owner"] = function() process.start{ "x", cwd = "/" } end,
  ["name of a signal expected"] = function() process.start{ "true" }:signal("STOPIT") end,
} do
  local ok, err = pcall(fn)
  assert(not ok and err:find(text, 1, true), tostring(err))
end`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `local spectrum, process = require "spectrum", require "spectrum.process"`+c.script)
		})
	}
}

func TestSandbox(t *testing.T) {
	luatest.Run(t, `
local p, err = require "spectrum.process".start{ "true" }
assert(p == nil and err:find("sandbox", 1, true))`, "sandbox = 1")
}

func TestExamples(t *testing.T) { luatest.RunExamples(t, "../../../docs/reference/modules/process.md") }

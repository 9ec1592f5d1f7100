package scripttest_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

// covered runs the tests in a folder with coverage and returns each file with its lines.
func covered(t *testing.T, dir string, o scripttest.Options) string {
	t.Helper()
	o.Coverage = true
	sum, results := runIn(t, dir, o)
	if sum.Failed > 0 {
		t.Fatalf("the results are %+v", results)
	}
	var files []string
	for _, file := range sum.Coverage {
		name, err := filepath.Rel(dir, file.Path)
		if err != nil {
			t.Fatal(err)
		}
		text := name + ":"
		for _, line := range slices.Sorted(maps.Keys(file.Lines)) {
			text += fmt.Sprint(" ", line, map[bool]string{true: "+", false: "-"}[file.Lines[line]])
		}
		files = append(files, text)
	}
	return strings.Join(files, "\n")
}

// talkative is a script with a module and one line for each of several words.
const talkative = `local words = require "words"
local on = {}
function on.conv_message(session, m)
  if m.message == "one" then
    session:conv_message { buddy_name = "x", message = words.one() }
  elseif m.message == "two" then
    session:conv_message { buddy_name = "x", message = words.two() }
  else
    session:conv_message { buddy_name = "x", message = words.three() }
  end
end
return on
`

const words = `local words = {}
function words.one()
  return "1"
end
function words.two()
  return "2"
end
function words.three()
  return "3"
end
return words
`

func TestCoverageMergesAllVMs(t *testing.T) {
	files := func(body string) map[string]string {
		return map[string]string{"script.lua": talkative, "words.lua": words, "script_test.lua": body}
	}
	const say = `
local function say(u, word) u:say("x", word); u:expect("conv_message") end
`
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"one case", files(say + `test.case("a", function(t) say(t:login(), "one") end)`),
			"script.lua: 1+ 2+ 3+ 4+ 5+ 6- 7- 9- 12+\nwords.lua: 1+ 2+ 3+ 5+ 6- 8+ 9- 11+"},
		{"two cases", files(say + `
test.case("a", function(t) say(t:login(), "one") end)
test.case("b", function(t) say(t:login(), "two") end)`),
			"script.lua: 1+ 2+ 3+ 4+ 5+ 6+ 7+ 9- 12+\nwords.lua: 1+ 2+ 3+ 5+ 6+ 8+ 9- 11+"},
		{"before and after a reload", files(say + `
test.case("a", function(t)
  local u = t:login()
  say(u, "one"); t:reload(); say(u, "two")
end)`),
			"script.lua: 1+ 2+ 3+ 4+ 5+ 6+ 7+ 9- 12+\nwords.lua: 1+ 2+ 3+ 5+ 6+ 8+ 9- 11+"},
		{"a module that the test requires", files(say + `
local words = require "words"
test.case("a", function(t) t.equal(words.three(), "3") end)`),
			"words.lua: 1+ 2+ 3- 5+ 6- 8+ 9+ 11+"},
		{"the test and the script use a module", files(say + `
test.case("a", function(t) say(t:login(), "one"); t.equal(require("words").three(), "3") end)`),
			"script.lua: 1+ 2+ 3+ 4+ 5+ 6- 7- 9- 12+\nwords.lua: 1+ 2+ 3+ 5+ 6- 8+ 9+ 11+"},
		{"several files at the same time", map[string]string{
			"script.lua": talkative, "words.lua": words,
			"a_test.lua": say + `test.script "script.lua"; test.case("a", function(t) say(t:login(), "one") end)`,
			"b_test.lua": say + `test.script "script.lua"; test.case("a", function(t) say(t:login(), "two") end)`,
			"c_test.lua": say + `test.script "script.lua"; test.case("a", function(t) say(t:login(), "three") end)`,
		}, "script.lua: 1+ 2+ 3+ 4+ 5+ 6+ 7+ 9+ 12+\nwords.lua: 1+ 2+ 3+ 5+ 6+ 8+ 9+ 11+"},
		{"a rock in [lua] path", map[string]string{
			"src/script.lua": "local rock = require 'rock'\nreturn { query = rock }", "rocks/share/rock.lua": "return function() end",
			"src/script_test.lua": `
test.config { lua = { path = "` + "FOLDER" + `/rocks/share" } }
test.case("a", function(t) t:send("query", { config = "x" }) end)`,
		}, "src/script.lua: 1+ 2+"},
		{"a file that the case writes", map[string]string{
			"script.lua": "local f = loadfile(require('spectrum').config.get('x.file'))\nreturn f()",
			"script_test.lua": `
test.case("a", function(t)
  local file = t.folder .. "/made.lua"
  local f = assert(io.open(file, "w")); f:write("return {}"); f:close()
  t:start { config = { x = { file = file } } }
end)`,
		}, "script.lua: 1+ 2+"},
		{"a text that the script loads", map[string]string{
			"script.lua":      "load('local x = 1\\n\\n\\n\\nlocal y = 2')()\nreturn {}",
			"script_test.lua": `test.case("a", function(t) t:start() end)`,
		}, "script.lua: 1+ 2+"},
		{"a script that does not load", map[string]string{
			"script.lua":      "local x = 1\nerror 'oops'\nreturn {}",
			"script_test.lua": `test.case("a", function(t) t.error(function() t:start() end, "oops") end)`,
		}, "script.lua: 1+ 2+ 3-"},
		{"a script with a syntax error", map[string]string{
			"script.lua":      "local = 1",
			"script_test.lua": `test.case("a", function(t) t.error(function() t:start() end) end)`,
		}, ""},
		{"no script", map[string]string{"script_test.lua": `test.case("a", function(t) t.equal(1, 1) end)`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.files)
			for name, text := range c.files {
				if strings.Contains(text, "FOLDER") {
					write(t, filepath.Join(dir, name), strings.ReplaceAll(text, "FOLDER", dir))
				}
			}
			for _, jobs := range []int{1, 3} {
				if got := covered(t, dir, scripttest.Options{Jobs: jobs}); got != c.want {
					t.Errorf("with %d jobs the coverage is\n%s\nwant\n%s", jobs, got, c.want)
				}
			}
		})
	}
}

// TestCoverageIsOffByDefault checks that a run without the option measures nothing.
func TestCoverageIsOffByDefault(t *testing.T) {
	dir := folder(t, map[string]string{"script.lua": "return {}", "script_test.lua": `test.case("a", function(t) t:start() end)`})
	if sum, _ := runIn(t, dir, scripttest.Options{}); sum.Coverage != nil {
		t.Errorf("the coverage is %+v", sum.Coverage)
	}
}

// TestCoverageKeepsErrors checks the positions, names and tracebacks of errors.
func TestCoverageKeepsErrors(t *testing.T) {
	dir := folder(t, map[string]string{
		"script.lua": "local on = {}\nfunction on.query()\n  local session = {}\n  session.buddies.count = 1\nend\nreturn on\n",
		"script_test.lua": `
test.case("a", function(t)
  t:send("query", { config = "x" })
  t:expect_error("script.lua:4: attempt to index field 'buddies' %(a nil value%)")
end)`})
	if got := covered(t, dir, scripttest.Options{}); got != "script.lua: 1+ 2+ 3+ 4+ 6+" {
		t.Errorf("the coverage is %s", got)
	}
}

// BenchmarkCoverage runs tests of a script that mostly computes, with and without coverage.
func BenchmarkCoverage(b *testing.B) {
	dir := b.TempDir()
	write(b, filepath.Join(dir, "script.lua"), `
local spectrum = require "spectrum"
local on = {}
function on.query()
  local words, n = {}, 0
  for i = 1, 300000 do
    local key = i % 100
    local count = words[key]
    if count then
      words[key] = count + 1
    else
      words[key] = 1
    end
    n = n + i
  end
  spectrum.send("query", { config = tostring(n) })
end
return on`)
	file := filepath.Join(dir, "script_test.lua")
	write(b, file, `
local test = require "spectrum.test"
test.case("a", function(t) t:query("x") end)`)
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprint(on), func(b *testing.B) {
			for b.Loop() {
				if sum := scripttest.Run(b.Context(), []string{file}, scripttest.Options{Coverage: on}); sum.Passed != 1 {
					b.Fatalf("the summary is %+v", sum)
				}
			}
		})
	}
}

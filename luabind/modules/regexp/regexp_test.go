package regexp_test

import (
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// script is what each test starts with.
const script = luatest.Same + `
local regexp = require "spectrum.regexp"
local function show(...)
  local words = {}
  for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
  return table.concat(words, ",")
end
`

// behaviour are scripts by what they show.
var behaviour = map[string]string{
	"compile": `
		local re = assert(regexp.compile [[^(\w+)@(\w+)$]])
		same(re.pattern, [[^(\w+)@(\w+)$]])
		same(tostring(re), [[regexp: ^(\w+)@(\w+)$]])
		refused("missing closing ): ` + "`(a`" + `", regexp.compile "(a")
		refused("invalid escape sequence", regexp.compile "\\k")
		refused("a pattern of 20000 bytes is too long", regexp.compile(("a"):rep(20000)))
		refused("too big", regexp.compile(("[a-f]{1000}"):rep(30)))
		refused("invalid repeat count", regexp.compile "(a{100}){100}")
		fails("a regexp has no \"matches\"", function() return re.matches end)`,
	"test": `
		same(regexp.compile("b+"):test("abbc"), true)
		same(regexp.test("^b", "abbc"), false)`,
	"match": `
		local re = regexp.compile "(a+)(b)?"
		same(show(re:match("xaab")), "aa,b")
		same(show(re:match("xaac")), "aa,false")
		same(show(re:match("x")), "nil")
		same(show(regexp.match("b+", "abbc")), "bb")
		same(show(regexp.match("(b)?c", "c")), "false")
		same(show(regexp.match("(?i)HÉ", "hé")), "hé")
		same(show(regexp.match("(?s)a.b", "a\nb")), "a\nb")
		same(show(regexp.match("x*", "")), "")`,
	"where a search begins": `
		same(show(regexp.match("a(.)", "a1a2a3", 2)), "2")
		same(show(regexp.match("a(.)", "a1a2a3", -2)), "3")
		same(show(regexp.match("^a(.)", "a1a2a3", 3)), "2")
		same(show(regexp.find("a", "aaa", -100)), "1,1")
		same(show(regexp.find("a*", "aaa", 4)), "4,3")
		same(show(regexp.find("a*", "aaa", 5)), "nil")
		same(show(regexp.find("a*", "aaa", math.huge)), "nil")
		same(show(regexp.find("a", "aaa", 0)), "1,1")
		fails("integer expected", regexp.find, "a", "a", 1.5)
		fails("integer expected", regexp.find, "a", "a", 0/0)`,
	"find": `
		same(show(regexp.find("b+", "abbc")), "2,3")
		same(show(regexp.find("(a)(x)?(b+)", "zabbc", 2)), "2,4,a,false,bb")
		same(show(regexp.find("q", "abbc")), "nil")
		same(show(regexp.find("日", "a日")), "2,4")`,
	"captures": `
		local m = regexp.captures("(?P<user>\\w+)@(?P<host>\\w+)(/\\w+)?", "to: romeo@montague")
		same(show(m[0], m[1], m.user, m.host, m[3]), "romeo@montague,romeo,romeo,montague,false")
		same(regexp.captures("x", "y"), nil)
		same(regexp.captures("x", "xx", 2)[0], "x")`,
	"find_all": `
		same(table.concat(regexp.find_all("\\d+", "1 22 333"), ","), "1,22,333")
		same(table.concat(regexp.find_all("\\d+", "1 22 333", 2), ","), "1,22")
		same(#regexp.find_all("\\d+", "1 22 333", 0), 0)
		same(#regexp.find_all("x", "1"), 0)
		local list = regexp.find_all("(\\w)=(?P<value>\\w)", "a=1 b=2")
		same(show(#list, list[2][0], list[2][1], list[2].value), "2,b=2,b,2")
		same(#regexp.find_all("", "aé"), 3)
		fails("number of matches expected, got -1", regexp.find_all, "a", "a", -1)`,
	"gmatch": `
		local seen = {}
		for k, v in regexp.gmatch("(\\w)=(\\w)", "a=1 b=2") do seen[#seen + 1] = k .. v end
		same(table.concat(seen, ","), "a1,b2")
		seen = {}
		for word in regexp.compile("\\bx\\w*"):gmatch("x xa bx xb") do seen[#seen + 1] = word end
		same(table.concat(seen, ","), "x,xa,xb")`,
	"replace by a text": `
		same(show(regexp.replace("(\\w)=(?P<value>\\w)", "a=1 b=2 c", "$2=$1")), "1=a 2=b c,2")
		same(show(regexp.replace("(\\w)=(?P<value>\\w)", "a=1 b=2", "${value}0$$$1x", 1)), "10$ax b=2,1")
		same(show(regexp.replace("(a)|(b)", "ab", "[$0$2]")), "[a][bb],2")
		same(show(regexp.replace("x", "ab", "y")), "ab,0")
		same(show(regexp.replace("x*", "ab", "-")), "-a-b-,3")
		same(show(regexp.replace("a", "ab", 5)), "5b,1")
		fails('refers to a capture "2", which the pattern does not have', regexp.replace, "(a)", "a", "$2")
		fails('refers to a capture "nam"', regexp.replace, "(?P<name>a)", "a", "$nam")
		fails("a dollar is $$", regexp.replace, "(a)", "a", "5 $")
		fails("a dollar is $$", regexp.replace, "(a)", "a", "${1")
		fails("more than 1000 captures", regexp.replace, "a", "a", ("$0"):rep(2000))`,
	"replace by a function": `
		local spectrum = require "spectrum"
		same(show(regexp.replace("(\\w)(\\d)?", "a1b", function(letter, digit)
			spectrum.sleep(0.001)
			return letter:upper() .. tostring(digit)
		end)), "A1Bfalse,2")
		same(show(regexp.replace("\\w", "abc", function(c) if c == "b" then return 7 end end)), "a7c,3")
		same(show(regexp.replace("\\w", "abc", function() return false end)), "abc,3")
		fails("replacement: string expected, got table", regexp.replace, "a", "a", function() return {} end)
		fails("of the script", regexp.replace, "a", "a", function() error("of the script") end)
		fails("string, function or table expected, got nil", regexp.replace, "a", "a")`,
	"replace by a table": `
		same(show(regexp.replace("\\w+", "one two three", { one = 1, two = "2" })), "1 2 three,3")
		same(show(regexp.replace("(\\w)=", "a=b=", setmetatable({}, { __index = function(_, k) return k .. k end }))), "aabb,2")`,
	"split": `
		same(table.concat(regexp.split("[, ]+", "a, b,c  d"), "|"), "a|b|c|d")
		same(table.concat(regexp.split(",", "a,b,c", 2), "|"), "a|b,c")
		same(table.concat(regexp.split(",", ",a,"), "|"), "|a|")
		same(table.concat(regexp.split("", "日b"), "|"), "日|b")
		same(#regexp.split(",", ""), 1)
		same(#regexp.split(",", "a,b", 0), 0)`,
	"quote": `
		same(regexp.quote("a.b*[c]"), "a\\.b\\*\\[c\\]")
		same(regexp.test("^" .. regexp.quote("$1 (x)|y?") .. "$", "$1 (x)|y?"), true)`,
	"bytes that are no UTF-8": `
		same(show(regexp.find("b", "\255\254b")), "3,3")
		same(show(regexp.find(".", "\255")), "1,1")`,
	"the functions of the module": `
		fails("missing closing )", regexp.match, "(a", "a")
		same(show(regexp.match(regexp.compile "a(.)", "ab")), "b")
		for i = 1, 200 do same(regexp.match("a" .. i .. "(.)", "a" .. i .. "b"), "b") end
		fails("string expected", regexp.match, {}, "a")
		fails("string expected", regexp.match, "a")
		fails("with a colon", regexp.compile("a").match, "a")`,
	"a text that waits": `
		local text = ("abc "):rep(20000)
		local re = regexp.compile "(\\w)\\w*(?:q{50})?"
		same(re:test(text .. "x"), true)
		same(#re:find_all(text), 20000)
		same(show(re:find(text, 5)), "5,7,a")
		local replaced, n = re:replace(text, "$1")
		same(n, 20000)
		same(#replaced, 40000)
		same(#regexp.split(" (?:q{50})?", text), 20001)
		same(show(regexp.match("q", text)), "nil")`,
}

func TestBehaviour(t *testing.T) {
	for name, test := range behaviour {
		t.Run(name, func(t *testing.T) { luatest.Run(t, script+test) })
	}
}

func TestLimits(t *testing.T) {
	luatest.Run(t, script+`
		local want = "longer than 65536 bytes (max_string)"
		fails(want, regexp.replace, "a", ("a"):rep(1000), ("x"):rep(100))
		fails(want, regexp.replace, "a", ("a"):rep(1000), function() return ("x"):rep(100) end)
		fails(want, regexp.replace, "(a+)", ("a"):rep(1000), ("$1"):rep(100))
		fails(want, regexp.quote, ("."):rep(40000))
	`, "max_string=64K")
	luatest.Run(t, script+`
		fails("there are more than 10000 matches", regexp.find_all, ("()"):rep(24), ("a"):rep(10000))
		fails("there are more than 10000 matches", regexp.gmatch, ("()"):rep(24), ("a"):rep(10000))
		fails("there are more than 250000 parts", regexp.split, "a", ("a"):rep(250001))
		local re = assert(regexp.compile "([a-f]{1000}){1}[a-f]{900}[a-f]{900}")
		fails("too long for a pattern of this size", re.test, re, ("a"):rep(3000000))
	`)
}

// A user logs in while matches run that take seconds, and logs out before the matches end.
func TestOthersRunMeanwhile(t *testing.T) {
	st := luatest.Start(t, `
		local spectrum, regexp = require "spectrum", require "spectrum.regexp"
		local on = {}
		local re = regexp.compile "(?:[ab]?){300}c"
		function on.login(session)
			session:spawn(function() re:test(("ab"):rep(500000)) end)
			session:connected()
		end
		return on`)
	start := time.Now()
	for range 3 {
		st.Login("romeo@localhost")
		st.Expect("connected", nil)
		st.Logout("romeo@localhost")
	}
	if took := time.Since(start); took > 5*time.Second { // waiting for the matches takes longer
		t.Errorf("three logins took %v", took)
	}
}

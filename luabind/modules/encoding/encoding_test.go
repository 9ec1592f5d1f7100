package encoding_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// script is the beginning of each test's script.
const script = luatest.Same + `
local encoding = require "spectrum.encoding"
local base64, base64url, hex, percent = encoding.base64, encoding.base64url, encoding.hex, encoding.percent
local query, utf8 = encoding.query, encoding.utf8
`

// behaviour holds scripts by the name of their test case.
var behaviour = map[string]string{
	"base64": `
		same(base64.encode("\251\255\254"), "+//+")
		same(base64.encode("a"), "YQ==")
		same(base64.encode("a", { padding = false }), "YQ")
		same(base64.decode("YQ=="), "a")
		same(base64.decode("YQ"), "a")
		same(base64.decode("YWJj\r\nZGVm\n"), "abcdef")
		same(base64.decode(""), "")
		refused("invalid base64 at byte 3", base64.decode("YQ*="))
		refused("invalid base64 at byte 5", base64.decode("YWJjZ"))
		refused("invalid base64", base64.decode("-__-"))`,
	"base64url": `
		same(base64url.encode("\251\255\254"), "-__-")
		same(base64url.encode("a"), "YQ")
		same(base64url.encode("a", { padding = true }), "YQ==")
		same(base64url.decode("YQ=="), "a")
		same(base64url.decode("-__-"), "\251\255\254")
		refused("invalid base64url", base64url.decode("+//+"))`,
	"hex": `
		same(hex.encode("\0\255a"), "00ff61")
		same(hex.decode("00FFaB"), "\0\255\171")
		refused("'x' is not a hexadecimal digit", hex.decode("0x"))
		refused("odd", hex.decode("abc"))`,
	"percent": `
		same(percent.encode("a b/ü~-._%"), "a%20b%2F%C3%BC~-._%25")
		same(percent.encode("/a b/%", "/%"), "/a%20b/%25")
		same(percent.decode("a%20b%2fc+d%ff"), "a b/c+d\255")
		refused('"%zz" is not an escape', percent.decode("%zz"))
		refused('"%" is not an escape', percent.decode("%"))`,
	"query, to a string": `
		same(query.encode { q = "a b&c", n = 3, yes = true, tag = { "x", "y" }, none = {} }, "n=3&q=a+b%26c&tag=x&tag=y&yes=true")
		same(query.encode { { "b", 1 }, { "a", 2 }, { "b", 3 } }, "b=1&a=2&b=3")
		same(query.encode {}, "")
		fails("name: string expected, got true", query.encode, { [true] = 1 })
		fails("element 1: pair { name, value } expected, got string \"x\"", query.encode, { "x" })
		fails("got a table without a name", query.encode, { {} })
		fails("q: string, number or boolean expected, got table", query.encode, { q = { {} } })`,
	"query, to tables": `
		local first, all = query.decode "?a=1&b=x+y%26z&a=2&empty=&bare&&a=3"
		same(first.a, "1")
		same(first.b, "x y&z")
		same(first.empty, "")
		same(first.bare, "")
		same(table.concat(all.a, ","), "1,2,3")
		same(#all.b, 1)
		same(next((query.decode "")), nil)
		refused('"%z" is not an escape', query.decode "a=%z")
		refused("too many", query.decode(("a&"):rep(10000)))`,
	"charsets": `
		for name, bytes in pairs {
			["windows-1251"] = "\207\240\232\226\229\242", CP1251 = "\207\240\232\226\229\242",
			["koi8-r"] = "\240\210\201\215\197\212", ["ISO-8859-5"] = "\191\224\216\210\213\226",
			["utf-8"] = "Привет",
		} do
			same(encoding.to_utf8(bytes, name), "Привет")
			same(encoding.from_utf8("Привет", name), bytes)
		end
		same(encoding.to_utf8("caf\233", "latin1"), "café")
		same(encoding.to_utf8("caf\233", " Latin-1 "), "café")
		same(encoding.to_utf8("\128", "windows-1252"), "€")
		same(encoding.to_utf8("\147\250\150\123", "shift_jis"), "日本")
		same(encoding.from_utf8("日本", "shift_jis"), "\147\250\150\123")
		same(encoding.from_utf8("日本", "euc-jp"), "\198\252\203\220")
		same(encoding.from_utf8("hi", "utf-16le"), "h\0i\0")
		same(encoding.to_utf8("\216\61\222\0", "utf-16be"), "😀")
		same(encoding.charset("latin1"), "iso-8859-1")
		same(encoding.charset("CP1252"), "windows-1252")
		same(encoding.charset("SJIS"), "shift_jis")
		refused('there is no charset "latin99"', encoding.to_utf8("a", "latin99"))
		refused("there is no charset", encoding.from_utf8("a", ""))
		refused("there is no charset", encoding.charset("iso-2022-kr"))`,
	"characters that a charset does not have": `
		same(encoding.to_utf8("a\255", "us-ascii"), "a\239\191\189")
		same(encoding.to_utf8("\147", "shift_jis"), "\239\191\189")
		refused("the character '日' (U+65E5) at byte 3 is not in latin1", encoding.from_utf8("a 日本", "latin1"))
		same(encoding.from_utf8("a 日本 é", "latin1", "?"), "a ?? \233")
		same(encoding.from_utf8("a 日本", "latin1", ""), "a ")
		same(encoding.from_utf8("a\255b", "latin1", "?"), "a?b")
		refused("U+FFFD", encoding.from_utf8("a\255b", "latin1"))
		same(encoding.from_utf8("日😀a", "iso-2022-jp", "?"), "\27$BF|\27(B?a")
		same(encoding.from_utf8("日😀日", "iso-2022-jp", "本"), "\27$BF|\27(B\27$BK\\F|\27(B")
		fails("latin1 cannot encode the replacement", encoding.from_utf8, "a", "latin1", "日")
		fails("at most 16 bytes", encoding.from_utf8, "a", "latin1", ("?"):rep(17))`,
	"a long text lets others run": `
		local text = ("Привет "):rep(100000)
		local bytes = encoding.from_utf8(text, "koi8-r")
		same(#bytes, 700000)
		bytes = bytes .. bytes
		same(encoding.to_utf8(bytes, "koi8-r") == text .. text, true)`,
	"utf8.len and sub": `
		same(utf8.len("日本 a"), 4)
		same(utf8.len("a\255\226\130"), 4)
		same(utf8.len(""), 0)
		local text = "añ日😀z"
		for i = -7, 7 do
			for j = -7, 7 do
				local want = ("12345"):sub(i, j):gsub("%d", { ["2"] = "ñ", ["3"] = "日", ["4"] = "😀", ["1"] = "a", ["5"] = "z" })
				same(utf8.sub(text, i, j), want)
			end
		end
		same(utf8.sub(text, 3), "日😀z")
		same(utf8.sub(text, 2, math.huge), "ñ日😀z")
		same(utf8.sub(text, -math.huge, -5), "a")
		same(utf8.sub("\255b\254", 2, 3), "b\254")
		fails("integer expected", utf8.sub, "a", 1.5)
		fails("integer expected", utf8.sub, "a", 0/0)`,
	"utf8.valid and clean": `
		same(utf8.valid("日本 \239\191\189"), true)
		local ok, at = utf8.valid("\239\191\189日\192\128")
		same(ok, false)
		same(at, 7)
		same(select(2, utf8.valid("\237\160\128")), 1)
		same(utf8.clean("日"), "日")
		same(utf8.clean("a\255\254b\226"), "a\239\191\189\239\191\189b\239\191\189")
		same(utf8.clean("a\255\254b", ""), "ab")
		same(utf8.clean("\255", "(?)"), "(?)")`,
	"utf8.chars, char, codepoint": `
		local seen = {}
		for c, at in utf8.chars("añ\255日") do seen[#seen + 1] = c .. at end
		same(table.concat(seen, " "), "a1 ñ2 \2554 日5")
		same(utf8.char(97, 241, 26085, 128512), "añ日😀")
		same(utf8.char(), "")
		same(utf8.codepoint("añ"), 97)
		same(table.concat({ utf8.codepoint("añ日", 1, -1) }, ","), "97,241,26085")
		same(utf8.codepoint("añ日", -1), 26085)
		same(select("#", utf8.codepoint("")), 0)
		fails("Unicode code point expected", utf8.char, 0xD800)
		fails("Unicode code point expected", utf8.char, -1)
		fails("Unicode code point expected", utf8.char, 1e9)
		fails("at most 200", utf8.codepoint, ("a"):rep(201), 1, -1)`,
	"utf8.truncate": `
		local function cut(s, n)
			local head, rest = utf8.truncate(s, n)
			return head .. "|" .. rest
		end
		same(cut("abc", 4), "abc|")
		same(cut("abcde", 4), "abcd|e")
		same(cut("ab日本", 4), "ab|日本")
		same(cut("ab日本", 5), "ab日|本")
		same(cut("ab😀", 5), "ab|😀")
		same(cut("abcd日", 4), "abcd|日")
		same(cut("\128\128\128\128\128", 4), "\128\128\128\128|\128")
		same(cut("a日\128\128", 5), "a日\128|\128")
		same(cut("", 4), "|")
		fails("at least 4 bytes", utf8.truncate, "a", 3)
		local pieces, rest = 0, ("日本"):rep(100)
		while rest ~= "" do
			local head
			head, rest = utf8.truncate(rest, 10)
			assert(#head <= 10 and utf8.valid(head))
			pieces = pieces + 1
		end
		same(pieces, 67)`,
	"utf8.lower and upper": `
		same(utf8.lower("ÄÖ ПРИВЕТ"), "äö привет")
		same(utf8.upper("äöß"), "ÄÖß")`,
	"wrong arguments raise": `
		fails("string expected", base64.encode)
		fails("did you mean \"padding\"", base64.encode, "", { pading = true })
		fails("spectrum.encoding has no \"base46\"; did you mean \"base64\"?", function() return encoding.base46 end)
		fails("spectrum.encoding.utf8 has no \"length\"", function() return utf8.length end)`,
}

func TestBehaviour(t *testing.T) {
	for name, test := range behaviour {
		t.Run(name, func(t *testing.T) { luatest.Run(t, script+test) })
	}
}

func TestLimits(t *testing.T) {
	luatest.Run(t, script+`
		local big, want = ("x"):rep(65536), "longer than 65536 bytes (max_string)"
		fails(want, base64.encode, big)
		fails(want, hex.encode, big)
		fails(want, percent.encode, (" "):rep(65536))
		fails(want, query.encode, { a = big })
		fails(want, query.encode, { a = (" "):rep(30000), b = ("%"):rep(30000) })
		fails(want, utf8.clean, ("\255"):rep(30000))
		fails(want, utf8.clean, ("\255"):rep(60000), ("?"):rep(60000))
		refused("too long (max_string)", encoding.to_utf8(("\233"):rep(60000), "latin1"))
		refused("too long (max_string)", encoding.from_utf8(("😀"):rep(10000), "latin1", ("?"):rep(16)))
		same(percent.encode(big), big)
	`, "max_string=64K")
}

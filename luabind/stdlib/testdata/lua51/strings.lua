-- Strings and patterns, as section 5.4 of the manual has them.

test("len, sub", function()
  assert(string.len("a\0b") == 3 and #"abc" == 3 and ("x"):len() == 1)
  local s = "hello"
  assert(s:sub(2) == "ello" and s:sub(2, 3) == "el" and s:sub(-3) == "llo" and s:sub(-3, -2) == "ll" and s:sub(0) == s)
  assert(s:sub(-100, 100) == s and s:sub(3, 2) == "" and s:sub(6) == "" and s:sub(2, -5) == "" and s:sub(100) == "" and s:sub(1, -100) == "")
  assert(s:sub("2", "3") == "el" and s:sub(2.9) == "ello")
end)

test("byte, char", function()
  assert(("abc"):byte() == 97 and ("abc"):byte(-1) == 99 and ("abc"):byte(10) == nil and select("#", ("abc"):byte(10)) == 0)
  local a, b, c = ("abc"):byte(1, -1)
  assert(a == 97 and b == 98 and c == 99 and select("#", ("abc"):byte(2, 100)) == 2 and select("#", ("abc"):byte(3, 2)) == 0)
  assert(string.char() == "" and string.char(104, 105, 0, 255) == "hi\0\255")
  fails("invalid value", string.char, 256)
  fails("invalid value", string.char, -1)
  fails("string slice too long", string.byte, ("x"):rep(1e6), 1, -1)
end)

test("rep, reverse, upper, lower", function()
  assert(("ab"):rep(3) == "ababab" and ("x"):rep(0) == "" and ("x"):rep(-1) == "" and ("x"):rep("2") == "xx")
  assert(("abc"):reverse() == "cba" and (""):reverse() == "")
  assert(("aBz\195\164"):upper() == "ABZ\195\164" and ("AbZ\195\132"):lower() == "abz\195\132")
end)

test("format of integers", function()
  assert(string.format("%d|%5d|%-5d|%05d|%+d|% d|%.3d|%5.2d|%i", 3, 42, 42, 42, 5, 5, 7, 3, -8) == "3|   42|42   |00042|+5| 5|007|   03|-8")
  assert(string.format("%d|%d|%d", 3.7, -3.7, "10") == "3|-3|10" and string.format("%u", 7) == "7")
  assert(string.format("%x|%X|%#x|%o|%#o|%x", 255, 255, 255, 8, 8, -1) == "ff|FF|0xff|10|010|ffffffffffffffff")
  assert(string.format("%.0d|%5.0d|", 0, 0) == "|     |" and string.format("%-+6d|%+06d", 12, 12) == "+12   |+00012")
  assert(string.format("%c%c", 72, 105) == "Hi" and string.format("%3c|%-3c|", 65, 65) == "  A|A  |")
end)

test("format of fractions", function()
  assert(string.format("%f|%.2f|%10.3f|%-10.3f|%+.1f|%.0f", 1.5, 2.346, 3.14159, 3.14159, 2, 2.5) == "1.500000|2.35|     3.142|3.142     |+2.0|2")
  assert(string.format("%e|%.2E", 12345.678, 0.00012) == "1.234568e+04|1.20E-04")
  assert(string.format("%g|%g|%g|%g|%g|%.3g|%G", 100000, 1e6, 1e20, 0.0001, 0.00001, 1234.5, 1e-10) == "100000|1e+06|1e+20|0.0001|1e-05|1.23e+03|1E-10")
  assert(string.format("%.14g|%.17g", 0.1, 0.1) == "0.1|0.10000000000000001" and string.format("%5.1f|%-8.3f|%08.3f", 3.14159, 2.5, -2.5) == "  3.1|2.500   |-002.500")
  assert(string.format("%f|%6.1f|%06f", 1 / 0, -1 / 0, 1 / 0) == "inf|  -inf|   inf" and string.format("%G", 1 / 0) == "INF")
  assert(string.format("%#.0f|%#g", 3, 1.5) == "3.|1.50000")
end)

test("format of strings", function()
  assert(string.format("%s|%5s|%-5s|%.2s|%5.2s|", "a", "b", "c", "defg", "hijk") == "a|    b|c    |de|   hi|")
  assert(string.format("%s %s", 1, 2.5) == "1 2.5" and string.format("100%%") == "100%" and string.format("") == "")
  assert(string.format("%q", 'a\n"\\b\0\r') == '"a\\\n\\"\\\\b\\000\\r"')
  assert(loadstring("return " .. string.format("%q", 'x"\n\\\0\r\200'))() == 'x"\n\\\0\r\200')
  assert(#string.format("%99d", 1) == 99 and string.format("%s", ("x"):rep(1000)) == ("x"):rep(1000))
end)

test("what is wrong with a format", function()
  fails("invalid option '%%y'", string.format, "%y", 1)
  fails("invalid option '%%'", string.format, "%", 1)
  fails("width or precision too long", string.format, "%123d", 1)
  fails("width or precision too long", string.format, "%.123d", 1)
  fails("repeated flags", string.format, "%------d", 1)
  fails("no value", string.format, "%d")
  fails("number expected", string.format, "%d", "x")
end)

local function all(...) return table.concat({ ... }, " ") end

test("find", function()
  assert(all(("hello"):find("l")) == "3 3" and all(("hello"):find("xyz")) == "" and all(("hello"):find("l", 4)) == "4 4")
  assert(all(("a.b"):find(".", 1, true)) == "2 2" and all(("a.b"):find("%.")) == "2 2" and all(("abc"):find("b", -1)) == "")
  assert(all(("abc"):find("")) == "1 0" and all(("abc"):find("", 3)) == "3 2" and all(("abc"):find("", 10)) == "4 3" and all(("abc"):find("", -10)) == "1 0")
  assert(all(("key = value"):find("(%w+)%s*=%s*(%w+)")) == "1 11 key value" and all(("abc"):find("()b()")) == "2 2 2 3")
  assert(all((""):find("^$")) == "1 0" and all(("a\0b"):find("\0")) == "2 2" and all(("a\0b"):find("%z")) == "2 2")
end)

test("match", function()
  assert(("hello 42"):match("%d+") == "42" and ("abc"):match("z") == nil and select("#", ("abc"):match("z")) == 1)
  assert(all(("2024-05-06"):match("(%d+)-(%d+)-(%d+)")) == "2024 05 06" and ("  trim  "):match("^%s*(.-)%s*$") == "trim")
  assert(("abc"):match("b()") == 3 and ("hello"):match(".-(l+)") == "ll" and ("x=1"):match("=", 3) == nil and ("x=1"):match("%d", -1) == "1")
  assert(("THE (quick) fox"):find("%((%a+)%)") == 5 and ("f(a(b)c)d"):match("%b()") == "(a(b)c)")
  assert(("THE (quick) fox"):gsub("%f[%a]%a+%f[%A]", "x") == "x (x) x")
end)

test("gmatch", function()
  local words = {}
  for w in ("one two  three"):gmatch("%a+") do words[#words + 1] = w end
  assert(all(unpack(words)) == "one two three")
  local t = {}
  for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do t[k] = v end
  assert(t.a == "1" and t.b == "2")
  local n = 0
  for _ in ("abc"):gmatch("") do n = n + 1 end
  assert(n == 4)
  for _ in ("aaa"):gmatch("^a") do error("^ is no anchor in gmatch") end
  local at = {}
  for p in ("abc"):gmatch("()") do at[#at + 1] = p end
  assert(all(unpack(at)) == "1 2 3 4")
  assert(string.gfind == string.gmatch)
end)

test("gsub with a string", function()
  assert(all(("hello world"):gsub("o", "0")) == "hell0 w0rld 2" and all(("hello"):gsub("l", "L", 1)) == "heLlo 1" and all(("hello"):gsub("l", "L", 0)) == "hello 0")
  assert(all(("hello"):gsub("", "-")) == "-h-e-l-l-o- 6" and all(("abc"):gsub("%w", "%0%0")) == "aabbcc 3" and all(("abc"):gsub("%w*", "x")) == "xx 2")
  assert(all(("hello world"):gsub("(%w+) (%w+)", "%2 %1")) == "world hello 1" and all(("abc"):gsub("b", "%%")) == "a%c 1" and all(("abc"):gsub("b", "%x")) == "axc 1")
  assert(all(("abc"):gsub("(b)()", "%2")) == "a3c 1" and all(("aaa"):gsub("^a", "b")) == "baa 1" and all(("abc"):gsub("b", 7)) == "a7c 1" and all((""):gsub("^", "x")) == "x 1")
  assert(all(("abc"):gsub("b", "%1")) == "abc 1")
  fails("invalid capture index", string.gsub, "abc", "%w", "%2")
end)

test("gsub with a table or a function", function()
  assert(all(("$name is $age"):gsub("%$(%w+)", { name = "Lua", age = 5 })) == "Lua is 5 2" and all(("abc"):gsub("%w", { b = false })) == "abc 3")
  assert(all(("abc"):gsub("%w", string.upper)) == "ABC 3" and all(("abc"):gsub("b", function() end)) == "abc 1" and all(("abc"):gsub("()", function(p) return p end)) == "1a2b3c4 4")
  assert(all(("a b"):gsub("(%w) (%w)", function(a, b) return b .. a end)) == "ba 1")
  assert(all(("ab"):gsub("%w", setmetatable({}, { __index = function(_, k) return k .. k end }))) == "aabb 2")
  fails("invalid replacement value %(a table%)", string.gsub, "abc", "b", function() return {} end)
  fails("string/function/table expected", string.gsub, "a", "a", true)
  local nested = ("a-b"):gsub("%w", function(c) return (c .. c):gsub(c, "<%0>") end)
  assert(nested == "<a><a>-<b><b>")
end)

test("what is wrong with a pattern", function()
  fails("malformed pattern %(ends with '%%'%)", string.find, "a", "a%")
  fails("malformed pattern %(missing ']'%)", string.find, "a", "[a")
  fails("unfinished capture", string.find, "a", "(a")
  fails("invalid pattern capture", string.match, "a", "a)")
  fails("missing '%[' after '%%f' in pattern", string.find, "a", "%fa")
  fails("invalid capture index", string.find, "a", "%1")
  fails("too many captures", string.find, "a", ("()"):rep(33))
end)

test("strings are indexed with the library's functions", function()
  assert(("x"):rep(2) == "xx" and ("x").upper == string.upper and ("x").nothing == nil)
end)

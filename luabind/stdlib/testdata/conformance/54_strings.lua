-- 5.4: strings.

test("byte, char, len, lower, upper, rep, reverse, sub", function()
  assert(("abc"):byte() == 97 and ("abc"):byte(-1) == 99 and select("#", ("abc"):byte(1, -1)) == 3 and select("#", (""):byte()) == 0)
  assert(string.char() == "" and string.char(72, 105) == "Hi" and ("a\0b"):len() == 3)
  assert(("aBc1"):lower() == "abc1" and ("aBc1"):upper() == "ABC1" and ("ab"):rep(3) == "ababab" and ("ab"):rep(0) == "" and ("ab"):rep(-1) == "")
  assert(("abc"):reverse() == "cba" and ("hello"):sub(2, 3) == "el" and ("hello"):sub(-3) == "llo" and ("hello"):sub(4, 2) == "" and ("hello"):sub(0) == "hello" and ("hello"):sub(-100, 100) == "hello")
  fails("bad argument #1 to '[^']*' %(invalid value%)", string.char, 256)
  assert(("%d"):rep(2) == "%d%d" and ("10"):rep("2") == "1010")
end)

test("find", function()
  local s = "hello world"
  assert(s:find("o") == 5 and select(2, s:find("wor")) == 9 and s:find("o", 6) == 8 and s:find("xyz") == nil and s:find("") == 1 and s:find("", 12) == 12)
  assert(s:find("l+") == 3 and select(2, s:find("l+")) == 4 and s:find(".", 1, true) == nil and ("a.b"):find(".", 1, true) == 2)
  local i, j, a, b = s:find("(%w+) (%w+)")
  assert(i == 1 and j == 11 and a == "hello" and b == "world")
  assert(s:find("^hello") == 1 and s:find("^world") == nil and s:find("world$") == 7 and s:find("()ll") == 3)
end)

test("match and gmatch", function()
  assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key" and ("x"):match("y") == nil and ("2024-01"):match("%d+") == "2024")
  assert(("  trim  "):match("^%s*(.-)%s*$") == "trim" and ("[[x]]"):match("%[%[(.-)%]%]") == "x" and ("f(a(b)c)d"):match("%b()") == "(a(b)c)")
  assert(("THE (quick) fox"):find("%((%a+)%)") == 5 and ("hello"):match(".-(l+)(.*)") == "ll" and ("x=1"):match("()=()") == 2)
  assert(("THE (quick) fox"):gsub("%f[%a]%a+", "W") == "W (W) W")
  local words = {}
  for w in ("one two  three"):gmatch("%a+") do words[#words + 1] = w end
  assert(table.concat(words, ",") == "one,two,three")
  local pairsFound = {}
  for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do pairsFound[#pairsFound + 1] = k .. v end
  assert(table.concat(pairsFound, ",") == "a1,b2")
  assert(("aaa"):match("a-b") == nil and ("abc123"):match("[a-c]+[^%a]+") == "abc123" and ("a]b"):match("[]]") == "]" and ("a-b"):match("[a%-]+") == "a-")
  assert(("aXbX"):match("(a)X(b)X") == "a" and ("abab"):match("(ab)%1") == "ab")
end)

test("gsub", function()
  assert(("hello world"):gsub("o", "0") == "hell0 w0rld" and select(2, ("hello world"):gsub("o", "0")) == 2)
  assert(("hello"):gsub("l", "L", 1) == "heLlo" and ("abc"):gsub("%w", "%0%0") == "aabbcc" and ("hello world"):gsub("(%w+) (%w+)", "%2 %1") == "world hello")
  assert(("$name is $age"):gsub("%$(%w+)", { name = "Bob", age = 5 }) == "Bob is 5" and ("$x"):gsub("%$(%w+)", {}) == "$x")
  assert(("abc"):gsub("%w", function(c) if c == "b" then return "[" .. c .. "]" end end) == "a[b]c" and ("abc"):gsub("", "-") == "-a-b-c-")
  assert(("abc"):gsub("b", "%%") == "a%c" and ("x^2"):gsub("%^", "**") == "x**2" and (""):gsub("", "x") == "x" and ("abc"):gsub("b", false or "") == "ac")
  fails("invalid replacement value", string.gsub, "a", "a", function() return {} end)
  fails("bad argument #3 to '[^']*' %(string/function/table expected", string.gsub, "a", "a", nil)
  fails("malformed pattern", string.gsub, "a", "[a", "b")
  fails("malformed pattern %(ends with '%%'%)", string.find, "a", "%")
  fails("unfinished capture", string.find, "a", "(a")
  fails("invalid capture index", string.gsub, "a", "a", "%2")
end)

test("format", function()
  assert(("%d %5d %-5d| %05d %+d"):format(1, 2, 3, 4, 5) == "1     2 3    | 00004 +5" and ("%x %X %#x %o"):format(255, 255, 255, 8) == "ff FF 0xff 10")
  assert(("%5.2f %e %g %g"):format(3.14159, 1000, 1e20, 0.1) == " 3.14 1.000000e+03 1e+20 0.1" and ("%c%c"):format(72, 105) == "Hi" and ("%%"):format() == "%")
  assert(("%s %10s|%-10s|%.2s"):format("a", "b", "c", "defg") == "a          b|c         |de" and ("%q"):format('a"b\\c\nd\0') == '"a\\"b\\\\c\\\nd\\000"')
  assert(("%i %u"):format("10", 3.7) == "10 3" and ("%.3d"):format(5) == "005" and ("%5s"):format(12) == "   12" and ("%.14g"):format(0.1) == "0.1")
  fails("bad argument #2 to '[^']*' %(number expected, got string%)", string.format, "%d", "x")
  fails("bad argument #2 to '[^']*' %(no value%)", string.format, "%d")
  fails("invalid option '%%y' to 'format'", string.format, "%y", 1)
end)

test("the number of an argument does not count self in a method call", function()
  fails("bad argument #1 to 'rep' %(number expected, got table%)", function() return ("x"):rep({}) end)
  fails("bad argument #2 to 'rep' %(number expected, got table%)", function() return string.rep("x", {}) end)
  fails("calling 'upper' on bad self", function() local t = { upper = string.upper } return t:upper() end)
end)

-- 2.1: names, strings, numerals and comments.

test("names have letters, digits and underscores, and their case counts", function()
  local _x1, And, AND = 1, 2, 3
  assert(_x1 == 1 and And == 2 and AND == 3)
  for _, keyword in ipairs { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local",
    "nil", "not", "or", "repeat", "return", "then", "true", "until", "while" } do
    assert(loadstring("local " .. keyword .. " = 1") == nil, keyword)
  end
end)

test("escapes in a short string", function()
  assert("\a\b\f\n\r\t\v" == string.char(7, 8, 12, 10, 13, 9, 11))
  assert("\"\'\\" == string.char(34, 39, 92))
  assert("\65\066\0067" == "AB\0067" and #"\0" == 1 and "a\0b" ~= "a")
  assert("a\
b" == "a\nb")
  assert(loadstring('return "\\300"') == nil, "a byte is at most 255")
  assert(loadstring("return 'a\nb'") == nil, "a line ends an open string")
  assert("\q" == "q", "another letter stands for itself")
end)

test("long strings have levels and no escapes, and lose a first line end", function()
  assert([[a\n]] == "a\\n" and [==[
]]]==] == "]]" and #[[

]] == 1)
  assert([=[[[x]]]=] == "[[x]]" and [[]] == "")
end)

test("numerals", function()
  assert(3 == 3.0 and 3.1416 == 314.16e-2 and 0.31416E1 == 3.1416 and .5 == 0.5 and 5. == 5)
  assert(0xff == 255 and 0x56 == 86 and 0XA == 10)
  assert(loadstring("return 3x") == nil and loadstring("return 1..2") == nil)
end)

test("comments", function()
  local x = 1 -- x = 2
  --[[ x = 3
  ]] x = x + 1
  --[==[ ]] x = 4
  ]==]
  --[ x = 5
  ---[[ x = 6
  assert(x == 2)
end)

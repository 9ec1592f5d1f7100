-- Tests of irc/text.lua: the codes of mIRC, and XHTML-IM.

local test = require "spectrum.test"
local text = require "irc.text"

local function span(css, inner)
  return '<span style="' .. css .. '">' .. inner .. "</span>"
end

-- FROM has lines of IRC with their plain text and, if they have a style, their XHTML.
local FROM = {
  { "nothing", "hello", "hello" },
  { "an empty line", "", "" },
  { "bold", "so \2bold\2 it is", "so bold it is", "so " .. span("font-weight: bold", "bold") .. " it is" },
  { "italic", "\29x", "x", span("font-style: italic", "x") },
  { "underline", "\31x\31", "x", span("text-decoration: underline", "x") },
  { "strike", "\30x\30", "x", span("text-decoration: line-through", "x") },
  { "monospace", "\17x\17", "x", span("font-family: monospace", "x") },
  { "both lines", "\31\30x", "x", span("text-decoration: underline line-through", "x") },
  { "reverse", "\22x", "x", span("color: #ffffff; background-color: #000000", "x") },
  { "reset", "\2\29a\15b", "ab", span("font-weight: bold; font-style: italic", "a") .. "b" },
  {
    "overlapping",
    "\2a\29b\2c",
    "abc",
    span("font-weight: bold", "a")
      .. span("font-weight: bold; font-style: italic", "b")
      .. span("font-style: italic", "c"),
  },
  { "a colour", "\0034red\3 not", "red not", span("color: #ff0000", "red") .. " not" },
  { "a colour of two digits", "\00304" .. "1", "1", span("color: #ff0000", "1") },
  { "two colours", "\0034,2x", "x", span("color: #ff0000; background-color: #00007f", "x") },
  { "a comma that is text", "\0034,x", ",x", span("color: #ff0000", ",x") },
  { "99 is the default", "\0034,2a\00399,99b", "ab", span("color: #ff0000; background-color: #00007f", "a") .. "b" },
  { "the default before a background", "\00399,4x", "x", span("background-color: #ff0000", "x") },
  { "colours above 15", "\00352x", "x", span("color: #ff0000", "x") },
  { "the last colour", "\00398x", "x", span("color: #ffffff", "x") },
  { "a hex colour", "\4FF8800x", "x", span("color: #ff8800", "x") },
  { "two hex colours", "\4ff8800,000001x\4y", "xy", span("color: #ff8800; background-color: #000001", "x") .. "y" },
  { "an invalid hex colour", "\4ff88x", "ff88x" },
  { "codes without text", "\2\2\0034\3", "" },
  { "other control codes", "a\1\7b\127c\27[0m", "abc[0m" },
  { "a tab", "a\tb", "a\tb" },
  {
    "schemes that are none",
    "\2a://b 1://c x-y+z.1://d ://e http:// f",
    "a://b 1://c x-y+z.1://d ://e http:// f",
    span("font-weight: bold", "a://b 1://c x-y+z.1://d ://e http:// f"),
  },
  {
    "an address behind one that is none",
    "\0021://http://a",
    "1://http://a",
    span("font-weight: bold", '1://<a href="http://a">http://a</a>'),
  },
  { "XML", "\2<b>&", "<b>&", span("font-weight: bold", "&lt;b&gt;&amp;") },
  { "an address alone", "see http://example.org/?a=1&b=2.", "see http://example.org/?a=1&b=2." },
  {
    "an address with style",
    "\2see (https://example.org/a?b&c), IRC://y.",
    "see (https://example.org/a?b&c), IRC://y.",
    span(
      "font-weight: bold",
      'see (<a href="https://example.org/a?b&amp;c">https://example.org/a?b&amp;c</a>), <a href="IRC://y">IRC://y</a>.'
    ),
  },
  {
    "an address that would do something",
    "\2javascript://%0aalert(1)",
    "javascript://%0aalert(1)",
    span("font-weight: bold", "javascript://%0aalert(1)"),
  },
  {
    "an address with brackets",
    "\2http://e.org/a_(b)",
    "http://e.org/a_(b)",
    span("font-weight: bold", '<a href="http://e.org/a_(b)">http://e.org/a_(b)</a>'),
  },
}

for _, c in ipairs(FROM) do
  test.case("from IRC: " .. c[1], function(t)
    local plain, xhtml = text.from_irc(c[2])
    t.equal(plain, c[3])
    t.equal(xhtml, c[4])
  end)
end

-- TO has XHTML and its lines of IRC.
local TO = {
  { "nothing", "hello", "hello" },
  { "bold", "so <b>bold</b> it is", "so \2bold\2 it is" },
  { "elements", "<em>a</em><u>b</u><del>c</del><code>d</code>", "\29a\29\31b\31\30c\17\30d" },
  { "styles", "<span style='font-weight:bold; FONT-STYLE : italic'>x</span>", "\2\29x" },
  { "a weight in numbers", "<span style='font-weight: 700'>x</span><span style='font-weight: 400'>y</span>", "\2x\2y" },
  { "both lines", "<span style='text-decoration: underline line-through'>x</span>", "\31\30x" },
  { "bold in bold", "<b>a<strong>b</strong>c</b>", "\2abc" },
  { "not bold in bold", "<b>a<span style='font-weight: normal'>b</span>c</b>", "\2a\2b\2c" },
  { "nested", "<b>a<i>b<u>c</u></i></b>d", "\2a\29b\31c\2\29\31d" },
  { "a colour", "<span style='color: red'>x</span> y", "\00304x\3 y" },
  { "a colour before digits", "<span style='color: red'>42</span>7", "\0030442\3\2\0027" },
  { "a colour before a comma and digits", "<span style='color: #f00'>,4</span>", "\00304\2\2,4" },
  { "a background", "<span style='background-color: rgb(0, 0, 127)'>x</span>", "\00399,02x" },
  {
    "a background that ends",
    "<span style='color:red'><span style='background:#ffff00'>x</span>y</span>",
    "\00304,08x\3\00304y",
  },
  { "a background before digits", "<span style='background:#ff0000'>x</span>5", "\00399,04x\3\2\0025" },
  { "a colour like another one", "<font color='#fe0102'>x</font>", "\00304x" },
  { "an unknown colour", "<span style='color: nice'>x</span>", "x" },
  { "a break", "a<br/>b", "a", "b" },
  { "an empty line", "a<br/><br/>b", "a", "", "b" },
  { "style over a break", "<b>a<br/>b</b>", "\2a", "\2b" },
  { "paragraphs", "<p>a</p><p>b</p>", "a", "b" },
  { "paragraphs in divisions", "<div><p>a</p></div>\n<div><p>b</p></div>", "a", "b" },
  { "a list", "x<ul><li>a</li><li><b>b</b></li></ul>y", "x", "- a", "- \2b", "y" },
  {
    "a list with numbers",
    "<ol><li>a</li><li>b<ol><li>c</li></ol></li><li>d</li></ol>",
    "1. a",
    "2. b",
    "1. c",
    "3. d",
  },
  { "a quotation", "<blockquote>a</blockquote>b", "> a", "b" },
  { "blanks", "  a \n <b> b</b>  c ", "a \2b\2 c " },
  { "verbatim", "<pre>a  b\n  c</pre>", "\17a  b", "\17  c" },
  { "a link", "<a href='http://e.org/'>here</a>!", "here <http://e.org/>!" },
  { "a link that shows its address", "<a href='http://e.org/'>http://e.org</a>!", "http://e.org!" },
  { "a link to write to", "<a href='mailto:a@e.org'>a@e.org</a>", "a@e.org" },
  { "a picture", "<img src='http://e.org/a.png' alt='a'/>", "a <http://e.org/a.png>" },
  { "a picture in a data URL", "<img src='data:image/png;base64,AAAA' alt='a'/>", "a" },
  { "XML", "&lt;b&gt; &amp;", "<b> &" },
  { "with a namespace", "<p xmlns='http://www.w3.org/1999/xhtml'>a</p>", "a" },
  { "an unknown element", "<p>a<unknown>b</unknown></p>", "ab" },
}

for _, c in ipairs(TO) do
  test.case("to IRC: " .. c[1], function(t)
    local lines = text.to_irc(c[2])
    t.equal(lines, { unpack(c, 3) })
  end)
end

-- Patterns with backtracking needed more than ten seconds for each of these.
test.case("very long texts are converted quickly", function(t)
  for unit, n in pairs { ["a."] = 300000, ["://"] = 10000, ["http://a)"] = 10000 } do
    local s = unit:rep(n)
    local plain, xhtml = text.from_irc("\2" .. s .. "x")
    t.equal(#plain, #s + 1)
    t.truthy(#xhtml > #s)
  end
end)

test.case("a text that is not XHTML", function(t)
  t.equal(text.to_irc("<b>a"), nil)
  t.equal(text.to_irc("&nbsp;"), nil)
end)

test.case("XHTML that is too deep, or contains control codes", function(t)
  t.equal(text.to_irc(("<b>"):rep(500) .. "x" .. ("</b>"):rep(500)), nil)
  t.equal(text.to_irc("<b>a\127b</b>"), { "\2ab" })
  t.equal(text.to_irc("<a href='http://e.org/\127'>a</a>"), { "a <http://e.org/>" })
end)

test.case("XHTML to IRC and back", function(t)
  for _, s in ipairs { "\2a\2 b", "\00304,02a\3 b", "\29a\31b\29c\31d\30e\30\17f", "\00352x", "\2a\0034b" } do
    local plain, xhtml = text.from_irc(s)
    local again, once_more = text.from_irc(text.to_irc(xhtml)[1])
    t.equal(again, plain)
    t.equal(once_more, xhtml)
  end
end)

test.case("the style at the end of a text", function(t)
  t.equal(text.open("a"), "")
  t.equal(text.open("\2a\2b"), "")
  t.equal(text.open("\2a\0034b"), "\2\00304")
  t.equal(text.open("\2\0034,2a\15b"), "")
end)

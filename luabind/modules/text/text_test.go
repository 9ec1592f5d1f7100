package text_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestExamples(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/reference/modules/text.md")
}

func TestMisuse(t *testing.T) { luatest.Misuse(t, "spectrum.text", 2, "") }

// script is the start of each test.
const script = luatest.Same + `
local text = require "spectrum.text"
`

func TestErrors(t *testing.T) {
	luatest.Run(t, script+`
fails('bad argument #2 to convert (there is no format "htm"; did you mean "html"?)', function() text.convert("", "htm", "plain") end)
fails('bad argument #3 to convert (there is no format "bbcode"; there are html, irc, markdown, plain, styling, xhtml)',
  function() text.convert("", "html", "bbcode") end)
fails("bad argument #1 to convert (string expected, got table)", function() text.convert({}, "html", "plain") end)
refused("text.convert: no XHTML: line 1: ", text.convert("<b>", "xhtml", "plain"))
refused("text.convert: a text of 1048577 bytes is too long: at most 1048576 bytes can be converted",
  text.convert(("a"):rep(2^20 + 1), "plain", "html"))
fails('spectrum.text has no "to_plain"', function() return text.to_plain end)
`)
}

// Another task runs while a text is converted.
func TestLongTextLetsOthersRun(t *testing.T) {
	luatest.Run(t, script+`
local spectrum = require "spectrum"
local ran = false
spectrum.spawn(function() ran = true end)
same(#text.convert(("<b>a</b>"):rep(2^16), "html", "plain"), 2^16)
assert(ran)
`)
}

func TestResultIsBounded(t *testing.T) {
	luatest.Run(t, script+`
fails("the result would be longer than 1048576 bytes (max_string)", text.convert, ("<b>a</b>c"):rep(2^15), "html", "xhtml")
`, "max_string = 1048576")
}

func TestStyleAtTheEndOfIRC(t *testing.T) {
	luatest.Run(t, script+`
same(text.irc_style("a"), "")
same(text.irc_style("\2a\2b"), "")
same(text.irc_style("\2a\0034b"), "\2\00304")
same(text.irc_style("\2\0034,2a\15b"), "")
`)
}

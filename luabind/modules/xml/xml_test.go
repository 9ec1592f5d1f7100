package xml_test

import (
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestDocumentation(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/reference/modules/xml.md")
}

func TestModule(t *testing.T) {
	cases := []struct{ name, code string }{
		{"namespaces in tables", `
			local t = assert(xml.parse '<a xmlns="n" x:y="1" xmlns:x="m" xml:lang="de"><b/><c xmlns=""><d/></c></a>')
			assert(t.ns == "n" and t.attr["{m}y"] == "1" and t.attr["xml:lang"] == "de" and t.attr.xmlns == nil)
			assert(t[1].ns == "n" and t[2].ns == "" and t[2][1].ns == nil)
			assert(assert(xml.parse "<a><b/></a>").ns == nil)
			local again = assert(xml.parse(xml.tostring(t)))
			assert(again.ns == "n" and again.attr["{m}y"] == "1" and again.attr["xml:lang"] == "de" and again[2].ns == "" and again[2][1].name == "d")`},
		{"namespaces of trees made by hand", `
			local s = xml.tostring { name = "a", ns = "n", { name = "b" }, { name = "c", ns = "m", { name = "d" } }, { name = "e", ns = "" } }
			assert(s == '<a xmlns="n"><b/><c xmlns="m"><d/></c><e xmlns=""/></a>', s)
			local t = { name = "a", ns = "n", { name = "b" } }
			assert(xml.find(t, "{n}b") == t[1] and xml.find(t, "{m}b") == nil)`},
		{"numbers and texts", `
			assert(xml.tostring { name = "a", attr = { n = 1.5 }, 2, "x", 3 } == '<a n="1.5">2x3</a>')
			assert(xml.text { name = "a", 2, { name = "b", "x" }, 3 } == "2x3")`},
		{"what XML forbids is left out", `assert(xml.tostring { name = "a", attr = { b = "\0x\1" }, "y\255\11" } == '<a b="x">y\239\191\189</a>')`},
		{"all matches, in their order", `
			local t = assert(xml.parse "<a><b><c>1</c></b><b/><b><c>2</c><c>3</c></b></a>")
			assert(table.concat(xml.find_all(t, "b/c#")) == "123" and #xml.find_all(t, "*") == 3 and #xml.find_all(t, "x") == 0)
			assert(#xml.find_all(t, function(e) return e.name == "c" end) == 3 and xml.find(t, function() return true end) == t)`},
		{"a function that waits", `
			local t = assert(xml.parse "<a><b/><c/></a>")
			assert(xml.find(t, function(e) spectrum.sleep(0.001); return e.name == "c" end) == t[2])`},
		{"long texts", `
			local t = assert(xml.parse("<a>" .. ("<b>x</b>"):rep(10000) .. "</a>"))
			assert(#t == 10000 and #xml.text(t) == 10000)
			local _, e = xml.parse("<a>" .. ("<b/>"):rep(20000) .. "</a>")
			assert(e:find("more than 20000 elements"), e)
			_, e = xml.parse("<a>" .. ("x"):rep(2000000) .. "</a>")
			assert(e:find("more than 1048576 bytes"), e)
			assert(xml.parse("<a>" .. ("x"):rep(2000000) .. "</a>", { max_size = 3000000 }))
			_, e = xml.parse(("<a>"):rep(200), { max_depth = 150 })
			assert(e:find("more than 150 deep"), e)`},
		{"misuse", `
			raises("element (a table with a name) expected, got nil", xml.tostring)
			raises("element (a table with a name) expected", xml.find, {}, "a")
			raises("element (a table with a name) expected", xml.text, "x")
			raises("name of an element: string expected, got nil", xml.tostring, { name = "a", {} })
			raises('"1" is not a valid name of an element', xml.tostring, { name = "1" })
			raises('"b c" is not a valid name of an attribute', xml.tostring, { name = "a", attr = { ["b c"] = "" } })
			raises('"xmlns" is not a valid name of an attribute', xml.tostring, { name = "a", attr = { xmlns = "n" } })
			raises("attribute b of <a>: string expected, got true", xml.tostring, { name = "a", attr = { b = true } })
			raises("attr of <a>: table expected, got number 1", xml.tostring, { name = "a", attr = 1 })
			raises("a child of <a>: element or string expected, got true", xml.tostring, { name = "a", true })
			raises("a name is missing", xml.find, { name = "a" }, "b//c")
			raises("it ends with a /", xml.find, { name = "a" }, "b/")
			raises("a } is missing", xml.find, { name = "a" }, "{b")
			raises("not an attribute", xml.find, { name = "a" }, "b@")
			raises("path of an element expected", xml.text, { name = "a" }, "b@c")
			raises('has no option "depth"; did you mean "max_depth"', xml.parse, "<a/>", { depth = 1 })
			raises("at most 1000 is allowed", xml.parse, "<a/>", { max_depth = 5000 })
			raises("connection expected, got nil", xml.stream)`},
		{"a tree that stands in itself", `
			local t = { name = "a", "x" }
			t[2], t[3] = t, t
			raises("more than 1000 deep", xml.tostring, t)
			raises("more than 1000 deep", xml.text, t)
			raises("more than 1000 deep", xml.find, t, function() return false end)
			assert(xml.find(t, "a/a/a") == t)`},
		{"a text that would be too long", `raises("too long", xml.tostring, { name = "a", ("<"):rep(900000) })`},
		{"a source of pieces", `
			local pieces = { "<s><a", "/><b>x</b>", "<c/></s>" }
			local s = xml.stream { read_some = function() local p = table.remove(pieces, 1); if p then return p end return nil, "no more" end }
			assert(s.root == nil and not s.closed and s:open().name == "s" and s.root.name == "s")
			assert(s:read().name == "a" and s:read()[1] == "x" and s:read().name == "c")
			local n, e = s:read()
			assert(n == nil and e == "the stream has ended" and s.closed)
			s = xml.stream { read_some = function() return nil, "timeout" end }
			n, e = s:open()
			assert(n == nil and e == "timeout")`},
		{"a broken stream", `
			local pieces = { "<s><a/><b></c>" }
			local s = xml.stream { read_some = function() return table.remove(pieces, 1) end }
			assert(s:read().name == "a")
			local n, e = s:read()
			assert(n == nil and e:find("<b> is closed by </c>"), e)
			local r = xml.reader()
			assert(#r:feed("<s><a/></b>") == 1)
			n, e = r:feed("<c/>")
			assert(n == nil and e:find("closed by"), e)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `
local spectrum = require "spectrum"
local xml = require "spectrum.xml"
local function raises(text, fn, ...)
  local ok, e = pcall(fn, ...)
  assert(not ok and tostring(e):find(text, 1, true), tostring(e))
end
`+c.code, "max_string=3M")
		})
	}
}

// A tree that would take for ever to go through ends with its task.
func TestEndlessTreesAreStopped(t *testing.T) {
	st := luatest.New(t, `
local xml = require "spectrum.xml"
local t = { name = "a" }
for _ = 1, 60 do t = { name = "a", t, t } end
xml.text(t)`, "handler_timeout=0.2")
	if err := st.Host.Load(); err == nil || !strings.Contains(err.Error(), "script.lua:5: stopped: it ran for 200ms without waiting") {
		t.Errorf("got %v", err)
	}
}

package json_test

import (
	"fmt"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// script is what each test of behaviour starts with.
const script = luatest.Same + `
local json = require "spectrum.json"
`

// behaviour are scripts by what they show.
var behaviour = map[string]string{
	"scalars": `
		same(json.encode("a"), '"a"')
		same(json.encode(true), "true")
		same(json.encode(nil), "null")
		same(json.decode(" 12 "), 12)
		same(json.decode('"a"'), "a")
		same(json.decode("false"), false)`,
	"null": `
		same(json.decode("null"), json.null)
		same(tostring(json.null), "null")
		same(json.encode({ json.null, 1 }), "[null,1]")
		same(json.decode('{"a":null}').a, json.null)
		same(json.decode('{"a":null}', { null = false }).a, nil)
		local list = json.decode("[1,null,3]", { null = false })
		same(list[2], nil)
		same(list[3], 3)
		same(json.encode(list), "[1,null,3]")
		fails('a json.null has no "x"', function() return json.null.x end)`,
	"arrays and objects": `
		same(json.encode({ 1, "b", { 3 } }), '[1,"b",[3]]')
		same(json.encode({}), "{}")
		same(json.encode(json.array {}), "[]")
		same(json.encode(json.array()), "[]")
		same(json.encode(json.decode('{"a":[],"b":{}}')), '{"a":[],"b":{}}')
		local list = json.decode("[1]")
		table.remove(list)
		same(json.encode(list), "[]")
		same(json.encode(setmetatable({}, { __jsontype = "array" })), "[]")
		local t = {}
		same(json.array(t), t)
		same(json.array(json.array(t)), t)`,
	"order": `
		same(json.encode({ b = 1 }), '{"b":1}')
		local t = {}
		t.z = 1
		t.a = 2
		t.m = 3
		same(json.encode(t), '{"z":1,"a":2,"m":3}')
		same(json.encode(t, { sorted = true }), '{"a":2,"m":3,"z":1}')
		same(json.encode(json.decode('{"z":1,"a":2}')), '{"z":1,"a":2}')`,
	"indent": `
		same(json.encode({ a = { 1, 2 }, b = {}, c = json.array {} }, { indent = 2, sorted = true }),
			'{\n  "a": [\n    1,\n    2\n  ],\n  "b": {},\n  "c": []\n}')`,
	"the last of two members of a name": `
		same(json.encode(json.decode('{"a":1,"b":2,"a":3}')), '{"a":3,"b":2}')
		same(json.decode('{"a":1,"a":null}', { null = false }).a, nil)`,
	"numbers": `
		same(json.encode({ 1, -0, 1.5, 1e15, 2^53, -2^53, 1e16, 1e300, 1e-7, 0.1 }),
			"[1,0,1.5,1000000000000000,9007199254740992,-9007199254740992,1e+16,1e+300,1e-07,0.1]")
		same(json.decode("9007199254740992"), 2^53)
		same(json.decode("-0"), 0)
		same(json.decode("1E+2"), 100)
		same(json.decode("12345678901234567890", { bigints = "string" }), "12345678901234567890")
		same(json.decode("12345678901234567890", { bigints = "number" }), 12345678901234567890)
		same(json.decode("12345678901234567890.0"), 12345678901234567890)`,
	"text": `
		same(json.encode("\"\\/\b\f\n\r\t\1\127\226\130\172"), '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\127\226\130\172"')
		same(json.encode("a\255b\226\130"), '"a\239\191\189b\239\191\189\239\191\189"')
		same(json.decode('"\\u20ac\\uD83D\\uDE00\\/\\b"'), "\226\130\172\240\159\152\128/\b")
		same(json.decode('"a\255b"'), "a\239\191\189b")
		same(json.decode('"\\ud800x"'), "\239\191\189x")
		same(json.decode('"\\u0000"'), "\0")
		same(json.decode("\239\187\191[1]")[1], 1)`,
	"a text that waits": `
		local list = {}
		for i = 1, 20000 do list[i] = { id = i } end
		local text = json.encode(list)
		assert(#text > 65536)
		local back = json.decode(text)
		same(#back, 20000)
		same(back[20000].id, 20000)
		same(json.encode(back), text)
		local v, err = json.decode(text .. "x")
		same(v, nil)
		assert(err:find("end of text expected, got 'x'", 1, true), err)`,
	"depth": `
		assert(json.decode(("["):rep(1000) .. ("]"):rep(1000)))
		local v, err = json.decode(("["):rep(1001) .. ("]"):rep(1001))
		same(v, nil)
		same(err, "line 1, column 1001: arrays and objects are nested more than 1000 deep")
		local t = {}
		for _ = 1, 1000 do t = { t } end
		fails("tables are nested more than 1000 deep", json.encode, t)`,
	"misuse": `
		fails("at a.b[2]: a function has no JSON", json.encode, { a = { b = { 1, print } } })
		fails("the number NaN has no JSON", json.encode, 0/0)
		fails("the number +Inf has no JSON", json.encode, { 1/0 })
		fails("the list has no element 2 but one 3", json.encode, { 1, nil, 3 })
		fails("a table with a list and the key \"n\"", json.encode, { 1, n = 1 })
		fails("the key 10 of an object is a number", json.encode, setmetatable({ [10] = 1 }, { __jsontype = "object" }))
		fails("a table with the key 0", json.encode, { [0] = 1 })
		fails("the key true of an object is a boolean", json.encode, { [true] = 1 })
		fails("a table with a list and the key \"x\"", json.encode, json.array { 1, x = 1 })
		fails("a table with the key \"x\"", json.encode, json.array { x = 1 })
		local loop = {}
		loop.loop = loop
		fails("the table contains itself", json.encode, loop)
		fails("did you mean \"sorted\"", json.encode, {}, { sort = true })
		fails("at most 16", json.encode, {}, { indent = 17 })
		fails("bigints", json.decode, "1", { bigints = "float" })
		fails("value expected", json.encode)
		fails("string expected", json.decode, {})
		fails("the table has a metatable", json.array, setmetatable({}, {}))
		fails("spectrum.json has no \"stringify\"", function() return json.stringify end)`,
}

func TestBehaviour(t *testing.T) {
	for name, test := range behaviour {
		t.Run(name, func(t *testing.T) { luatest.Run(t, script+test) })
	}
}

func TestLimits(t *testing.T) {
	luatest.Run(t, script+`
		fails("too long (max_string)", json.encode, ("x"):rep(65536))
		fails("too long (max_string)", json.encode, ("\1"):rep(20000))
		local part = { ("x"):rep(10000) }
		fails("too long (max_string)", json.encode, { part, part, part, part, part, part, part })
		same(#json.encode({ part, part, part, part, part, part }), 60031)
		for _, text in ipairs { ("[],"):rep(5000), ("1,"):rep(20000), ('{"a":1},'):rep(2000), ('"",'):rep(10000) } do
			local v, err = json.decode("[" .. text .. "1]")
			same(v, nil)
			assert(err:find("too big", 1, true), err)
		end
		same(#json.decode("[" .. ("1,"):rep(5000) .. "1]"), 5001)
	`, "max_string=64K")
}

func TestDecodeErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{``, "line 1, column 1: value expected, got end of text"},
		{`[1,`, "line 1, column 4: value expected, got end of text"},
		{`[1`, "line 1, column 3: comma or ] expected, got end of text"},
		{`[1,]`, "line 1, column 4: there is a comma before the ]"},
		{`[,]`, "line 1, column 2: value expected, got ','"},
		{"{\n  \"ä\": tru\n}", "line 2, column 8: value expected, got 't'"},
		{`{"a" 1}`, "line 1, column 6: colon expected, got '1'"},
		{`{a:1}`, "line 1, column 2: name in double quotes expected, got 'a'"},
		{`{"a":1,}`, "line 1, column 8: there is a comma before the }"},
		{`{"a":1`, "line 1, column 7: comma or } expected, got end of text"},
		{`{"a`, "line 1, column 4: the text ends in a string"},
		{`"a\x"`, "line 1, column 3: an escape that JSON does not define"},
		{`"\u12G4"`, "line 1, column 2: an escape that JSON does not define"},
		{`"\`, "line 1, column 2: an escape that JSON does not define"},
		{"\"a\nb\"", `line 1, column 3: the control character '\n' has to be escaped in a string`},
		{`01`, "line 1, column 2: end of text expected, got '1'"},
		{`-`, "line 1, column 2: digit expected, got end of text"},
		{`1.`, "line 1, column 3: digit expected, got end of text"},
		{`1e+x`, "line 1, column 4: digit expected, got 'x'"},
		{`NaN`, "line 1, column 1: value expected, got 'N'"},
		{`1e999`, "line 1, column 1: the number 1e999 is too big"},
		{`[9007199254740993]`, `line 1, column 2: the integer 9007199254740993 is beyond 2^53, where Lua's numbers are not exact: decode with { bigints = "string" }`},
		{strings.Repeat("9", 50), "line 1, column 1: the integer 9999999999999999999999999999999999999... is beyond 2^53"},
		{`'a'`, `line 1, column 1: value expected, got '\''`},
		{`1 2`, "line 1, column 3: end of text expected, got '2'"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			luatest.Run(t, fmt.Sprintf(`
				local v, err = require("spectrum.json").decode(%q)
				assert(v == nil)
				assert(err:find(%q, 1, true) == 1, err)`, test.text, test.want))
		})
	}
}

// null and array marks of an earlier VM keep their meaning.
func TestNullAndMarksSurviveAReload(t *testing.T) {
	st := luatest.Start(t, `
		local spectrum, json = require "spectrum", require "spectrum.json"
		if spectrum.data.kept then
			assert(spectrum.data.kept.null == json.null)
			assert(json.encode(spectrum.data.kept) == '{"null":null,"list":[]}')
		end
		spectrum.data.kept = spectrum.data.kept or json.decode '{"null":null,"list":[]}'
		return {}`)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
}

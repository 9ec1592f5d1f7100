package luabind_test

import (
	"fmt"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestClassMakesInstances(t *testing.T) {
	luatest.Run(t, `
local spectrum = require "spectrum"
local Animal = spectrum.class("animal", { legs = 4 })
function Animal:name() return self.called .. " the " .. self:kind() end
function Animal:kind() return "animal" end
local Dog = spectrum.class("dog", {}, Animal)
function Dog:kind() return "dog" end
function Dog.__tostring(self) return "Dog " .. self.called end
function Dog.__eq(a, b) return a.called == b.called end
function Dog.__lt(a, b) return a.called < b.called end
function Dog.__call(self, x, y) return self.called, x, y end
function Dog.__concat(a, b) return tostring(a) .. tostring(b) end
function Dog.__add(a, b) return a.called .. "+" .. b.called end

local fields = { called = "Rex" }
local rex = Dog(fields)
assert(rex == fields and rawequal(rex, fields), "the given table becomes the instance")
assert(rex:name() == "Rex the dog" and rex.legs == 4 and rex.nothing == nil)
assert(Animal { called = "Tom" }:name() == "Tom the animal")
assert(tostring(rex) == "Dog Rex" and rex .. "!" == "Dog Rex!")
local other = Dog { called = "Rex" }
assert(rex == other and rex ~= Dog { called = "Ben" } and Dog { called = "Ben" } < rex)
local a, b, c = rex(1, nil)
assert(a == "Rex" and b == 1 and c == nil and select("#", rex(1, nil)) == 3)
assert(rex + other == "Rex+Rex")
assert(next(Dog()) == nil and getmetatable(rex) == "class dog")
assert(not pcall(setmetatable, rex, nil), "the metatable is protected")

local plain = Animal {}
assert(tostring(plain):find "^animal: " and plain == plain and plain ~= Animal {})
for operation, fn in pairs {
  ["call a animal"] = function() plain() end, ["compare a animal"] = function() return plain < plain end,
  ["concatenate a animal"] = function() return plain .. "x" end,
  ["perform arithmetic on a animal"] = function() return plain + 1 end,
} do
  local ok, e = pcall(fn)
  assert(not ok and e:find("attempt to " .. operation, 1, true), e)
end`)
}

func TestMisuseOfClass(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"no name", `spectrum.class()`, "bad argument #1 to class (string expected, got nil)"},
		{"an empty name", `spectrum.class("")`, "bad argument #1 to class (name of 1 to 100 bytes expected)"},
		{"a long name", `spectrum.class(("x"):rep(101))`, "bad argument #1 to class (name of 1 to 100 bytes expected)"},
		{"methods that are no table", `spectrum.class("a", "b")`, "bad argument #2 to class (table expected, got string)"},
		{"methods with a metatable", `spectrum.class("a", setmetatable({}, {}))`, "bad argument #2 to class (table without a metatable expected; the third argument names a base class)"},
		{"a base that is no table", `spectrum.class("a", {}, "b")`, "bad argument #3 to class (table expected, got string)"},
		{"the same name again", `spectrum.class("a") spectrum.class("a")`, `bad argument #1 to class (the class "a" exists already: declare each class once, in the main part of a file)`},
		{"a metamethod that has no effect", `spectrum.class("a", { __gc = print })`, "bad argument #2 to class (a class cannot have __gc)"},
		{"a metamethod with a typo", `spectrum.class("a", { __tosting = print })`, `bad argument #2 to class (a class cannot have __tosting; did you mean "__tostring"?)`},
		{"an instance of two classes", `local A, B = spectrum.class("a"), spectrum.class("b") B(A {})`, "b: table without a metatable expected"},
		{"fields that are no table", `spectrum.class("a")("x")`, "bad argument #2 to"},
		{"too many", `for i = 1, 1001 do spectrum.class("c" .. i) end`, "a script can have at most 1000 classes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := luatest.New(t, "local spectrum = require 'spectrum'\n"+c.body+"\nreturn {}").Host.Load()
			if err == nil || !strings.HasPrefix(err.Error(), "script.lua:2: "+c.want) {
				t.Errorf("got  %v\nwant script.lua:2: %s", err, c.want)
			}
		})
	}
}

// classScript is a script with a class of the given version.
func classScript(version int, more string) string {
	return fmt.Sprintf(`local spectrum = require "spectrum"
local Client = spectrum.class("client", {})
function Client:version() return %d + (self.bonus or 0) end
local on = {}
function on.login(session)
  session.data.client = Client { bonus = 100 }
  spectrum.data.shared = spectrum.data.shared or Client {}
  session:connected()
end
function on.conv_message(session)
  session:conv_message { buddy_name = "x", message = session.data.client:version() .. " " .. spectrum.data.shared:version() }
end
%s
return on`, version, more)
}

func TestInstancesHaveTheMethodsOfTheNewScript(t *testing.T) {
	f := luatest.New(t, classScript(1, ""))
	load := func(script string) error {
		f.Write("script.lua", script)
		return f.Host.Load()
	}
	if err := f.Host.Load(); err != nil {
		t.Fatal(err)
	}
	f.Login(alice)
	f.Expect("connected", nil)
	expect := func(text string) {
		t.Helper()
		f.Say(alice, "x", "which?")
		f.ExpectSaid(text)
	}
	expect("101 1")
	if err := load(classScript(2, `assert(spectrum.data.shared:version() == 2, "while it loads")`)); err != nil {
		t.Fatal(err)
	}
	expect("102 2")
	if err := load(classScript(3, `error "it does not load"`)); err == nil {
		t.Fatal("the script has loaded")
	}
	expect("102 2")
	for version := 4; version < 30; version++ {
		if err := load(classScript(version, "")); err != nil {
			t.Fatal(err)
		}
		expect(fmt.Sprintf("%d %d", 100+version, version))
	}
	if old := f.Host.OldGenerations(); len(old) > 1 {
		t.Errorf("generations %v are still in memory", old)
	}
	if err := load(strings.Replace(classScript(30, ""), `"client"`, `"customer"`, 1)); err != nil {
		t.Fatal(err)
	}
	f.Say(alice, "x", "which?")
	f.ExpectLog(`this script does not declare the class "client" of this value: add spectrum.class("client", …)`)
}

func BenchmarkMethodOfAClass(b *testing.B) {
	f := luatest.New(b, fmt.Sprintf(`local spectrum = require "spectrum"
local Client = spectrum.class("client", {})
function Client:version() return 1 end
local c = Client {}
for _ = 1, %d do c:version() end
return {}`, b.N))
	b.ReportAllocs()
	if err := f.Host.Load(); err != nil {
		b.Fatal(err)
	}
}

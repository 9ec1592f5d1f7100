package stdlib_test

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
)

// newState returns a state with this library or with gopher-lua's.
func newState(tb testing.TB, ours bool) *lua.LState {
	tb.Helper()
	l := lua.NewState(lua.Options{SkipOpenLibs: ours, CallStackSize: 2000, RegistrySize: 128,
		RegistryMaxSize: 1 << 17, RegistryGrowStep: 256, MinimizeStackMemory: true})
	if ours {
		stdlib.Open(l, stdlib.Options{MaxString: 64 << 20, MaxSource: 1 << 20, Compile: func(name, text string) (*lua.LFunction, error) {
			_, proto, problem := source.Compile(name, text)
			if problem != nil {
				return nil, problem
			}
			return l.NewFunctionFromProto(proto), nil
		}})
	}
	return l
}

// BenchmarkLibrary runs Lua code with this library and with gopher-lua's. Each operation
// is a hundred rounds of the code.
func BenchmarkLibrary(b *testing.B) {
	cases := []struct{ name, before, code string }{
		{"nothing", "", ""},
		{"pcall", "local function f(x) return x end", "pcall(f, 1)"},
		{"pcall of an error", "local function f(x) error(x, 0) end", "pcall(f, 1)"},
		{"resume and yield", "local co = coroutine.wrap(function() while true do coroutine.yield(1) end end)", "co()"},
		{"create and resume", "local function f() end", "coroutine.resume(coroutine.create(f))"},
		{"tostring", "", "tostring(i)"},
		{"type", "", "type(i)"},
		{"sub", "local s = 'hello world'", "s:sub(2, 5)"},
		{"format", "", "string.format('%s has %d', 'alice', i)"},
		{"find plain", "local s = 'hello world'", "s:find('wor', 1, true)"},
		{"match", "local s = 'key = value'", "s:match('^(%w+)%s*=%s*(%w+)$')"},
		{"gsub", "local s = 'hello world, hello'", "s:gsub('hello', 'bye')"},
		{"gmatch", "local s = 'one two three'", "for w in s:gmatch('%a+') do end"},
		{"insert and remove", "local t = {}", "table.insert(t, i) table.remove(t)"},
		{"concat", "local t = {'a', 'b', 'c', 'd', 'e'}", "table.concat(t, ',')"},
		{"sort", "local function up(a, b) return a < b end", "table.sort({5, 3, 8, 1, 9, 2}, up)"},
		{"pairs", "local t = {a = 1, b = 2, c = 3}", "for k, v in pairs(t) do end"},
		{"ipairs", "local t = {1, 2, 3}", "for k, v in ipairs(t) do end"},
	}
	for _, c := range cases {
		for _, ours := range []bool{true, false} {
			name := c.name + "/gopher-lua"
			if ours {
				name = c.name + "/ours"
			}
			b.Run(name, func(b *testing.B) {
				l := newState(b, ours)
				fn, err := l.LoadString(c.before + "\nreturn function() for i = 1, 100 do " + c.code + " end end")
				if err != nil {
					b.Fatal(err)
				}
				l.Push(fn)
				l.Call(0, 1)
				run := l.Get(-1)
				b.ReportAllocs()
				for b.Loop() {
					l.Push(run)
					l.Call(0, 0)
				}
			})
		}
	}
}

// BenchmarkOpen measures the time to open the library in a new VM.
func BenchmarkOpen(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newState(b, true)
		}
	})
	b.Run("gopher-lua", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newState(b, false)
		}
	})
}

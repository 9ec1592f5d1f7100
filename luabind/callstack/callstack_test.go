package callstack

import (
	"runtime"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func newState(depth int) (*lua.LState, *Stacks) {
	s := New(depth)
	l := s.NewState(lua.Options{RegistrySize: 128, RegistryMaxSize: 1 << 16, RegistryGrowStep: 256})
	l.SetGlobal("nest", l.NewFunction(func(l *lua.LState) int { // calls its argument from Go
		l.Call(0, lua.MultRet)
		return l.GetTop()
	}))
	return l, s
}

// clean fails the test if a frame that is not in use has a reference.
func clean(t *testing.T, l *lua.LState, s *Stacks) {
	t.Helper()
	for _, seg := range s.free {
		if *seg != (segment{}) {
			for i, f := range seg {
				if f.Fn != nil || f.Parent != nil {
					t.Fatalf("frame %d of a free segment refers to %v", i, f.Fn)
				}
			}
		}
	}
	st := (*stackOf(l)).(*stack)
	for i := st.used; i < framesPerSegment; i++ {
		if f := st.top()[i]; f.Fn != nil || f.Parent != nil {
			t.Fatalf("frame %d, which is not in use, refers to %v", st.Sp()-st.used+i, f.Fn)
		}
	}
}

// TestFramesAreClearAfterACall makes calls to depths around the borders of segments, lets
// them return in each way, and looks for references that are left.
func TestFramesAreClearAfterACall(t *testing.T) {
	for name, script := range map[string]string{
		"return":          `local function f(n) if n > 0 then local x = f(n - 1) return x + 1 end return 0 end return f(...)`,
		"error":           `local function f(n) if n > 0 then local x = f(n - 1) return x + 1 end error "deep" end f(...)`,
		"tail call":       `local function f(n) if n > 0 then return f(n - 1) end return 0 end return f(...)`,
		"tail call of Go": `local function f(n) if n > 0 then local x = f(n - 1) return tostring(x) end return tostring(0) end return f(...)`,
		"Go between":      `local function f(n) if n > 0 then return nest(function() return f(n - 1) end) end return 0 end return f(...)`,
		"pcall":           `local function f(n) if n > 0 then local _, x = pcall(f, n - 1) return x end error "deep" end return pcall(f, ...)`,
		"metamethod":      `local mt = {} mt.__index = function(t, n) return n > 0 and setmetatable({}, mt)[n - 1] or 0 end return setmetatable({}, mt)[...]`,
		"iterator":        `local function f(n) if n == 0 then return 0 end for x in function(_, x) if not x then return f(n - 1) end end do return x end end return f(...)`,
		"up and down":     `local function f(n) if n > 0 then f(n - 1) for i = 1, 3 do tostring(i) end f(math.floor(n / 2)) end return n end return f(math.min(..., 20))`,
	} {
		t.Run(name, func(t *testing.T) {
			l, s := newState(1000)
			for _, depth := range []int{0, 1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 23, 100, 150} {
				fn, err := l.LoadString(script)
				if err != nil {
					t.Fatal(err)
				}
				err = l.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}, lua.LNumber(depth))
				if failed := err != nil; failed != (name == "error") {
					t.Fatal(err)
				}
				l.SetTop(0)
				clean(t, l, s)
			}
		})
	}
}

func TestFullStackRaises(t *testing.T) {
	l, s := newState(100)
	fn, _ := l.LoadString(`local n = 0 local function f() n = n + 1 local x = f() return x end local ok, why = pcall(f) return n, why`)
	if err := l.CallByParam(lua.P{Fn: fn, NRet: 2, Protect: true}); err != nil {
		t.Fatal(err)
	}
	if n, why := l.Get(-2), l.Get(-1).String(); n.(lua.LNumber) < 90 || n.(lua.LNumber) > 104 || !strings.Contains(why, overflow) {
		t.Errorf("after %v calls: %s", n, why)
	}
	clean(t, l, s)
}

// TestThreadsHaveStacksOfTheVM looks at the stacks of a thread and of a coroutine.
func TestThreadsHaveStacksOfTheVM(t *testing.T) {
	l, s := newState(1000)
	l.SetGlobal("adopt", l.NewFunction(func(l *lua.LState) int { s.Adopt(l.ToThread(1)); return 0 }))
	thread := s.NewThread(l)
	fn, _ := l.LoadString(`
local co = coroutine.create(function(n)
  local function f(n) if n > 0 then local x = f(n - 1) return x + 1 end return coroutine.yield(5) end
  return f(n)
end)
adopt(co)
assert(select(2, coroutine.resume(co, 30)) == 5)
return select(2, coroutine.resume(co, 12))`)
	if err := thread.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}); err != nil || thread.Get(-1) != lua.LNumber(42) {
		t.Fatal(err, thread.Get(-1))
	}
	clean(t, thread, s)
}

// TestDeepCallLeavesFewSegments frees a stack that had the maximum depth.
func TestDeepCallLeavesFewSegments(t *testing.T) {
	s := New(100_000)
	st := &stack{from: s, segments: []*segment{new(segment)}}
	for range 100_000 {
		st.Push(callFrame{Fn: &lua.LFunction{}})
	}
	st.SetSp(0)
	if len(s.free) != maxFree || len(st.segments) != 1 {
		t.Errorf("%d segments are kept, and %d are in use", len(s.free), len(st.segments))
	}
	runtime.KeepAlive(st)
}

func BenchmarkCalls(b *testing.B) {
	for _, c := range []struct {
		name string
		make func() *lua.LState
	}{
		{"this package's", func() *lua.LState { l, _ := newState(2000); return l }},
		{"gopher-lua's growing one", func() *lua.LState {
			return lua.NewState(lua.Options{CallStackSize: 2000, RegistrySize: 128, RegistryMaxSize: 1 << 16, MinimizeStackMemory: true})
		}},
		{"gopher-lua's fixed one", func() *lua.LState {
			return lua.NewState(lua.Options{CallStackSize: 2000, RegistrySize: 128, RegistryMaxSize: 1 << 16})
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := c.make()
			fn, _ := l.LoadString(`local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(15)`)
			b.ReportAllocs()
			for b.Loop() {
				if err := l.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}); err != nil {
					b.Fatal(err)
				}
				l.SetTop(0)
			}
		})
	}
}

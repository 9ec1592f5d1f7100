package scripttest

import (
	"context"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// assertions are functions of the module test and of t. They raise an error at the line
// of the test.
var assertions = bind.Functions{
	"equal":     assertEqual,
	"not_equal": assertNotEqual,
	"same":      assertSame,
	"match":     assertMatch,
	"contains":  assertContains,
	"error":     assertError,
	"truthy":    assertTruthy,
	"falsy":     assertFalsy,
	"fail":      func(l *lua.LState) int { bind.Raise(l, "%s", l.OptString(1, "the test calls fail")); return 0 },
	"pattern":   newPattern,
}

// about returns argument n, the subject of an assertion, as the start of its message.
func about(l *lua.LState, n int) string {
	if s := l.OptString(n, ""); s != "" {
		return s + ": "
	}
	return ""
}

// assertEqual implements equal(got, want [, about]). Tables are equal if all their fields are.
func assertEqual(l *lua.LState) int {
	compareArguments(l, &comparison{})
	return 0
}

// assertSame implements same(got, want [, about]). got may have more fields than want.
func assertSame(l *lua.LState) int {
	compareArguments(l, &comparison{subset: true})
	return 0
}

func compareArguments(l *lua.LState, c *comparison) {
	got, want := argument(l, 1), argument(l, 2)
	c.compare(want, got, "", 0)
	if len(c.found) == 0 {
		return
	}
	text := fmt.Sprintf("%sthe values differ\n  expected: %s\n  got:      %s", about(l, 3), show(want), show(got))
	if _, tables := want.(*lua.LTable); tables {
		for i, difference := range c.found {
			if i == maxDifferences {
				text += fmt.Sprintf("\n  … %d more differences", len(c.found)-i)
				break
			}
			text += "\n  at " + difference
		}
	}
	bind.Raise(l, "%s", text)
}

// argument returns argument n, which may be nil, but not missing.
func argument(l *lua.LState, n int) lua.LValue {
	if l.GetTop() < n {
		l.ArgError(n, "value expected: first what was got, then what is expected")
	}
	return l.Get(n)
}

// assertNotEqual implements not_equal(got, unwanted [, about]).
func assertNotEqual(l *lua.LState) int {
	got, unwanted := argument(l, 1), argument(l, 2)
	c := comparison{}
	if c.compare(unwanted, got, "", 0); len(c.found) == 0 {
		bind.Raise(l, "%sthe value must not be %s", about(l, 3), show(unwanted))
	}
	return 0
}

// assertMatch implements match(text, pattern [, about]) → captures. The text must contain
// the Lua pattern.
func assertMatch(l *lua.LState) int {
	text, isText := argument(l, 1).(lua.LString)
	m := checkPattern(l, 2)
	if isText {
		if captures, ok := m.find(string(text)); ok {
			return bind.Return(l, captures...)
		}
	}
	bind.Raise(l, "%sthe text does not match\n  expected: %v\n  got:      %s", about(l, 3), m, show(l.Get(1)))
	return 0
}

// assertContains implements contains(whole, part [, about]). A text must contain part, and a
// list must have it as an element.
func assertContains(l *lua.LState) int {
	whole, part := argument(l, 1), argument(l, 2)
	found := false
	switch w := whole.(type) {
	case lua.LString:
		p, ok := part.(lua.LString)
		found = ok && strings.Contains(string(w), string(p))
	case *lua.LTable:
		w.ForEach(func(_, v lua.LValue) {
			c := comparison{}
			c.compare(part, v, "", 0)
			found = found || len(c.found) == 0
		})
	}
	if !found {
		bind.Raise(l, "%sthe value does not contain the part\n  expected: something with %s\n  got:      %s", about(l, 3), show(part), show(whole))
	}
	return 0
}

// assertError implements error(fn [, pattern [, about]]) → message. fn must raise an error
// that matches.
func assertError(l *lua.LState) int {
	fn := l.CheckFunction(1)
	var m *matcher
	if l.Get(2) != lua.LNil {
		m = checkPattern(l, 2)
	}
	l.Push(l.G.Global.RawGetString("pcall"))
	l.Push(fn)
	l.Call(1, 2)
	ok, raised := l.Get(-2), l.Get(-1)
	l.Pop(2)
	if ok == lua.LTrue {
		bind.Raise(l, "%sthe function returned without an error%s", about(l, 3), wanted(m))
	}
	text := lua.LVAsString(l.ToStringMeta(raised))
	if m != nil && !m.matches(text) {
		bind.Raise(l, "%sthe error does not match\n  expected: %v\n  got:      %s", about(l, 3), m, show(lua.LString(text)))
	}
	return bind.Return(l, raised)
}

func wanted(m *matcher) string {
	if m == nil {
		return ""
	}
	return "\n  expected: " + m.String()
}

// eventually implements eventually(fn [, seconds [, about]]) → result. It calls fn
// repeatedly until the result is true or the time is over.
func (w *world) eventually(l *lua.LState) int {
	fn := l.CheckFunction(1)
	late, stop := w.after(w.limit(l, 2))
	defer stop()
	for {
		l.Push(fn)
		l.Call(0, 1)
		result := l.Get(-1)
		l.Pop(1)
		if !lua.LVIsFalse(result) {
			return bind.Return(l, result)
		}
		if late.Err() != nil {
			bind.Raise(l, "%sthe value did not become true in time: it is %s", about(l, 3), show(result))
		}
		_ = bind.Wait(l, func(ctx context.Context) error { // it raises the only error
			select {
			case <-time.After(lookAgain):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}
}

// lookAgain is the time between two calls of eventually.
const lookAgain = 5 * time.Millisecond

// assertTruthy implements truthy(value [, about]) → value.
func assertTruthy(l *lua.LState) int {
	v := argument(l, 1)
	if lua.LVIsFalse(v) {
		bind.Raise(l, "%strue value expected, got %s", about(l, 2), show(v))
	}
	return bind.Return(l, v)
}

// assertFalsy implements falsy(value [, about]).
func assertFalsy(l *lua.LState) int {
	if v := argument(l, 1); !lua.LVIsFalse(v) {
		bind.Raise(l, "%sfalse or nil expected, got %s", about(l, 2), show(v))
	}
	return 0
}

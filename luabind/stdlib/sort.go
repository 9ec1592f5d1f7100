package stdlib

import (
	"sort"

	lua "github.com/yuin/gopher-lua"
)

// tableSort implements table.sort. It sorts a copy, so the table keeps all its values if
// a comparison fails or others change the table while a comparison waits. An
// inconsistent comparison gives any order, not an error.
func tableSort(c call) int {
	t := c.table(1)
	s := sorter{c: c, values: make([]lua.LValue, t.Len())}
	if c.given(2) {
		s.before = c.function(2)
	}
	for i := range s.values {
		s.values[i] = t.RawGetInt(i + 1)
	}
	sort.Sort(&s)
	for i, v := range s.values {
		t.RawSetInt(i+1, v)
	}
	return 0
}

// sorter implements sort.Interface.
type sorter struct {
	c        call
	values   []lua.LValue
	before   *lua.LFunction // nil for the operator <
	compared int
}

func (s *sorter) Len() int      { return len(s.values) }
func (s *sorter) Swap(i, j int) { s.values[i], s.values[j] = s.values[j], s.values[i] }

func (s *sorter) Less(i, j int) bool {
	a, b := s.values[i], s.values[j]
	if s.before != nil {
		return lua.LVAsBool(s.c.call(s.before, a, b))
	}
	if s.compared++; s.compared%(1<<12) == 0 {
		s.c.alive()
	}
	switch x := a.(type) {
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			return x < y
		}
	case lua.LString:
		if y, ok := b.(lua.LString); ok {
			return x < y
		}
	}
	return s.c.l.LessThan(a, b)
}

// alive raises an error if the task was cancelled. Long loops call it from time to
// time.
func (c call) alive() {
	if ctx := c.l.Context(); ctx != nil {
		select {
		case <-ctx.Done():
			c.raise("%v", ctx.Err())
		default:
		}
	}
}

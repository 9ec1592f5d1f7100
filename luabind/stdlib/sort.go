package stdlib

import (
	"sort"

	lua "github.com/yuin/gopher-lua"
)

// tableSort is table.sort. It sorts a copy, so that a table which others change
// while a comparison waits, or whose comparison fails, is never left with some
// values twice. An order that contradicts itself ends in some order.
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

type sorter struct {
	c        call
	values   []lua.LValue
	before   *lua.LFunction // nil: by <
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

// alive raises if the task is to end. What may take long asks now and then.
func (c call) alive() {
	if ctx := c.l.Context(); ctx != nil {
		select {
		case <-ctx.Done():
			c.raise("%v", ctx.Err())
		default:
		}
	}
}

package table

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// BenchmarkNew compares a table of this package with an ordinary one.
func BenchmarkNew(b *testing.B) {
	s := NewFields("user_name", "buddy_name", "message")
	values := []lua.LValue{lua.LString("alice"), lua.LString("bob"), lua.LString("text")}
	b.Run("of this package", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.New(values)
		}
	})
	b.Run("ordinary", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.ordinary(values)
		}
	})
}

func BenchmarkAll(b *testing.B) {
	s := NewFields("user_name", "buddy_name", "message")
	values := []lua.LValue{lua.LString("alice"), lua.LString("bob"), lua.LString("text")}
	for name, t := range map[string]*lua.LTable{"of this package": s.New(values), "ordinary": s.ordinary(values)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range All(t) {
				}
			}
		})
	}
	t := s.ordinary(values)
	b.Run("ordinary, Next", func(b *testing.B) {
		for b.Loop() {
			for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
			}
		}
	})
}

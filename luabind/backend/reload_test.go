package backend

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestChangedSince(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script.lua")
	began := time.Now()
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(script, at, at); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name   string
		before func()
		during func()
		want   bool
	}{
		{"changed long ago", func() { write("a", began.Add(-time.Hour)) }, func() {}, false},
		{"changed just before the load, and the same since", func() { write("a", began.Add(-time.Millisecond)) }, func() {}, false},
		{"changed during the load", func() { write("a", began.Add(-time.Hour)) }, func() { write("a", began.Add(time.Millisecond)) }, true},
		{"changed in the same tick of the clock", func() { write("a", began) }, func() { write("ab", began) }, true},
		{"a new file", func() { _ = os.Remove(script) }, func() { write("a", began) }, true},
		{"replaced by an older file", func() { write("a", began) }, func() { write("a", began.Add(-time.Hour)) }, true},
		{"removed", func() { write("a", began) }, func() { _ = os.Remove(script) }, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.before()
			before := stamps([]string{script})
			c.during()
			if got := changedSince(began, before, stamps([]string{script})); got != c.want {
				t.Errorf("changedSince is %v, want %v", got, c.want)
			}
		})
	}
}

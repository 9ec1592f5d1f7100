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
		{"long ago", func() { write("a", began.Add(-time.Hour)) }, func() {}, false},
		{"just before, as it was known", func() { write("a", began.Add(-time.Millisecond)) }, func() {}, false},
		{"during the load", func() { write("a", began.Add(-time.Hour)) }, func() { write("a", began.Add(time.Millisecond)) }, true},
		{"in the tick of the clock in which it was known", func() { write("a", began) }, func() { write("ab", began) }, true},
		{"it was not there", func() { _ = os.Remove(script) }, func() { write("a", began) }, true},
		{"an old one took its place", func() { write("a", began) }, func() { write("a", began.Add(-time.Hour)) }, true},
		{"it is gone", func() { write("a", began) }, func() { _ = os.Remove(script) }, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.before()
			before := stamps([]string{script})
			c.during()
			if got := changedSince(began, before, stamps([]string{script})); got != c.want {
				t.Errorf("it is %v, want %v", got, c.want)
			}
		})
	}
}

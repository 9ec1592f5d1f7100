package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"spectrumlua/runtime/files"
)

// TestAFullIndexRefusesAndLosesNothing leaves no room for new entries of the index.
func TestAFullIndexRefusesAndLosesNothing(t *testing.T) {
	s := start(t, "quota=10M", "user_quota=10M")
	older := s.add(files.Meta{Name: "a"}, "older")
	restore, err := s.FillIndex(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The pages have room for some entries.
	fills := func(what string, add func(name string) error) (added int) {
		t.Helper()
		for ; added < 1000; added++ {
			if err = add(fmt.Sprint(strings.Repeat("x", 200), added)); err != nil {
				break
			}
		}
		if !errors.Is(err, files.ErrFull) {
			t.Fatalf("%s fails after %d files: %v", what, added, err)
		}
		return added
	}
	entries := fills("Add", func(name string) error {
		_, err := s.Add(t.Context(), files.Meta{Name: name, Size: 1}, strings.NewReader("y"))
		return err
	})
	fills("AddSlot", func(name string) error {
		_, err := s.AddSlot(t.Context(), files.Meta{Owner: name + "@x", Name: name, Size: 5})
		return err
	})
	fills("AddFunction", func(name string) error {
		_, _, err := s.AddFunction(t.Context(), files.Meta{Name: name, Size: -1}, func(context.Context, io.Writer) error { return nil }, files.FunctionOptions{})
		return err
	})
	if a := get(t, older.URL); a.body != "older" {
		t.Errorf("an older file: %d %q", a.StatusCode, a.body)
	}
	if n := len(s.contents()); n != entries+1 {
		t.Errorf("the folder has %d files, not %d", n, entries+1)
	}
	if err := restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := s.add(files.Meta{Name: "b"}, "newer"); get(t, f.URL).body != "newer" {
		t.Error("a file afterwards")
	}
}

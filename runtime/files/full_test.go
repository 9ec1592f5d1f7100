package files_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/files"
)

// TestAFullDiskRefusesAndLosesNothing fills the disk: Add, uploads and functions fail, older
// files stay, and everything works again when there is space.
func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	s := start(t, "quota=1K", "max_size=50")
	older, slot := s.add(files.Meta{Name: "a"}, "older"), s.slot("a@x", "b", 5)
	kept, _ := s.function(files.Meta{Name: "c", Size: -1}, func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "made")
		return err
	}, files.FunctionOptions{Keep: true})
	restore := files.FillDisk()
	full := true
	defer func() {
		if full {
			restore()
		}
	}()
	for range 30 { // nothing stays in the quota
		if _, err := s.Add(t.Context(), files.Meta{Size: 5}, strings.NewReader("12345")); !errors.Is(err, files.ErrFull) {
			t.Fatalf("Add: %v", err)
		}
		if a := do(t, "PUT", slot.Put, "12345"); a.StatusCode != 507 {
			t.Fatalf("an upload: %d", a.StatusCode)
		}
		if a := try(t, "GET", kept.URL, ""); a.err == nil && a.StatusCode != 507 { // the beginning may be on its way already
			t.Fatalf("a function: %d %q", a.StatusCode, a.body)
		}
	}
	if a := get(t, older.URL); a.body != "older" {
		t.Errorf("an older file: %d %q", a.StatusCode, a.body)
	}
	restore()
	full = false
	for deadline := time.Now().Add(time.Minute); len(s.contents()) > 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left: %q", s.contents())
		}
	}
	if a := do(t, "PUT", slot.Put, "12345"); a.StatusCode != 201 {
		t.Errorf("an upload afterwards: %d", a.StatusCode)
	}
	if a := get(t, kept.URL); a.body != "made" {
		t.Errorf("a function afterwards: %d %q", a.StatusCode, a.body)
	}
	left := 1024 - len("older"+"12345"+"made")
	for deadline := time.Now().Add(time.Minute); left > 0; { // the last run may still be ending
		size := min(50, left)
		_, err := s.Add(t.Context(), files.Meta{Size: int64(size)}, strings.NewReader(strings.Repeat("x", size)))
		if err == nil {
			left -= size
		} else if !errors.Is(err, files.ErrQuota) || time.Now().After(deadline) {
			t.Fatalf("%d bytes of the quota are not free: %v", left, err)
		}
	}
}

package main

import (
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

// TestSocketHasTheNewestErrorsAndLinesOfTheLog asks the socket directly, because the
// dashboard shows both.
func TestSocketHasTheNewestErrorsAndLinesOfTheLog(t *testing.T) {
	s := openLive(t, liveScript)
	alice, err := s.Spectrum.Login("alice@localhost", "alice", "secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := alice.Say("bob", "hello"); err != nil {
			t.Fatal(err)
		}
		if _, err := alice.Expect(t.Context(), pb.WrapperMessage_TYPE_CONV_MESSAGE, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Scheduler().Do(func() {}) // the handler has ended
	all, err := live.Of(s.cfg, 0)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	defer live.Close(all)
	var failures []admin.Failure
	if err := all[0].Get(t.Context(), "/errors", &failures); err != nil || len(failures) != 1 {
		t.Fatalf("%v, %v", failures, err)
	}
	if f := failures[0]; f.At != "live.lua:5" || f.What != "on.conv_message" || f.Count != 2 || f.User != "alice@localhost" ||
		f.Message != "live.lua:5: broken" || !strings.Contains(f.Traceback, "live.lua:5") {
		t.Errorf("%+v", f)
	}
	for i := range 5 {
		s.log.WithField("n", i).Warn("line")
	}
	for path, want := range map[string]int{"/log": 5, "/log?lines=2": 2, "/log?lines=0": 0} {
		var lines []logging.Line
		err := all[0].Get(t.Context(), path, &lines)
		if err != nil || len(lines) != want || want > 0 && (lines[want-1].Text != "line n=4" || lines[want-1].Level != "WARN") {
			t.Errorf("%s: %d lines, %v", path, len(lines), err)
		}
	}
	if err := all[0].Get(t.Context(), "/log?lines=many", nil); err == nil || !strings.Contains(err.Error(), "lines=many is not a number of lines") {
		t.Errorf("%v", err)
	}
}

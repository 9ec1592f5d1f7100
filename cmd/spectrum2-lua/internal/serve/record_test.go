package serve_test

import (
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/runtime/record"
)

// TestRecordHasTheSessionOfServe records a session in working_dir, without the password.
func TestRecordHasTheSessionOfServe(t *testing.T) {
	s := newScene(t, transport, echo, "record=messages.jsonl\n")
	s.start()
	s.up()
	s.register()
	s.online()
	s.say("hello")
	s.answer("you said hello")
	if err := s.end(); err != nil {
		t.Error(err)
	}
	recorded := s.read("messages.jsonl")
	runs, err := record.Read(filepath.Join(s.dir, "messages.jsonl"), strings.NewReader(recorded))
	if err != nil {
		t.Fatal(err)
	}
	run := runs[0]
	if run.Header.Home != record.HomeServe || run.Header.JID != transport || !run.Whole {
		t.Errorf("the record is whole: %v, and has the header %+v", run.Whole, run.Header)
	}
	seen := map[string]int{}
	for _, e := range run.Entries {
		seen[strings.TrimPrefix(e.Type.String(), "TYPE_")+e.Event]++
	}
	if seen["LOGIN"] != 1 || seen["CONNECTED"] != 1 || seen["CONV_MESSAGE"] != 2 {
		t.Errorf("the record has %v", seen)
	}
	if !strings.Contains(recorded, `"password":"***"`) {
		t.Errorf("the record does not mask the password:\n%s", recorded)
	}
	s.logged("all messages from and to the script are recorded in " + filepath.Join(s.dir, "messages.jsonl"))
}

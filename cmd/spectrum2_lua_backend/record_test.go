package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/pb"
	"spectrumlua/runtime/record"
)

// TestRecordHasTheSessionWithoutThePassword records a session in working_dir.
func TestRecordHasTheSessionWithoutThePassword(t *testing.T) {
	config := folder(t, greeter, "record = $jid/messages.jsonl")
	dir := filepath.Dir(config)
	p, b := startUnder(t, config)
	u := b.Login("alice@localhost", "alice", "hunter2")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	u.Say("b", "hello")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, nil)
	b.Exit()
	if code := exitCode(t, p); code != 0 {
		t.Errorf("exit code %d", code)
	}
	file := filepath.Join(dir, "lua.localhost", "messages.jsonl")
	recorded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := record.Read(file, strings.NewReader(string(recorded)))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(recorded), "hunter2") {
		t.Error("the record has the password")
	}
	var got []string
	for _, e := range runs[0].Entries {
		line := e.Event
		if line == "" {
			line = strings.TrimPrefix(e.Type.String(), "TYPE_")
		}
		got = append(got, line)
	}
	want := "loaded LOGIN CONNECTED CONV_MESSAGE CONV_MESSAGE EXIT end"
	if strings.Join(got, " ") != want || runs[0].Header.JID != "lua.localhost" || runs[0].Header.Backend != "1" || !runs[0].Whole {
		t.Errorf("the record has %v, want %s; header %+v", got, want, runs[0].Header)
	}
	if sum := runs[0].Entries[0].SHA256; len(sum) != 12 || !strings.Contains(p.Output(), "sha256 "+sum) {
		t.Errorf("the log lacks the hash %q", sum)
	}
}

// TestBackendServesWithoutItsRecord uses a record that the backend cannot write.
func TestBackendServesWithoutItsRecord(t *testing.T) {
	p, b := startUnder(t, folder(t, greeter, "record = /proc/none/messages.jsonl"))
	u := b.Login("alice@localhost", "alice", "hunter2")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	b.Exit()
	if code := exitCode(t, p); code != 0 || !strings.Contains(p.Output(), "the record cannot be written: ") {
		t.Errorf("exit code %d, the log says %s", code, p.Output())
	}
}

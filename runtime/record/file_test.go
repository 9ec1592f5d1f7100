package record

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFileIsPrivate(t *testing.T) {
	o, log := options(t)
	o.Path = filepath.Join(filepath.Dir(o.Path), "new", "record.jsonl")
	r := open(t, o)
	r.Close()
	info, err := os.Stat(o.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if !strings.Contains(log.String(), "recorded in "+o.Path) {
		t.Errorf("the log says %s", log)
	}
	if err := os.Chmod(o.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, o).Close()
	if info, err = os.Stat(o.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("after another run: %v, %v", info.Mode(), err)
	}
}

func TestUnusablePathIsReported(t *testing.T) {
	o, _ := options(t)
	dir := filepath.Dir(o.Path)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a folder": dir, "a pipe": pipe, "in a file": filepath.Join(dir, "file", "x")} {
		o.Path = path
		if r, err := Open(o); err == nil || !strings.Contains(err.Error(), "the record cannot be written: ") || !strings.Contains(err.Error(), path[:len(path)-2]) {
			t.Errorf("%s: %v", name, err)
			if r != nil {
				r.Close()
			}
		}
	}
}

// TestOtherFilesAreNotAppendedTo has a script whose name was given instead of a record's.
func TestOtherFilesAreNotAppendedTo(t *testing.T) {
	o, _ := options(t)
	for _, text := range []string{"return {}\n", "{}", `{"recorded":1}`} {
		if err := os.WriteFile(o.Path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Open(o)
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), o.Path+" exists and is not a record") {
			t.Errorf("%s: %v", text, err)
		}
		if got := content(t, o.Path); got != text {
			t.Errorf("%s has become %s", text, got)
		}
		if info, err := os.Stat(o.Path); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: the mode is %v, %v", text, info.Mode(), err)
		}
	}
	for _, text := range []string{"", `{"rec`} { // of a killed process
		if err := os.WriteFile(o.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, o).Close()
	}
}

// TestNewRunFollowsAKilledOne appends to the record of a killed process.
func TestNewRunFollowsAKilledOne(t *testing.T) {
	o, _ := options(t)
	r := open(t, o)
	r.In(tMessage, says(t, "one"))
	r.Close()
	text := content(t, o.Path)
	killed := text[:strings.LastIndex(text, `{"t":`)] // without the event "end"
	if err := os.WriteFile(o.Path, []byte(killed+`{"t":1,"dir":"in","typ`), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, o).Close()
	runs := load(t, o.Path)
	if len(runs) != 2 || runs[0].Whole || !runs[1].Whole || len(runs[0].Entries) != 1 {
		t.Errorf("%+v", runs)
	}
}

func TestEachProcessWritesItsOwnFile(t *testing.T) {
	o, log := options(t)
	first := open(t, o)
	second := open(t, o)
	second.In(tMessage, says(t, "second"))
	second.Close()
	first.Close()
	other := strings.Replace(o.Path, "record.jsonl", "record-2.jsonl", 1)
	if len(load(t, o.Path)[0].Entries) != 1 || len(load(t, other)[0].Entries) != 2 {
		t.Error("both processes write to one file")
	}
	if !strings.Contains(log.String(), "record-2.jsonl") {
		t.Errorf("the log says %s", log)
	}
	open(t, o).Close() // the first name is free again
	if n := len(load(t, o.Path)); n != 2 {
		t.Errorf("%d runs", n)
	}
}

func TestFullFileIsRenamedAndContinued(t *testing.T) {
	o, _ := options(t)
	o.MaxSize = 2000
	r := open(t, o)
	for i := range 100 { // they all wait in the queue
		payload := says(t, fmt.Sprintf("number %d", i))
		if _, err := r.write(nil, []item{{typ: tMessage, size: len(payload)}}, payload); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	old, now := load(t, aside(o.Path)), load(t, o.Path)
	if len(old) != 1 || len(now) != 1 || old[0].Header.Part+1 != now[0].Header.Part || now[0].Header.Part < 3 || !now[0].Header.Time.Equal(old[0].Header.Time) {
		t.Fatalf("%+v, %+v", old[0].Header, now[0].Header)
	}
	run, ok := join(old[0], now[0])
	if !ok || !run.Whole || len(run.Entries) != len(old[0].Entries)+len(now[0].Entries) {
		t.Errorf("the two parts do not join: %v %v", ok, run.Whole)
	}
	both, err := ReadFile(o.Path)
	if err != nil || len(both) != 1 || len(both[0].Entries) != len(run.Entries) || both[0].Header.Part != old[0].Header.Part {
		t.Errorf("%v, %+v", err, both)
	}
	if first := both[0].Entries[0]; first.Where() != aside(o.Path)+":2" {
		t.Errorf("the first is at %s", first.Where())
	}
	if _, ok := join(now[0], old[0]); ok {
		t.Error("the parts join in the wrong order")
	}
	last := now[0].Entries[len(now[0].Entries)-2]
	if text := string(last.Payload); !strings.Contains(text, "number 99") {
		t.Errorf("the last is %q", text)
	}
}

// TestNumberedFileKeepsItsNameWhenItIsRenamed frees the first name before the second
// file is full.
func TestNumberedFileKeepsItsNameWhenItIsRenamed(t *testing.T) {
	o, _ := options(t)
	o.MaxSize = 300
	first := open(t, o)
	second := open(t, o)
	first.Close()
	payload := says(t, "hello")
	for range 5 {
		if _, err := second.write(nil, []item{{typ: tMessage, size: len(payload)}}, payload); err != nil {
			t.Fatal(err)
		}
	}
	second.Close()
	other := numbered(o.Path, 2)
	if runs, err := ReadFile(other); err != nil || runs[0].Header.Part < 1 || !runs[0].Whole {
		t.Errorf("%v, %+v", err, runs)
	}
	if _, err := os.Stat(aside(other)); err != nil {
		t.Error(err)
	}
	if n := len(load(t, o.Path)); n != 1 {
		t.Errorf("the first file has %d runs", n)
	}
}

func TestFullDiskEndsTheRecordWithOneLogLine(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	o, log := options(t)
	r := open(t, o)
	_ = r.file.f.Close()
	r.file.f = full
	for range 1000 {
		r.In(tMessage, says(t, "hello"))
	}
	<-r.done
	r.In(tMessage, says(t, "hello"))
	r.Close()
	if n := strings.Count(log.String(), "ends here"); n != 1 || !strings.Contains(log.String(), "no space left") {
		t.Errorf("%d times: %s", n, log)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) != 0 || r.data != nil {
		t.Error("the recorder still queues messages")
	}
}

// TestMessagesOverTheQueueAreCounted blocks the writing goroutine.
func TestMessagesOverTheQueueAreCounted(t *testing.T) {
	o, _ := options(t)
	o.MaxQueue = 10_000
	r, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const sent = 1000
	r.mu.Lock() // blocks the writing goroutine
	for range sent {
		r.pushLocked(item{typ: tMessage, size: 100}, make([]byte, 100))
	}
	secrets := login(t, "hunter2")
	r.pushLocked(item{typ: tLogin, size: len(secrets)}, secrets) // is not lost
	r.mu.Unlock()
	r.Close()
	entries := load(t, o.Path)[0].Entries
	messages, lost := 0, 0
	if last := entries[len(entries)-2]; last.Type != tLogin {
		t.Errorf("the login is lost: %+v", last)
	}
	for _, e := range entries {
		if e.Event == "" && e.Type == tMessage {
			messages++
		}
		lost += e.Messages
	}
	if messages == 0 || messages+lost != sent || lost == 0 {
		t.Errorf("%d messages and %d lost of %d", messages, lost, sent)
	}
}

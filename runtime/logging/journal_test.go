package logging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// asJournal names a file as the stream to the journal.
func asJournal(t *testing.T, f *os.File) {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", stat.Dev, stat.Ino))
}

// journal returns a socket that stands for systemd's journal, and its path.
func journal(t *testing.T) (*net.UnixConn, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "journal") // t.TempDir may be too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, path
}

// entry receives an entry and decodes its fields, as the journal does.
func entry(t *testing.T, conn *net.UnixConn) map[string]string {
	t.Helper()
	data := make([]byte, 1<<20)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	n, err := conn.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for data = data[:n]; len(data) > 0; {
		end := bytes.IndexAny(data, "=\n")
		name, sep := string(data[:end]), data[end]
		data = data[end+1:]
		length := bytes.IndexByte(data, '\n')
		if sep == '\n' {
			length = int(binary.LittleEndian.Uint64(data))
			data = data[8:]
		}
		fields[name] = string(data[:length])
		if data[length] != '\n' {
			t.Fatalf("%s does not end in a line", name)
		}
		data = data[length+1:]
	}
	return fields
}

// journalTrial opens a log whose standard error leads to the journal.
func journalTrial(t *testing.T, socket string) (*Logger, *os.File) {
	t.Helper()
	stderr := tempFile(t, "")
	asJournal(t, stderr)
	l := Open(Options{JID: "irc.example.net", Stderr: stderr, JournalSocket: socket})
	t.Cleanup(func() { _ = l.Close() })
	return l, stderr
}

func TestEntriesInTheJournalHavePriorityIdentifierAndUser(t *testing.T) {
	conn, path := journal(t)
	l, stderr := journalTrial(t, path)
	l.Category("lua").WithField("user", "alice@localhost").Error("error in conv_message: irc.lua:6: no\nstack traceback:\n\tirc.lua:6: in f")
	want := map[string]string{
		"MESSAGE":  "lua: error in conv_message: irc.lua:6: no user=alice@localhost\nstack traceback:\n\tirc.lua:6: in f",
		"PRIORITY": "3", "SYSLOG_IDENTIFIER": "spectrum2_lua_backend", "SYSLOG_PID": fmt.Sprint(os.Getpid()),
		"SPECTRUM2_JID": "irc.example.net", "SPECTRUM2_CATEGORY": "lua", "SPECTRUM2_USER": "alice@localhost",
	}
	if got := entry(t, conn); !maps.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for level, want := range map[logrus.Level]string{logrus.FatalLevel: "2", logrus.WarnLevel: "4", logrus.InfoLevel: "6"} {
		l.Category("link").Log(level, "x")
		if got := entry(t, conn); got["PRIORITY"] != want || got["MESSAGE"] != "link: x" || got["SPECTRUM2_USER"] != "" {
			t.Errorf("%v: %q", level, got)
		}
	}
	finish(t, l)
	if text := read(t, stderr.Name()); text != "" {
		t.Errorf("on standard error: %q", text)
	}
}

func TestEntryCannotAddFieldsToTheJournal(t *testing.T) {
	conn, path := journal(t)
	l, _ := journalTrial(t, path)
	l.Category("a\nPRIORITY=0").WithField("user", "bob\nPRIORITY=0").Info("x\nPRIORITY=0\nMESSAGE=y")
	got := entry(t, conn)
	if names := slices.Sorted(maps.Keys(got)); got["PRIORITY"] != "6" || len(names) != 7 {
		t.Errorf("%q", got)
	}
}

func TestLongEntriesAreTruncatedForTheJournal(t *testing.T) {
	conn, path := journal(t)
	l, _ := journalTrial(t, path)
	l.Category("lua").Info(strings.Repeat("x", 2*maxEntry))
	if got := len(entry(t, conn)["MESSAGE"]); got < shortEntry || got > maxEntry+maxField {
		t.Errorf("%d bytes arrive", got)
	}
}

func TestWithoutAJournalSocketLinesCarryTheirPriority(t *testing.T) {
	l, stderr := journalTrial(t, filepath.Join(t.TempDir(), "nobody"))
	l.Category("lua").Error("one\ntwo")
	l.Category("link").Info("three")
	finish(t, l)
	if got, want := read(t, stderr.Name()), "<3>lua: one\n<3>\ttwo\n<6>link: three\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEntriesGoToTheStreamAfterTheJournalEnds(t *testing.T) {
	conn, path := journal(t)
	l, stderr := journalTrial(t, path)
	l.Category("link").Info("one")
	if got := entry(t, conn)["MESSAGE"]; got != "link: one" {
		t.Errorf("%q", got)
	}
	conn.Close()
	l.Category("link").Warn("two")
	finish(t, l)
	if got := read(t, stderr.Name()); got != "<4>link: two\n" {
		t.Errorf("%q", got)
	}
}

func TestOnlyTheStreamThatSystemdNamesIsTheJournal(t *testing.T) {
	f, other := tempFile(t, ""), tempFile(t, "")
	asJournal(t, f)
	if !isJournal(f) || isJournal(other) {
		t.Error("another file counts as the journal")
	}
	for _, value := range []string{"", "1", "x:y", ":", "0:0"} {
		t.Setenv("JOURNAL_STREAM", value)
		if isJournal(f) {
			t.Errorf("the file counts as the journal with %q", value)
		}
	}
}

func TestEntriesThatTheFileRejectsReachTheJournalWithPriority(t *testing.T) {
	stderr := tempFile(t, "")
	asJournal(t, stderr)
	l := Open(Options{Stderr: stderr, ConfigFile: tempFile(t, "log4j.rootLogger=INFO, R\nlog4j.appender.R=FileAppender\nlog4j.appender.R.File=/proc/nobody/x.log\n").Name()})
	l.Category("lua").Error("one")
	finish(t, l)
	if got := read(t, stderr.Name()); !strings.HasPrefix(got, "<3>") {
		t.Errorf("%q", got)
	}
}

func TestErrorsBeforeTheLogIsOpenHavePriorityInTheJournal(t *testing.T) {
	f, other := tempFile(t, ""), tempFile(t, "")
	asJournal(t, f)
	Complain(f, "the config is wrong:\nx.cfg:1")
	Complain(other, "the config is wrong")
	if got := read(t, f.Name()); got != "<3>the config is wrong:\n<3>x.cfg:1\n" {
		t.Errorf("%q", got)
	}
	if got := read(t, other.Name()); got != "the config is wrong\n" {
		t.Errorf("%q", got)
	}
}

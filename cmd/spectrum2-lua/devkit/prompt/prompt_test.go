package prompt

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCompleteExtendsToTheCommonPrefix(t *testing.T) {
	words := []string{"/join", "/login", "/logout", "/log"}
	cases := []struct {
		name, before string
		start        int
		words        []string
		want         string
		choices      []string
	}{
		{"only one word", "/j", 0, words, "/join ", nil},
		{"a common prefix", "/l", 0, words, "/log", nil},
		{"the common prefix is already typed", "/log", 0, words, "/log", []string{"/log", "/login", "/logout"}},
		{"no word", "/x", 0, words, "/x", nil},
		{"a later word", "/msg e", 5, []string{"echo", "bob"}, "/msg echo ", nil},
		{"letters of several bytes", "", 0, []string{"ä1", "ö2"}, "", []string{"ä1", "ö2"}},
		{"each once", "", 0, []string{"b", "a", "b"}, "", []string{"a", "b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, choices := complete(c.before, c.start, c.words, " ")
			if got != c.want || !slices.Equal(choices, c.choices) {
				t.Errorf("got %q, %q, want %q, %q", got, choices, c.want, c.choices)
			}
		})
	}
}

func withoutPasswords(line string) string {
	kept, _, _ := strings.Cut(line, " hunter")
	return kept
}

func TestHistoryRemembersLinesWithoutSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "spectrum2-lua", "history")
	h, warning := openHistory(path, withoutPasswords)
	if warning != nil {
		t.Fatal(warning)
	}
	for _, line := range []string{"one", "", "two", "two", "/login alice hunter2"} {
		h.Add(line)
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("other users can read the file: %v", info.Mode())
	}
	again, warning := openHistory(path, withoutPasswords)
	if warning != nil {
		t.Fatal(warning)
	}
	defer again.close()
	var got []string
	for i := range again.Len() {
		got = append(got, again.At(i))
	}
	if want := []string{"/login alice", "two", "one"}; !slices.Equal(got, want) {
		t.Errorf("the history is %q, want %q", got, want)
	}
}

func TestHistoryDropsTheOldestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(path, []byte(strings.Repeat("a\nb\n", 1100)), 0o644); err != nil {
		t.Fatal(err)
	}
	h, warning := openHistory(path, withoutPasswords)
	if warning != nil {
		t.Fatal(warning)
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); h.Len() != maxHistory || n != maxHistory {
		t.Errorf("%d lines are remembered and %d in the file, want %d", h.Len(), n, maxHistory)
	}
}

func TestHistoryWithoutAFileWorksInMemory(t *testing.T) {
	h, warning := openHistory(filepath.Join(os.DevNull, "history"), withoutPasswords)
	if warning == nil || !strings.Contains(warning.Error(), "the history is lost at the end") {
		t.Errorf("the warning is %v", warning)
	}
	h.Add("one")
	if h.Len() != 1 {
		t.Error("it does not remember lines in memory")
	}
}

func TestStateFileFollowsXDG(t *testing.T) {
	t.Setenv("HOME", "/home/alice")
	for dir, want := range map[string]string{
		"":         "/home/alice/.local/state/spectrum2-lua/x",
		"relative": "/home/alice/.local/state/spectrum2-lua/x",
		"/state":   "/state/spectrum2-lua/x",
	} {
		t.Setenv("XDG_STATE_HOME", dir)
		if got, err := StateFile("x"); got != want || err != nil {
			t.Errorf("with XDG_STATE_HOME=%q the path is %q, %v; want %q", dir, got, err, want)
		}
	}
}

// screen is the other side of a terminal, with its output so far.
type screen struct {
	t      *testing.T
	master *os.File
	shown  strings.Builder
}

// until reads the output until it has a text.
func (s *screen) until(text string) {
	s.t.Helper()
	buf := make([]byte, 1024)
	from := s.shown.Len()
	for !strings.Contains(s.shown.String()[from:], text) {
		n, err := s.master.Read(buf)
		s.shown.Write(buf[:n])
		if err != nil {
			s.t.Fatalf("waiting for %q: %v; the output is %q", text, err, s.shown.String())
		}
	}
}

func (s *screen) types(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// TestOutputAppearsAboveTheTypedLine types at a terminal while output arrives.
func TestOutputAppearsAboveTheTypedLine(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal is available: %v", err)
	}
	defer master.Close()
	defer slave.Close()
	p, warning, err := Open(Options{
		In: slave, Out: slave,
		Complete: func(string) (int, []string) { return 0, []string{"/login"} },
		After:    " ",
	})
	if err != nil || warning != nil {
		t.Fatal(err, warning)
	}
	s := &screen{t: t, master: master}
	lines := make(chan string)
	errs := make(chan error, 1)
	go func() {
		defer close(lines)
		for {
			line, err := p.ReadLine("alice> ")
			if err != nil {
				errs <- err
				return
			}
			lines <- line
		}
	}()
	s.until("alice> ")
	s.types("hal")
	s.until("hal")
	p.Print("  <echo> hi")
	s.until("  <echo> hi\r\nalice> hal") // the typed text appears again below it
	s.types("lo\r")
	if line := <-lines; line != "hallo" {
		t.Errorf("the line is %q", line)
	}
	s.types("/l\t")
	s.until("/login ")
	s.types("x\r")
	if line := <-lines; line != "/login x" {
		t.Errorf("after Tab the line is %q", line)
	}
	s.types("\x1b[A\x1b[A\r")
	if line := <-lines; line != "hallo" {
		t.Errorf("after two arrows up the line is %q", line)
	}
	s.types("\x04")
	<-lines
	if err := <-errs; !errors.Is(err, io.EOF) {
		t.Errorf("Ctrl-D returns %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

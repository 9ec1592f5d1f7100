package logging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is the time limit for steps that normally take no time.
const patience = time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(brokenPipeEnv) != "" {
		logToBrokenPipe()
		return
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

// tempFile creates a file with content. It stands for a stream or is a config.
func tempFile(t *testing.T, content string) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// finish closes the log after all entries are written, on slow machines too.
func finish(t *testing.T, l *Logger) {
	t.Helper()
	for _, out := range l.outputs {
		if !out.queue.flush(patience) {
			t.Fatal("the log was not written")
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A trial is an open log. Its standard streams are files.
type trial struct {
	*Logger
	dir            string
	stdout, stderr *os.File
}

// openWith opens a log with text as its config file. $DIR in it stands for a temporary
// folder. Empty text means no config file.
func openWith(t *testing.T, text string) *trial {
	t.Helper()
	much := Rate{Burst: 1e9}
	return openLimited(t, text, Options{Limits: &Limits{Own: much, Process: much, Script: much, Lines: much, Bytes: much, Summary: time.Hour}})
}

// openLimited is openWith with the limits, the clock and the other options of o.
func openLimited(t *testing.T, text string, o Options) *trial {
	t.Helper()
	dir := t.TempDir()
	tr := &trial{dir: dir, stdout: tempFile(t, ""), stderr: tempFile(t, "")}
	o.JID, o.ID, o.PID, o.Stdout, o.Stderr = "irc.example.net", "3", 4711, tr.stdout, tr.stderr
	if text != "" {
		o.ConfigFile = filepath.Join(dir, "backend-logging.cfg")
		if err := os.WriteFile(o.ConfigFile, []byte(strings.ReplaceAll(text, "$DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tr.Logger = Open(o)
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

func (tr *trial) file(t *testing.T, name string) string {
	t.Helper()
	return read(t, filepath.Join(tr.dir, name))
}

func wantContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

package logging

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestLogWithoutConfigGoesToStandardError(t *testing.T) {
	tr := openWith(t, "")
	log := tr.Category("lua").WithField("user", "alice")
	log.Debug("hidden")
	log.Info("shown")
	tr.Logger.Warn("bare")
	tr.SetLevel(logrus.DebugLevel)
	log.Debug("shown too")
	finish(t, tr.Logger)
	stamp := `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} `
	want := regexp.MustCompile("^" + stamp + "INFO  lua: shown user=alice\n" + stamp + "WARN  root: bare\n" + stamp + "DEBUG lua: shown too user=alice\n$")
	if got := read(t, tr.stderr.Name()); !want.MatchString(got) {
		t.Errorf("got:\n%s", got)
	}
}

func TestConfigOfDebianWritesAFile(t *testing.T) {
	text := strings.ReplaceAll(read(t, "testdata/backend-logging.cfg"), "/var/log/spectrum2", "$DIR")
	tr := openWith(t, text)
	tr.Category("lua").Debug("a message")
	tr.Category("link").Debug("a frame")
	tr.Category("session").WithField("password", "hunter2").Error("no\nentry")
	finish(t, tr.Logger)
	got := tr.file(t, "irc.example.net/backends/backend-3.log")
	stamp := `4711: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} `
	want := regexp.MustCompile("^" + stamp + "DEBUG lua: a message\n" + stamp + "ERROR session: no password=\\*\\*\\*\n\tentry\n$")
	if !want.MatchString(got) {
		t.Errorf("got:\n%s", got)
	}
	if got := read(t, tr.stderr.Name()); got != "" {
		t.Errorf("on standard error: %s", got)
	}
}

const threeAppenders = `
log4j.rootLogger=DEBUG, R, C, E
log4j.appender.R=org.apache.log4j.RollingFileAppender
log4j.appender.R.File=$DIR/x.log
log4j.appender.R.layout=org.apache.log4j.PatternLayout
log4j.appender.R.layout.ConversionPattern=R %p %c %m%n
log4j.appender.C=org.apache.log4j.ConsoleAppender
log4j.appender.C.layout=org.apache.log4j.SimpleLayout
log4j.appender.E=org.apache.log4j.ConsoleAppender
log4j.appender.E.Target=System.err
log4j.appender.E.Threshold=ERROR
log4j.appender.E.layout=org.apache.log4j.PatternLayout
log4j.appender.E.layout.ConversionPattern=E %m%n
`

func TestSeveralAppendersReceiveEachEntry(t *testing.T) {
	tr := openWith(t, threeAppenders)
	log := tr.Category("lua")
	log.Debug("one")
	log.Error("two")
	finish(t, tr.Logger)
	for name, want := range map[string]string{
		filepath.Join(tr.dir, "x.log"): "R DEBUG lua one\nR ERROR lua two\n",
		tr.stdout.Name():               "DEBUG - one\nERROR - two\n",
		tr.stderr.Name():               "E two\n",
	} {
		if got := read(t, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestManyGoroutinesLoseNoEntry(t *testing.T) {
	tr := openWith(t, threeAppenders)
	log := tr.Category("lua")
	const writers, each = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				log.WithField("writer", w).Infof("entry %d", i)
				if i == each/2 {
					tr.Flush()
				}
			}
		})
	}
	wg.Wait()
	finish(t, tr.Logger)
	for _, got := range []string{tr.file(t, "x.log"), read(t, tr.stdout.Name())} {
		if n := strings.Count(got, "\n"); n != writers*each {
			t.Errorf("%d lines, want %d", n, writers*each)
		}
		for w := range writers {
			for i := range each {
				if !strings.Contains(got, fmt.Sprintf("entry %d writer=%d\n", i, w)) {
					t.Fatalf("entry %d of %d is missing", i, w)
				}
			}
		}
	}
}

func TestWarningNamesTheConfigFile(t *testing.T) {
	tr := openWith(t, strings.Replace(threeAppenders, "E %m%n", "E %q %m%n", 1)+"log4j.appender.R.MaxFileSize=huge\n")
	finish(t, tr.Logger)
	wantContains(t, tr.file(t, "x.log"),
		`R WARN log `+tr.dir+`/backend-logging.cfg:14: "huge" is not a file size`,
		`backend-logging.cfg: the conversion pattern has an unknown %q`)
}

func TestFullDiskFallsBackToStandardError(t *testing.T) {
	tr := openWith(t, "log4j.rootLogger=INFO, R\nlog4j.appender.R=RollingFileAppender\nlog4j.appender.R.File=/dev/full\n")
	tr.Category("lua").Info("still here")
	finish(t, tr.Logger)
	wantContains(t, read(t, tr.stderr.Name()), "ERROR log: the log /dev/full cannot be written", "INFO  lua: still here\n")
}

func TestFatalDoesNotEndTheProcess(t *testing.T) {
	tr := openWith(t, "")
	tr.Category("lua").Fatal("not the end")
	tr.Logger.Fatalf("nor %s", "this")
	finish(t, tr.Logger)
	wantContains(t, read(t, tr.stderr.Name()), "FATAL lua: not the end\n", "FATAL root: nor this\n")
}

func TestEntriesAfterCloseAreDropped(t *testing.T) {
	tr := openWith(t, threeAppenders)
	tr.Info("one")
	finish(t, tr.Logger)
	tr.Info("two")
	tr.Flush()
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if got := tr.file(t, "x.log"); got != "R INFO root one\n" {
		t.Errorf("got %q", got)
	}
}

// chatty logs an entry in its String method.
type chatty struct{ log *logrus.Entry }

func (c chatty) String() string {
	c.log.Info("inner")
	return "chatty"
}

func TestFieldMayLogWhileItIsFormatted(t *testing.T) {
	tr := openWith(t, threeAppenders)
	log := tr.Category("lua")
	log.WithField("x", chatty{log}).Info("outer")
	finish(t, tr.Logger)
	wantContains(t, tr.file(t, "x.log"), "R INFO lua inner\n", "R INFO lua outer x=chatty\n")
}

const brokenPipeEnv = "LOGGING_TEST_BROKEN_PIPE"

// logToBrokenPipe runs in the process that TestBrokenPipeDoesNotEndTheProcess starts.
func logToBrokenPipe() {
	l := Open(Options{})
	for range 100 {
		l.Info("into the void")
		l.outputs[0].queue.flush(patience)
	}
	if err := l.Close(); err != nil {
		fmt.Println(err)
	}
	fmt.Println("alive")
}

func TestBrokenPipeDoesNotEndTheProcess(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	var stdout bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), brokenPipeEnv+"=1")
	cmd.Stdout, cmd.Stderr = &stdout, w
	if err := cmd.Run(); err != nil || stdout.String() != "alive\n" {
		t.Errorf("%v, %q", err, stdout.String())
	}
}

func BenchmarkOff(b *testing.B) {
	l := Open(Options{Stderr: os.NewFile(^uintptr(0), "none")})
	defer l.Close()
	log := l.Category("lua")
	b.ReportAllocs()
	for b.Loop() {
		log.Debug("nothing")
	}
}

func BenchmarkEntry(b *testing.B) {
	name := filepath.Join(b.TempDir(), "l.cfg")
	text := "log4j.rootLogger=DEBUG, F\nlog4j.appender.F=FileAppender\nlog4j.appender.F.File=/dev/null\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	l := Open(Options{ConfigFile: name})
	defer l.Close()
	log := l.Category("lua").WithFields(logrus.Fields{"user": "alice@example.net", "type": "conv_message"})
	b.ReportAllocs()
	for b.Loop() {
		log.Debug("a message came in")
	}
}

func BenchmarkLine(b *testing.B) {
	p, _ := compile("4711: " + defaultPattern)
	r := testRecord()
	r.fields = logrus.Fields{"user": "alice@example.net", "type": "conv_message"}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = p.append(buf[:0], r)
	}
}

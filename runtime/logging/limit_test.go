package logging

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/runtime/clock"
)

// levelOnly is a config whose pattern omits the time.
const levelOnly = "log4j.rootLogger=TRACE, R\nlog4j.appender.R=FileAppender\nlog4j.appender.R.File=$DIR/x.log\n" +
	"log4j.appender.R.layout=PatternLayout\nlog4j.appender.R.layout.ConversionPattern=%p %c: %m%n\n"

// flood opens a log with a clock that only the test advances.
func flood(t *testing.T) (*trial, *clock.Movable) {
	t.Helper()
	c := clock.NewMovable(nil)
	return openLimited(t, levelOnly, Options{Clock: c}), c
}

func advance(t *testing.T, c *clock.Movable, d time.Duration) {
	t.Helper()
	if err := c.Advance(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

var (
	countField = regexp.MustCompile(` count=(\d+)`)
	leftOut    = "similar lines are left out"
)

// accounted counts the lines in a log, including those that a summary reports.
func accounted(t *testing.T, text string) (n int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if !strings.Contains(line, leftOut) {
			if !strings.HasPrefix(line, "\t") {
				n++
			}
			continue
		}
		m := countField.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no count in %q", line)
		}
		count, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		n += count
	}
	return n
}

// TestFloodIsCountedInFewLines covers floods that filled logs in practice.
func TestFloodIsCountedInFewLines(t *testing.T) {
	many := race.Reduce(10000, 2500)
	cases := []struct {
		name string
		log  func(l *logrus.Entry, i int)
	}{
		{"a handler that raises", func(l *logrus.Entry, i int) {
			l.WithFields(logrus.Fields{"user": "alice@localhost", SourceField: "irc.lua:6"}).
				Errorf("error in conv_message: irc.lua:6: no %d\nstack traceback:\n\tirc.lua:6", i)
		}},
		{"a handler that raises for many users", func(l *logrus.Entry, i int) {
			l.WithFields(logrus.Fields{"user": fmt.Sprint(i%(many/2), "@localhost"), SourceField: "irc.lua:6"}).
				Errorf("error in conv_message: irc.lua:6: no %d\nstack traceback:\n\tirc.lua:6", i)
		}},
		{"LOGINs of a user who is logged in", func(l *logrus.Entry, _ int) {
			l.WithField("user", "alice@localhost").Warn("LOGIN of a user who is logged in")
		}},
		{"messages for absent users", func(l *logrus.Entry, i int) {
			l.WithField("user", fmt.Sprint(i, "@localhost")).Debug("conv_message for a user who is not logged in is skipped")
		}},
		{"a script with many lines", func(l *logrus.Entry, i int) {
			l.WithFields(logrus.Fields{"user": "alice@localhost", SourceField: fmt.Sprint("load:", i)}).Warn("x")
		}},
		{"long lines", func(l *logrus.Entry, i int) {
			l.WithField("user", fmt.Sprint(i, "@localhost")).Info(strings.Repeat("x", 10000))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr, time := flood(t)
			log := tr.Category("lua")
			for i := range many {
				c.log(log, i)
				if i%(many/5) == 0 {
					advance(t, time, 100e6)
				}
			}
			tr.Category("backend").Error("something else")
			advance(t, time, 20e9)
			c.log(log, 7)
			finish(t, tr.Logger)
			text := tr.file(t, "x.log")
			if len(text) > 4<<20 {
				t.Errorf("%d bytes are logged", len(text))
			}
			if got := accounted(t, text); got != many+2 {
				t.Errorf("%d lines are accounted for, want %d", got, many+2)
			}
			if !strings.Contains(text, "ERROR backend: something else\n") {
				t.Error("a line that does not belong to the flood is missing")
			}
		})
	}
}

func TestNewOrImportantLinesAreShownDuringAFlood(t *testing.T) {
	tr, _ := flood(t)
	log := tr.Category("lua")
	for i := range 5000 {
		log.WithField("user", fmt.Sprint(i)).Info(strings.Repeat("x", 1000))
	}
	for i := range 500 {
		log.WithFields(logrus.Fields{"user": fmt.Sprint("guest", i), KeepField: true}).Info("login failed")
	}
	for range 500 {
		log.WithFields(logrus.Fields{"user": "alice", AlwaysField: true}).Info("an admin runs code")
	}
	log.WithField("user", "bob").Warn("a warning of another kind")
	log.Error("an error of the process")
	finish(t, tr.Logger)
	text := tr.file(t, "x.log")
	if n := strings.Count(text, "login failed user=guest"); n != 500 {
		t.Errorf("%d failed logins are shown", n)
	}
	if n := strings.Count(text, "an admin runs code user=alice\n"); n != 500 {
		t.Errorf("%d lines about code of an admin are shown", n)
	}
	wantContains(t, text, "WARN lua: a warning of another kind user=bob\n", "ERROR lua: an error of the process\n")
	if strings.Contains(text, "\x00") || strings.Contains(text, "keep") || strings.Contains(text, "always") {
		t.Error("internal fields are shown")
	}
}

func TestSummaryShowsPlaceUserAndLastLine(t *testing.T) {
	tr, c := flood(t)
	log := tr.Category("lua").WithFields(logrus.Fields{"user": "alice", SourceField: "irc.lua:6"})
	for i := range 8 {
		log.Errorf("error %d\nstack traceback:", i)
	}
	advance(t, c, 10*time.Second)
	want := "ERROR lua: similar lines are left out, the last one: error 7 … at=irc.lua:6 count=3 user=alice within=10s\n"
	finish(t, tr.Logger)
	text := tr.file(t, "x.log")
	if !strings.HasSuffix(text, want) || strings.Count(text, "stack traceback") != 5 {
		t.Errorf("got\n%swant at its end\n%s", text, want)
	}
}

func TestCloseAndFlushWriteSummaries(t *testing.T) {
	for name, end := range map[string]func(*trial){"Close": func(tr *trial) { _ = tr.Close() }, "Flush": func(tr *trial) { tr.Flush() }} {
		t.Run(name, func(t *testing.T) {
			tr, _ := flood(t)
			for range 9 {
				tr.Category("lua").WithField("user", "alice").Warn("x")
			}
			end(tr)
			finish(t, tr.Logger)
			wantContains(t, tr.file(t, "x.log"), "the last one: x count=4 user=alice within=0s\n")
		})
	}
}

func TestScriptMayPrintManyLines(t *testing.T) {
	tr, c := flood(t)
	log := tr.Category(scriptCategory).WithFields(logrus.Fields{"user": "alice", SourceField: "irc.lua:9"})
	for i := range 150 {
		log.Infof("line %d", i)
	}
	for i := range 600 {
		advance(t, c, 100*time.Millisecond)
		log.Infof("tick %d", i)
	}
	finish(t, tr.Logger)
	if text := tr.file(t, "x.log"); strings.Contains(text, leftOut) {
		t.Errorf("lines are left out:\n%s", text)
	}
}

func TestEachLoadOfAScriptIsShown(t *testing.T) {
	tr, _ := flood(t)
	for i := range 50 {
		tr.Category("lua").Infof("loaded x.lua: generation %d", i)
	}
	finish(t, tr.Logger)
	if n := strings.Count(tr.file(t, "x.log"), "INFO lua: loaded x.lua"); n != 50 {
		t.Errorf("%d of 50 loads are shown", n)
	}
}

func TestCallSitesHaveTheirOwnLimits(t *testing.T) {
	tr, _ := flood(t)
	log := tr.Category("lua").WithField("user", "alice")
	one := func() { log.Warnf("%d", 1) }
	two := func() { log.WithError(errors.New("x")).Warn("two") }
	for range 10 {
		one()
		two()
	}
	finish(t, tr.Logger)
	text := tr.file(t, "x.log")
	if strings.Count(text, "WARN lua: 1 user=alice\n") != 5 || strings.Count(text, "WARN lua: two error=x user=alice\n") != 5 {
		t.Errorf("got\n%s", text)
	}
}

func TestSecretsAreHiddenOnlyInMessagesAndFields(t *testing.T) {
	hide := strings.NewReplacer("hunter2", "***", "line\nof", "***", "WARN", "***", "lua", "***").Replace
	tr := openLimited(t, levelOnly, Options{Hide: hide})
	tr.Category("lua").WithField("url", "https://a:hunter2@b").Warn("it is hunter2\nand hunter2, line\nof two")
	finish(t, tr.Logger)
	if got, want := tr.file(t, "x.log"), "WARN lua: it is *** url=https://a:***@b\n\tand ***, *** two\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func BenchmarkLeftOut(b *testing.B) {
	l := Open(Options{})
	defer l.Close()
	log := l.Category("lua").WithField("user", "alice")
	for b.Loop() {
		log.Warn("LOGIN of a user who is logged in")
	}
}

// BenchmarkManyUsers logs a line for each of more users than the limiter distinguishes.
func BenchmarkManyUsers(b *testing.B) {
	l := Open(Options{})
	defer l.Close()
	log := l.Category("lua")
	for i := 0; b.Loop(); i++ {
		log.WithField("user", strconv.Itoa(i%(10*maxPlaces))).Info("connected")
	}
}

package logging

import (
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/sirupsen/logrus"
)

// FuzzProperties parses any text as a log4cxx file. The config must be usable, and its
// patterns must keep the guarantees for lines.
func FuzzProperties(f *testing.F) {
	debian, err := os.ReadFile("testdata/backend-logging.cfg")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(debian)
	f.Add([]byte("log4j.rootLogger=, A\\\n,B\nlog4j.appender.A=X::FileAppender\nlog4j.appender.A.File=${a}${b\na=${a}\n"))
	f.Add([]byte("=\\\r\n!\r#\\\n:\\"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := parseConfig(Options{ConfigFile: "f", JID: "j", ID: "1", PID: 2}, toUTF8(data))
		if len(c.appenders) == 0 {
			t.Fatal("no appender")
		}
		for _, a := range c.appenders {
			if a.target == toFile && (a.file == "" || a.backups < 1 || a.maxSize < 0) {
				t.Fatalf("%+v", a)
			}
			line := compilePattern(a.pattern, func(string) {}).append(nil, testRecord())
			if len(line) > maxQueued || !strings.HasSuffix(string(line), "\n") {
				t.Fatalf("a line of %d bytes", len(line))
			}
		}
		if top := c.levels.highest(); top > logrus.TraceLevel {
			t.Fatalf("level %v", top)
		}
	})
}

// FuzzPattern formats any message and field with any pattern. The line must be limited
// in length, and must not imitate another entry or control a terminal.
func FuzzPattern(f *testing.F) {
	f.Add(defaultPattern, "hello", "user", "alice")
	f.Add("%-5.3m{%d{HH:mm:ss,SSS}{UTC} %%%q%5", "a\nb\r\n\x1b[1m", "password", "x y")
	f.Add("%d{%H'%%s%Q}%X{k}%c{1}%.0m%r", "\xff\u202e\u2028", "k", "\x00\"=")
	f.Add("%d{yyyy-MM-dd'T'HH:mm:ss.SSSZ}%.5c%20m", strings.Repeat("\n", 300), "", "")
	f.Fuzz(func(t *testing.T, pattern, message, key, value string) {
		// The admin writes the pattern, so it may contain any character.
		for _, r := range pattern {
			if unicode.IsControl(r) || isSteering(r) {
				return
			}
		}
		// A %n within the pattern may start a new line, so remove it.
		p := compilePattern(strings.ReplaceAll(pattern, "n", "")+"%n", func(string) {})
		r := testRecord()
		r.message, r.category, r.fields = message, key, logrus.Fields{key: value, "password": "hunter2"}
		line := string(p.append(nil, r))
		if len(line) > maxQueued {
			t.Errorf("a line of %d bytes", len(line))
		}
		checkLine(t, line)
		all := pattern + message + key + value
		if strings.Contains(line, "hunter2") && !strings.Contains(all, "hunter2") {
			t.Errorf("a secret is shown: %q", line)
		}
	})
}

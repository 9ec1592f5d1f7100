package logging

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
)

func TestMessageCannotImitateEntriesOrControlTheTerminal(t *testing.T) {
	user := logrus.Fields{"user": "alice"}
	for _, tc := range []struct {
		name, message string
		fields        logrus.Fields
		want          string
	}{
		{"plain", "hello", nil, "hello\n"},
		{"empty", "", nil, "\n"},
		{"not ASCII", "gr\u00fc\u00dfe \u65e5\u672c \U0001f600", nil, "gr\u00fc\u00dfe \u65e5\u672c \U0001f600\n"},
		{"fields", "hello", user, "hello user=alice\n"},
		{"traceback", "boom\nstack traceback:\n\tirc.lua:3: in f\n", user, "boom user=alice\n\tstack traceback:\n\t\tirc.lua:3: in f\n"},
		{"forged entry", "hi\n4711: 2026-03-07 04:05:09,087 ERROR lua: hacked", nil, "hi\n\t4711: 2026-03-07 04:05:09,087 ERROR lua: hacked\n"},
		{"forged with CR LF", "hi\r\nERROR x\r\n", nil, "hi\n\tERROR x\n"},
		{"forged with CR", "hi\rERROR x", nil, "hi\\rERROR x\n"},
		{"newline first", "\nx", user, " user=alice\n\tx\n"},
		{"only newlines", "\n\r\n\n", nil, "\n"},
		{"escape sequence", "\x1b[31mred\x1b]0;title\x07", nil, `\x1b[31mred\x1b]0;title\x07` + "\n"},
		{"C1 and delete", "a\u009b2Jb\x7f\u0085c", nil, `a\x9b2Jb\x7f\x85c` + "\n"},
		{"NUL and tab", "a\x00b\tc", nil, "a\\x00b\tc\n"},
		{"separators", "a\u2028b\u2029c", nil, `a\u2028b\u2029c` + "\n"},
		{"direction", "a\u202egpj.exe\u2066\u200f", nil, `a\u202egpj.exe\u2066\u200f` + "\n"},
		{"broken UTF-8", "a\xffb\xc3", nil, "a\ufffdb\ufffd\n"},
		{"broken UTF-8 before a newline", "a\xe2\x82\nb", nil, "a\ufffd\ufffd\n\tb\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, _ := compile("%m%n")
			if got := string(p.append(nil, &record{message: tc.message, fields: tc.fields})); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCategoryStaysOnItsLine(t *testing.T) {
	p, _ := compile("%c: %m%n")
	got := string(p.append(nil, &record{category: "a\nb\x1b[1m\tc", message: "x"}))
	if got != `a  b\x1b[1m c: x`+"\n" {
		t.Errorf("got %q", got)
	}
}

type message struct{ Password string }

func (*message) ProtoMessage()  {}
func (*message) String() string { return "hunter2" }

type evil struct{}

func (evil) String() string { panic("no string") }

func TestFieldsAreSortedQuotedAndMasked(t *testing.T) {
	var nilErr *url.Error
	for _, tc := range []struct {
		name   string
		fields logrus.Fields
		want   string
	}{
		{"sorted", logrus.Fields{"b": 2, "a": 1, "c": 3}, " a=1 b=2 c=3"},
		{"category is not shown", logrus.Fields{CategoryField: "lua", "a": 1}, " a=1"},
		{"quoted", logrus.Fields{"a": "x y", "b": "", "c": `say "hi"`, "d": "x=y", "e": "p\nq", "f": "\x1b[1m"},
			` a="x y" b="" c="say \"hi\"" d="x=y" e="p\nq" f="\x1b[1m"`},
		{"not ASCII", logrus.Fields{"a": "gr\u00fc\u00dfe", "b": "\u202e", "c": "\xff"}, ` a=grüße b="\u202e" c="\xff"`},
		{"forged key", logrus.Fields{"a=1 b": 1, "c\nd": 2}, ` "a=1 b"=1 "c\nd"=2`},
		{"kinds", logrus.Fields{"a": true, "b": 1.5, "c": uint8(7), "d": nil, "e": []byte("xy z"), "f": 3 * time.Second, "g": []string{"p", "q"}, "h": logrus.WarnLevel},
			` a=true b=1.5 c=7 d=nil e="xy z" f=3s g="[p q]" h=warning`},
		{"errors", logrus.Fields{"a": errors.New("no way"), "b": fmt.Errorf("x: %w", errors.New("y"))}, ` a="no way" b="x: y"`},
		{"secrets", logrus.Fields{
			"password": "hunter2", "Passwd": "hunter2", "api_key": "hunter2", "API-Key": "hunter2", "x-auth-token": "hunter2",
			"Authorization": "hunter2", "Set-Cookie": "hunter2", "client_secret": "hunter2", "auth": "hunter2", "pass": 5,
			"connectionstring": "hunter2", "private.key": "hunter2", "proxy password": "hunter2"}, ""},
		{"not secrets", logrus.Fields{"author": "bob", "passed": 3, "key": "k", "bypass": 1}, " author=bob bypass=1 key=k passed=3"},
		{"maps", logrus.Fields{"m": map[string]any{"b": 1, "a": "x y", "password": "hunter2", "n": map[string]string{"token": "hunter2", "z": "{"}}},
			` m={a="x y" b=1 n={token=*** z="{"} password=***}`},
		{"structs", logrus.Fields{"a": message{"hunter2"}, "b": &struct{ X string }{"hunter2"}, "c": []message{{"hunter2"}}},
			` a=logging.message b="*struct { X string }" c=[]logging.message`},
		{"protobuf", logrus.Fields{"a": &message{"hunter2"}}, " a=*logging.message"},
		{"URL", logrus.Fields{"a": &url.URL{Scheme: "http", Host: "x", User: url.UserPassword("u", "hunter2")}}, " a=http://u:xxxxx@x"},
		{"panics", logrus.Fields{"a": evil{}, "b": nilErr, "c": (*url.URL)(nil)},
			` a="%!v(PANIC=String method: no string)" b=<nil> c=""`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := string(appendFields(nil, tc.fields))
			if tc.want != "" && got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if strings.Contains(got, "hunter2") || tc.want == "" && strings.Count(got, "=***") != len(tc.fields) {
				t.Errorf("a secret is shown: %s", got)
			}
		})
	}
}

func TestPatternShowsFields(t *testing.T) {
	p, _ := compile("[%X{user}|%X{token}|%X{none}|%X]%n")
	got := string(p.append(nil, &record{fields: logrus.Fields{"user": "al ice", "token": "hunter2"}}))
	if got != "[\"al ice\"|***||]\n" {
		t.Errorf("got %q", got)
	}
}

func TestMapsAreTruncated(t *testing.T) {
	endless := map[string]any{}
	endless["x"] = endless
	if got := string(appendFields(nil, logrus.Fields{"m": endless})); got != " m={x={x={x={x={…}}}}}" {
		t.Errorf("got %q", got)
	}
	wide := make(map[string]int)
	for i := range 100_000 {
		wide[fmt.Sprint("key", i)] = i
	}
	if got := appendFields(nil, logrus.Fields{"m": wide}); len(got) > 2*maxField {
		t.Errorf("%d bytes", len(got))
	}
}

func TestEntriesAreTruncated(t *testing.T) {
	many := logrus.Fields{}
	for i := range 1000 {
		many[fmt.Sprint("key", i)] = strings.Repeat("\x00", maxField)
	}
	for name, r := range map[string]*record{
		"long message":       {message: strings.Repeat("x", 10<<20)},
		"long escaped":       {message: strings.Repeat("\x1b", 10<<20)},
		"long, not ASCII":    {message: strings.Repeat("\u20ac", 10<<20)},
		"many lines":         {message: strings.Repeat("\n", 10<<20) + "x"},
		"long field":         {message: "m", fields: logrus.Fields{"x": strings.Repeat("\u20ac", 10<<20)}},
		"many fields":        {message: "m\nn", fields: many},
		"long category":      {category: strings.Repeat("c", 10<<20)},
		"message many times": {message: strings.Repeat("\n", maxEntry/2-1) + "x"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := compile("%c: %m%m%m%m%n")
			got := p.append(nil, r)
			if len(got) > maxQueued/2 {
				t.Errorf("%d bytes", len(got))
			}
			checkLine(t, string(got))
			if name != "long category" && !strings.Contains(string(got), "…") {
				t.Error("the line does not show that it is truncated")
			}
		})
	}
}

// checkLine checks the guarantees for every entry.
func checkLine(t *testing.T, line string) {
	t.Helper()
	if !utf8.ValidString(line) {
		t.Errorf("broken UTF-8: %.200q", line)
	}
	body, ok := strings.CutSuffix(line, "\n")
	if !ok {
		t.Errorf("no newline at the end: %.200q", line)
	}
	for i, l := range strings.Split(body, "\n") {
		if i > 0 && !strings.HasPrefix(l, "\t") {
			t.Errorf("line %d imitates an entry: %.200q", i+1, line)
		}
	}
	for _, r := range body {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || isSteering(r) {
			t.Errorf("%q in %.200q", r, line)
		}
	}
}

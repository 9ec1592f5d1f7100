package config_test

import (
	"reflect"
	"strings"
	"testing"

	"spectrumlua/runtime/config"
)

const minimal = "[service]\njid = echo.example\n[lua]\nscript = echo.lua\n"

// parse parses text as /etc/spectrum2/transports/t.cfg, and expects no error.
func parse(t *testing.T, text string, opts config.Options) *config.Config {
	t.Helper()
	c, err := config.Parse("/etc/spectrum2/transports/t.cfg", []byte(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// short removes the file's folder from messages.
func short(text string) string {
	return strings.ReplaceAll(text, "/etc/spectrum2/transports/", "")
}

func TestSyntaxIsThatOfBoost(t *testing.T) {
	tests := []struct {
		name, text, key string
		want            []string // all values; nil if the key is not set
	}{
		{"plain", "[a]\nb=c", "a.b", []string{"c"}},
		{"blanks around all", " \t[a]\t\n  b \t=  c d\t ", "a.b", []string{"c d"}},
		{"no end of line", "[a]\nb=c", "a.b", []string{"c"}},
		{"CRLF", "[a]\r\nb=c\r\nd=e\r\n", "a.b", []string{"c"}},
		{"byte order mark", "\ufeff[a]\nb=c", "a.b", []string{"c"}},
		{"= in the value", "[a]\nb=c=d", "a.b", []string{"c=d"}},
		{"nothing in the value", "[a]\nb=\n", "a.b", []string{""}},
		{"comment after a value", "[a]\nb=c # d", "a.b", []string{"c"}},
		{"comment within a value", "[a]\nb=c#d", "a.b", []string{"c"}},
		{"comment within quotes", "[a]\nb=\"c # d\"", "a.b", []string{`"c`}},
		{"comment in place of a value", "[a]\nb=#c", "a.b", []string{""}},
		{"comment after a section", "[a] # x\nb=c", "a.b", []string{"c"}},
		{"comment before a key", "[a]\n#b=c", "a.b", nil},
		{"semicolon", "[a]\nb=c ; d", "a.b", []string{"c ; d"}},
		{"semicolon before a key", "[a]\n;b=c", "a.;b", []string{"c"}},
		{"quotes", "[a]\nb=\"c\"", "a.b", []string{`"c"`}},
		{"case of keys", "[A]\nB=c", "a.b", nil},
		{"key before any section", "b=c\n[a]", "b", []string{"c"}},
		{"whole name before any section", "a.b=c", "a.b", []string{"c"}},
		{"section with a dot", "[a.b]\nc=d", "a.b.c", []string{"d"}},
		{"section with a dot at its end", "[a.]\nb=c", "a.b", []string{"c"}},
		{"section without a name", "[]\nb=c", ".b", []string{"c"}},
		{"blanks in a section's name", "[ a ]\nb=c", " a .b", []string{"c"}},
		{"section and key on one line", "[a]\n[x] b=c", "a.[x] b", []string{"c"}},
		{"value that ends like a section", "[a]\n[b=c]\nd=e", "b=c.d", []string{"e"}},
		{"section again", "[a]\nb=c\n[x]\n[a]\nd=e", "a.d", []string{"e"}},
		{"key again", "[a]\nb=c\nb=d\n[x]\n[a]\nb=c", "a.b", []string{"c", "d", "c"}},
		{"key that Spectrum lets repeat", "[service]\nadmin_jid=a\nadmin_jid=b", "service.admin_jid", []string{"a", "b"}},
		{"no name", "[a]\n=c", "a.", []string{"c"}},
		{"Latin-1", "[a]\nb=\xe9t\xe9 # \xe9", "a.b", []string{"\xe9t\xe9"}},
		{"carriage return within", "[a]\nb=c\rd=e", "a.b", []string{"c\rd=e"}},
		{"other white space belongs to the value", "[a]\nb=\u00a0c\v", "a.b", []string{"\u00a0c\v"}},
		{"empty file", "", "a.b", nil},
		{"only comments", "# a\n\n  # b", "a.b", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, test.text, config.Options{})
			if got := c.List(test.key); !reflect.DeepEqual(got, test.want) {
				t.Errorf("List(%q) = %q, want %q", test.key, got, test.want)
			}
			got, ok := c.Get(test.key)
			if ok != (test.want != nil) || ok && got != test.want[0] {
				t.Errorf("Get(%q) = %q, %v, want the first of %q", test.key, got, ok, test.want)
			}
		})
	}
}

func TestInvalidLinesAreErrors(t *testing.T) {
	const neither = "this line is neither [section] nor key = value nor a # comment; "
	tests := []struct {
		name, text string
		want       []string
	}{
		{"a word", "[a]\nword\n", []string{"t.cfg:2: " + neither + "write key = value, or put a # before it"}},
		{"colon", "a: b", []string{"t.cfg:1: " + neither + "write key = value with = for the :"}},
		{"semicolon comment", "; a", []string{"t.cfg:1: " + neither + "start a comment with #"}},
		{"slash comment", "// a", []string{"t.cfg:1: " + neither + "start a comment with #"}},
		{"Lua comment", "-- a", []string{"t.cfg:1: " + neither + "start a comment with #"}},
		{"open bracket", "[a", []string{"t.cfg:1: " + neither + "a section's name ends with ], and after it only a # comment may follow"}},
		{"semicolon after a section", "[a] ; b", []string{"t.cfg:1: " + neither + "a section's name ends with ], and after it only a # comment may follow"}},
		{"# in a section", "[a#b]", []string{"t.cfg:1: " + neither + "a section's name ends with ], and a # before that starts a comment"}},
		{"# before the =", "a#b = c", []string{"t.cfg:1: " + neither + "the # in it starts a comment, so what follows does not count"}},
		{"several", "x\n[a]\nb=c\n\ny\n", []string{"t.cfg:1: " + neither + "write key = value, or put a # before it",
			"t.cfg:5: " + neither + "write key = value, or put a # before it"}},
		{"a scalar of Spectrum's again", "[service]\njid=a\n\njid=a\n", []string{
			"t.cfg:4: [service] jid is set again (first on line 2), and Spectrum 2 takes it only once; remove one of the two lines"}},
		{"a key again in another notation", "database.type=none\n[database]\ntype=none", []string{
			"t.cfg:3: [database] type is set again (first on line 1), and Spectrum 2 takes it only once; remove one of the two lines"}},
		{"a JID over the maximum length", "[service]\njid=" + strings.Repeat("a", 1024), []string{
			"t.cfg:2: [service] jid has 1024 bytes, and a transport's JID has 1023 at most; give its domain, such as echo.example.net"}},
		{"in the order of lines", "[service]\nport=1\nport=2\nx\n", []string{
			"t.cfg:3: [service] port is set again (first on line 2), and Spectrum 2 takes it only once; remove one of the two lines",
			"t.cfg:4: " + neither + "write key = value, or put a # before it"}},
		{"UTF-16", "\xff\xfe[\x00a\x00]\x00", []string{"t.cfg:1: this is UTF-16, which Spectrum 2 cannot read; save the file as UTF-8"}},
		{"NUL", "[a]\nb=c\nd=\x00\n", []string{"t.cfg:3: there is a NUL byte here, so this is not a text file; name the transport's config file, saved as UTF-8"}},
		{"too big", strings.Repeat("#\n", config.MaxSize), []string{"t.cfg: this is over 1024 KiB, too much for a config file; name the transport's config file"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := config.Parse("t.cfg", []byte(test.text), config.Options{})
			if err == nil || c != nil {
				t.Fatalf("no error: %v", c)
			}
			if want := strings.Join(test.want, "\n"); err.Error() != want {
				t.Errorf("error\n%v\nwant\n%s", err, want)
			}
		})
	}
}

func TestNumberOfErrorsIsLimited(t *testing.T) {
	_, err := config.Parse("t.cfg", []byte(strings.Repeat("garbage\n", 1000)), config.Options{})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 21 || lines[20] != "t.cfg:21: and 980 more like these from here on" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestWarningsAreLimitedInNumberAndLength(t *testing.T) {
	long := strings.Repeat("é", 1000)
	c := parse(t, "[lua]\n"+long+"=1\n"+strings.Repeat("["+long+" ]\n"+long+"=$jid#\n"+long+"=\xff\n", 100), config.Options{})
	_, err := c.Settings()
	messages := append(c.Warnings(), strings.Split(err.Error(), "\n")...)
	if n := len(c.Warnings()); n != 21 {
		t.Errorf("%d warnings, want 20 and one about the rest", n)
	}
	for _, message := range messages {
		if len(message) > 500 {
			t.Errorf("a message of %d bytes: %.100s", len(message), message)
		}
	}
}

func TestSyntaxErrorsShowNoSecret(t *testing.T) {
	for _, text := range []string{"hunter2", "password: hunter2", "[hunter2", "pass#hunter2", "hunter2 # x", "password=a\npassword hunter2"} {
		_, err := config.Parse("t.cfg", []byte(text), config.Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestDoubtfulLinesAreWarnings(t *testing.T) {
	const cut = "a # starts a comment, within a word and in quotes too, so the value of %s ends before it; this format has no way to write a # in a value"
	cutOf := func(key string) string { return strings.ReplaceAll(cut, "%s", key) }
	tests := []struct {
		name, text string
		want       []string
	}{
		{"none", "[x]\na = b # c\nd=e\t#f\n#g#h\ni = #\nj = # k\nl = ## m\n[y] #z\n", nil},
		{"# in a word", "[x]\n\npassword = hunter2#4\n", []string{"t.cfg:3: " + cutOf("[x] password")}},
		{"# after a word", "[x]\na = b# c\n", []string{"t.cfg:2: " + cutOf("[x] a")}},
		{"# after a letter beyond ASCII", "[x]\na = é#1\n", []string{"t.cfg:2: " + cutOf("[x] a")}},
		{"# as the first letter", "[x]\nchannel = #lua\ncolour =#fff\n", []string{"t.cfg:2: " + cutOf("[x] channel"), "t.cfg:3: " + cutOf("[x] colour")}},
		{"byte order mark", "\ufeff[x]\n", []string{"t.cfg:1: the file starts with a byte order mark, which Spectrum 2 itself rejects; save it as UTF-8 without one"}},
		{"section without name", "[]\n", []string{"t.cfg:1: this section has no name; write one between the brackets"}},
		{"blanks in brackets", "[ x ]\n", []string{"t.cfg:1: the blanks within the brackets are part of this section's name; write [x]"}},
		{"no name", "[x]\n= b\n", []string{"t.cfg:2: there is no name before the =; write key = value"}},
		{"section and key on one line", "[x] a = b\n", []string{"t.cfg:1: this line does not start a section, since a section's name stands on a line of its own"}},
		{"Latin-1 value", "[x]\na = \xe9 # \xe9\n", []string{"t.cfg:2: the value of [x] a is not UTF-8 (Latin-1?), and is passed on as it is; save the file as UTF-8"}},
		{"Latin-1 comment", "# \xe9\n[x]\na = b # \xe9\n", nil},
		{"list that crashes Spectrum", "[x]\na = 1\na = 2\n", []string{"t.cfg:3: [x] a has several values, and Spectrum 2 crashes at its start if the first of several is 0, 1, true or false; put another one first"}},
		{"list that does not", "[x]\na = 2\na = 1\nb = on\nb = 0\n", nil},
		{"$jid without a JID", "[x]\na = $jid\n", []string{"t.cfg:2: [x] a uses $jid, but [service] jid is not set, so it stays as it is"}},
		{"in the order of lines", "[x]\na=1\na=$jid\nb=c#d\n", []string{
			"t.cfg:3: [x] a uses $jid, but [service] jid is not set, so it stays as it is",
			"t.cfg:3: [x] a has several values, and Spectrum 2 crashes at its start if the first of several is 0, 1, true or false; put another one first",
			"t.cfg:4: " + cutOf("[x] b")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := config.Parse("t.cfg", []byte(test.text), config.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Warnings(); strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("warnings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestOverridesReplaceValuesOfTheFile(t *testing.T) {
	c := parse(t, "[a]\nb=1\nc=2\nc=3\n[service]\njid=file.example\n", config.Options{Overrides: []config.Override{
		{Key: "a.c", Value: " x#y "}, {Key: "a.new", Value: "$jid"}, {Key: "a.c", Value: "z"}, {Key: "service.jid", Value: "line.example"},
	}})
	lists := map[string][]string{"a.b": {"1"}, "a.c": {" x#y ", "z"}, "a.new": {"line.example"}, "a.none": nil}
	for key, want := range lists {
		if got := c.List(key); !reflect.DeepEqual(got, want) {
			t.Errorf("List(%q) = %q, want %q", key, got, want)
		}
	}
	if got, _ := c.Get("a.c"); got != "z" {
		t.Errorf("Get of a key overridden twice = %q, want the last", got)
	}
	for key, want := range map[string]string{"a.b": "t.cfg:2", "a.c": "command line", "a.new": "command line", "a.none": ""} {
		if got := short(c.Where(key)); got != want {
			t.Errorf("Where(%q) = %q, want %q", key, got, want)
		}
	}
	if got := c.Keys("a"); !reflect.DeepEqual(got, []string{"b", "c", "new"}) {
		t.Errorf("Keys = %q", got)
	}
}

func TestKeysAreInTheOrderOfTheirFirstAppearance(t *testing.T) {
	c := parse(t, "top=1\n[b]\nz=1\na=1\nz=2\n[bb]\nx=1\n[b.c]\ny=1\n", config.Options{})
	for section, want := range map[string][]string{"": {"top"}, "b": {"z", "a", "c.y"}, "b.c": {"y"}, "none": nil} {
		if got := c.Keys(section); !reflect.DeepEqual(got, want) {
			t.Errorf("Keys(%q) = %q, want %q", section, got, want)
		}
	}
}

func TestJIDIsReplacedInValues(t *testing.T) {
	const text = "[irc]\nlog=/var/log/$jid/$jid.log\nplain=$ jid\n[service]\njid=a$jid.example\n"
	tests := []struct {
		name string
		opts config.Options
		jid  string
		log  string
		dir  string
	}{
		{"of the file", config.Options{}, "a$jid.example", "/var/log/a$jid.example/a$jid.example.log", "/var/lib/spectrum2/a$jid.example"},
		{"of -j", config.Options{JID: "b"}, "b", "/var/log/b/b.log", "/var/lib/spectrum2/b"},
		{"of an override", config.Options{Overrides: []config.Override{{Key: "service.jid", Value: "c"}}}, "c", "/var/log/c/c.log", "/var/lib/spectrum2/c"},
		{"-j before an override", config.Options{JID: "b", Overrides: []config.Override{{Key: "service.jid", Value: "c"}}}, "b", "/var/log/b/b.log", "/var/lib/spectrum2/b"},
		{"working_dir set", config.Options{JID: "b", Overrides: []config.Override{{Key: "service.working_dir", Value: "/srv/$jid"}}}, "b", "/var/log/b/b.log", "/srv/b"},
		{"working_dir empty", config.Options{JID: "b", Overrides: []config.Override{{Key: "service.working_dir"}}}, "b", "/var/log/b/b.log", "/var/lib/spectrum2/b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, text, test.opts)
			if c.JID() != test.jid {
				t.Errorf("JID() = %q, want %q", c.JID(), test.jid)
			}
			if got, _ := c.Get("service.jid"); got != test.jid {
				t.Errorf("service.jid = %q, want %q", got, test.jid)
			}
			if got, _ := c.Get("irc.log"); got != test.log {
				t.Errorf("irc.log = %q, want %q", got, test.log)
			}
			if got, _ := c.Get("irc.plain"); got != "$ jid" {
				t.Errorf("irc.plain = %q, want it untouched", got)
			}
			if c.WorkingDir() != test.dir {
				t.Errorf("WorkingDir() = %q, want %q", c.WorkingDir(), test.dir)
			}
		})
	}
}

func TestWarningsReturnsACopy(t *testing.T) {
	c := parse(t, "[]\n", config.Options{})
	c.Warnings()[0] = ""
	if c.Warnings()[0] == "" {
		t.Error("a caller can change the warnings")
	}
}

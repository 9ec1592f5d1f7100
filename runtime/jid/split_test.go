package jid_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/jid"
)

func TestSplitReturnsTheParts(t *testing.T) {
	for _, c := range []struct{ jid, local, domain, resource string }{
		{"alice@example.net/phone", "alice", "example.net", "phone"},
		{"alice@example.net", "alice", "example.net", ""},
		{"example.net", "", "example.net", ""},
		{"example.net/x", "", "example.net", "x"},
		{"room@example.net/nick@with/slash", "room", "example.net", "nick@with/slash"},
		{"", "", "", ""},
	} {
		local, domain, resource := jid.Split(c.jid)
		if local != c.local || domain != c.domain || resource != c.resource {
			t.Errorf("%q is %q, %q, %q", c.jid, local, domain, resource)
		}
	}
}

func TestValidAcceptsOnlyJIDs(t *testing.T) {
	long := strings.Repeat("x", 1023)
	for text, want := range map[string]bool{
		"alice@example.net": true, "alice@example.net/a phone@home/2": true, "example.net": true, "example.net/x": true, "a@[::1]": true,
		`#room\40irc.net@example.net/grüße`: true, long + "@" + "x/" + long: true,
		"": false, "@example.net": false, "alice@": false, "alice@/x": false, "/x": false, "example.net/": false, "alice@example.net/": false,
		"a@b@example.net": false, "a b@example.net": false, `a"@example.net`: false, "a@example net": false, "a@example.net/\x01": false,
		"a\u200b\u00a0@example.net": false, "a\xff@example.net": false, long + "x@example.net": false, "a@example.net/" + long + "x": false,
	} {
		if got := jid.Valid(text); got != want {
			t.Errorf("%.40q: %v", text, got)
		}
	}
}

func TestEscapedNamesReturnUnchanged(t *testing.T) {
	for name, local := range map[string]string{
		"carol":          "carol",
		"carol@net.org":  `carol\40net.org`,
		"a b":            `a\20b`,
		`a\b`:            `a\b`,
		`a\20b`:          `a\5c20b`,
		`a\2Fb`:          `a\5c2Fb`,
		`"&'/:<>@`:       `\22\26\27\2f\3a\3c\3e\40`,
		`\`:              `\`,
		"grüße":          "grüße",
		"#room@irc.net":  `#room\40irc.net`,
		`c:\users\carol`: `c\3a\users\carol`,
	} {
		if got := jid.Escape(name); got != local {
			t.Errorf("Escape(%q) is %q, not %q", name, got, local)
		}
		if got := jid.Unescape(local); got != name {
			t.Errorf("Unescape(%q) is %q, not %q", local, got, name)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add(`a\20 b@c`)
	f.Fuzz(func(t *testing.T, name string) {
		if got := jid.Unescape(jid.Escape(name)); got != name {
			t.Errorf("%q returns as %q", name, got)
		}
	})
}

package jid_test

import (
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

package spectrum

import "testing"

func TestMentionsFindsWholeNames(t *testing.T) {
	for _, c := range []struct {
		text   string
		before func(string) bool
		want   bool
	}{
		{"s:sent { }", memberOf, true}, {"s.sent(s)", memberOf, true}, {"s : sent { }", memberOf, true},
		{"resent", memberOf, false}, {"s:sentry()", memberOf, false}, {"s:sentry() s:sent{}", memberOf, true}, {"x:sent", memberOf, true},
		{"s.sent { }", method, false}, {"s:\n  sent {}", method, true},
		{"function on.sent(s) end", handler, true}, {"on . sent = f", handler, true}, {"con.sent = f", handler, false}, {"on:sent()", handler, false}, {"on.sent_x", handler, false},
	} {
		if got := mentions([]string{"", c.text}, c.before, "sent"); got != c.want {
			t.Errorf("%q: %v", c.text, got)
		}
	}
}

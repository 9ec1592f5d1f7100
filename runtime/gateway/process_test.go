package gateway_test

import (
	"strings"
	"testing"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

func TestStanzasWithoutASenderAreFromTheTransport(t *testing.T) {
	s := play(t, "")
	for _, c := range []struct{ name, xml, from string }{
		{"message without from", `<message id="x" to="` + alice + `"><body>hi</body></message>`, transport},
		{"message with an empty from", `<message from="" id="x" to="` + alice + `"><body>hi</body></message>`, transport},
		{"presence without from", `<presence id="x" to="` + alice + `"/>`, transport},
		{"iq without from", `<iq type="get" id="x" to="` + desktop + `"><ping xmlns="urn:xmpp:ping"/></iq>`, transport},
		{"message of a contact", `<message id="x" to="` + alice + `" from="carol@` + transport + `/bot"/>`, "carol@" + transport + "/bot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := s.gateway.Send(pb.WrapperMessage_TYPE_RAW_XML, []byte(c.xml)); err != nil {
				t.Fatal(err)
			}
			n := s.expect("the stanza", func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "x" })
			if got := stanza.Attr(n, "from"); got != c.from {
				t.Errorf("the stanza comes from %q", got)
			}
		})
	}
}

func TestScriptAsksWithQueries(t *testing.T) {
	s := play(t, "")
	s.gateway.Loaded(nil)
	s.online()
	s.passes(90 * time.Second)
	query := func(text string) string {
		s.script(pb.WrapperMessage_TYPE_QUERY, &pb.BackendConfig{Config: &text})
		return delivered[*pb.BackendConfig](s, pb.WrapperMessage_TYPE_QUERY).GetConfig()
	}
	ask := func(text, want string) {
		t.Helper()
		if got := query(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	ask("status", "Running (1 users connected using 1 backends)")
	ask(" status\n", "Running (1 users connected using 1 backends)")
	ask("uptime", "90")
	ask("backends_count", "1")
	ask("online_users_count", "1")
	ask("has_online_user "+alice, "1")
	ask("has_online_user bob@localhost", "0")
	ask("has_online_user", "0")
	ask("restart", "Error: Unknown variable or command \"restart\"; `help` lists them")
	ask("", "Error: Unknown variable or command \"\"; `help` lists them")
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
	ask("online_users_count", "0")
	ask("has_online_user "+alice, "0")

	for line := range strings.Lines(query("help")) {
		command, _, _ := strings.Cut(line, " ")
		if got := query(command); strings.HasPrefix(got, "Error") {
			t.Errorf("help names %q, but: %s", command, got)
		}
	}
}

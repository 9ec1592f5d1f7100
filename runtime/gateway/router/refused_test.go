package router_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sirupsen/logrus/hooks/test"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// TestRefusedAnswerBecomesAnError answers an IQ with more than the stream accepts.
func TestRefusedAnswerBecomesAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := open(t, router.Feature{Stanzas: []router.Route{
			{Kind: "iq", Type: "get", Space: "urn:big", Handle: func(_ *router.User, s *router.Stanza) {
				s.Result(stanza.Text("urn:big", "query", strings.Repeat("x", 600<<10)))
			}},
		}}, nil)
		r.Receive(t.Context(), parse(t, iq("big", "urn:big")))
		synctest.Wait()
		if sent := out.take(); len(sent) != 1 || !strings.Contains(sent[0], "resource-constraint") {
			t.Errorf("the answers: %.200q", sent)
		}
	})
}

func TestRefusedStanzaIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, hook := test.NewNullLogger()
		r, _ := openWith(t, log, router.Feature{Stanzas: []router.Route{
			{Kind: "message", Type: "normal", Handle: func(u *router.User, s *router.Stanza) {
				u.Send(stanza.Message(s.To, s.From, "", stanza.Text("", "body", "secret"+strings.Repeat("x", 600<<10))))
			}},
		}}, nil)
		for range 3 {
			r.Receive(t.Context(), parse(t, `<message from="alice@localhost/x" to="t.localhost"/>`))
		}
		synctest.Wait()
		all := hook.AllEntries()
		if len(all) != 1 || all[0].Data["error"] == "" {
			t.Fatalf("lines: %v", all)
		}
		if line, _ := all[0].String(); strings.Contains(line, "secret") {
			t.Errorf("the line has the text of the message: %.200q", line)
		}
	})
}

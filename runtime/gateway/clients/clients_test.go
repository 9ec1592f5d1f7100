package clients

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// stream counts the stanzas of a router.
type stream struct{ sent int }

func (s *stream) SendNode(*xmltree.Node) error       { s.sent++; return nil }
func (s *stream) Full() bool                         { return false }
func (s *stream) WaitCapacity(context.Context) error { return nil }

// TestInventedCapabilitiesAreLimited looks at many clients with different capabilities.
func TestInventedCapabilitiesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := logrus.New()
		log.SetOutput(t.Output())
		out := &stream{}
		r := router.New(router.Options{
			Settings: settings.Settings{Service: settings.Service{JID: "t.localhost"}},
			Stream:   out, Features: []router.Feature{Feature()}, Log: log, Clock: clock.Real(),
		})
		defer r.Close(t.Context())
		ask := func(u *router.User, node, ver string) (known bool) {
			c := &router.Client{JID: u.JID + "/x", Caps: stanza.Element(stanza.Capabilities, "c", stanza.Attrs{"node", node, "ver", ver})}
			_, known = Has(u, c, stanza.RosterExchange, func(*router.User) {})
			return known
		}
		check := func(do func(u *router.User)) {
			t.Helper()
			if err := r.For("alice@localhost", do); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		check(func(u *router.User) {
			if !ask(u, strings.Repeat("x", maxNode), "v") || out.sent != 0 {
				t.Error("a client is asked for a long node")
			}
			for i := range 2 * maxAnswers {
				if known := ask(u, "node", fmt.Sprint(i)); known != (i >= maxAnswers) {
					t.Fatalf("node %d: known is %v", i, known)
				}
			}
			if out.sent != maxAnswers {
				t.Errorf("%d questions, not %d", out.sent, maxAnswers)
			}
			(*sessions.Of(u))["node#0"].arrive(u, nil)
			if ask(u, "node", "new") {
				t.Error("no node is forgotten for a new one")
			}
			if n := len(*sessions.Of(u)); n != maxAnswers {
				t.Errorf("%d nodes are known, not %d", n, maxAnswers)
			}
		})
	})
}

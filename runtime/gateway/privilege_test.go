package gateway_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// outbox collects what a router sends.
type outbox struct {
	mu   sync.Mutex
	sent []*xmltree.Node
}

func (o *outbox) SendNode(n *xmltree.Node) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, n)
	return nil
}
func (o *outbox) Full() bool                         { return false }
func (o *outbox) WaitCapacity(context.Context) error { return nil }

// TestPrivilegesBelongToTheDomainThatGrantsThem plays servers and impostors.
func TestPrivilegesBelongToTheDomainThatGrantsThem(t *testing.T) {
	log := logrus.New()
	log.SetOutput(t.Output())
	out := &outbox{}
	r := router.New(router.Options{
		Settings: settings.Settings{Service: settings.Service{JID: transport, AllowedServers: []string{"localhost", "other.localhost"}}},
		Stream:   out, Features: []router.Feature{privilege.Feature()}, Log: log, Clock: clock.Real(),
	})
	defer r.Close(t.Context())
	on := func(jid string, do func(u *router.User)) {
		t.Helper()
		done := make(chan struct{})
		if err := r.For(jid, func(u *router.User) { do(u); close(done) }); err != nil {
			t.Fatal(err)
		}
		<-done
	}
	granted := func(user string) string {
		var all []string
		on(user, func(u *router.User) {
			for _, p := range []string{privilege.Message, privilege.RosterGet, privilege.RosterSet, privilege.PubSubGet, privilege.PubSubSet} {
				if privilege.Allowed(u, p) {
					all = append(all, p)
				}
			}
		})
		return strings.Join(all, " ")
	}
	announce := func(from, perms string) {
		t.Helper()
		n, err := xmltree.Parse(`<message from="`+from+`" to="`+transport+`"><privilege xmlns="urn:xmpp:privilege:2">`+perms+`</privilege></message>`, xmltree.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		r.Receive(t.Context(), n)
		on(from, func(*router.User) {}) // it is handled
	}
	const everything = `<perm access="roster" type="both"/><perm access="message" type="outgoing"/>`
	for _, c := range []struct{ from, perms, want string }{
		{alice, everything, ""},
		{"localhost/x", everything, ""},
		{"foreign.example", everything, ""},
		{"localhost", `<perm access="roster" type="none"/><perm access="iq"><namespace ns="x" type="both"/></perm>`, ""},
		{"localhost", `<perm access="iq"><namespace ns="http://jabber.org/protocol/pubsub" type="both"/><namespace ns="x" type="get"/></perm>`, "pubsub.get pubsub.set"},
		{"localhost", `<perm access="roster"><namespace ns="http://jabber.org/protocol/pubsub" type="both"/></perm>`, ""},
		{"localhost", `<perm access="iq"><namespace ns="http://jabber.org/protocol/pubsub" type="get"/></perm>`, "pubsub.get"},
		{"localhost", everything, "message roster.get roster.set"},
		{"localhost", `<perm access="roster" type="get"/>`, "roster.get"},
		{"localhost", `<perm access="roster" type="set"/>`, "roster.set"},
	} {
		announce(c.from, c.perms)
		if got := granted(alice); got != c.want {
			t.Errorf("%s grants %s: %q, not %q", c.from, c.perms, got, c.want)
		}
	}
	if got := granted("alice@other.localhost"); got != "" {
		t.Errorf("a user of another domain has the privileges %q", got)
	}
	if got := granted("eve@foreign.example"); got != "" {
		t.Errorf("a user of a foreign domain has the privileges %q", got)
	}
	on(alice, func(u *router.User) { privilege.Revoke(u, privilege.RosterSet) })
	if got := granted(alice); got != "" {
		t.Errorf("after a refusal: %q", got)
	}

	on(alice, func(u *router.User) {
		privilege.Send(u, stanza.Message(alice, "carol@"+transport, "chat", stanza.Text("", "body", "hi"),
			stanza.Element(stanza.ChatStates, "active", nil)))
	})
	text, err := out.sent[0].Text(1 << 10)
	want := `<message from="echo.localhost" to="localhost"><privilege xmlns="urn:xmpp:privilege:2"><forwarded xmlns="urn:xmpp:forward:0">` +
		`<message xmlns="jabber:client" from="alice@localhost" to="carol@echo.localhost" type="chat"><body>hi</body>` +
		`<active xmlns="http://jabber.org/protocol/chatstates"/></message></forwarded></privilege></message>`
	if err != nil || text != want {
		t.Errorf("%v\n%s\nis not\n%s", err, text, want)
	}
}

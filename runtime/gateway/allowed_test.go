package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// isGone waits until alice is told a reason, and is logged out.
func (s *scene) isGone(reason string) {
	s.t.Helper()
	if body := stanza.ChildText(s.expect("the reason", message(transport)), "", "body"); body != reason {
		s.t.Errorf("the reason is %q, not %q", body, reason)
	}
	s.expect("the transport is offline", presence(transport, "unavailable"))
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
}

// TestUsersWhomTheNewConfigExcludesAreLoggedOut changes the config while alice is online.
func TestUsersWhomTheNewConfigExcludesAreLoggedOut(t *testing.T) {
	for _, c := range []struct{ name, lines, reason string }{
		{"her server", "[service]\nallowed_servers=other.example\n", "Users of your server may not use the transport."},
		{"not a VIP", "[service]\nvip_only=1\nvip_message=VIPs only.\n", "VIPs only."},
		{"both", "[service]\nvip_only=1\nallowed_servers=other.example\n", "Users of your server may not use the transport."},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "")
			s.online()
			s.gateway.Configure(s.settings("[service]\nallowed_servers=localhost\n"))
			s.result("get", transport, registerQuery)
			s.gateway.Configure(s.settings(c.lines))
			s.isGone(c.reason)
			s.user(`<presence from="` + phone + `" to="` + transport + `"/>`)
			s.expect("another client is refused", presence(transport, "unavailable"))
			s.result("set", transport, removal)
		})
	}
}

// TestVIPStaysIfOnlyVIPsMayStay has a user who became a VIP while they were online.
func TestVIPStaysIfOnlyVIPsMayStay(t *testing.T) {
	s := play(t, "")
	s.online()
	a := s.account()
	a.VIP = true
	if err := s.store.Update(s.ctx, a); err != nil {
		t.Fatal(err)
	}
	s.gateway.Configure(s.settings("[service]\nvip_only=1\n"))
	s.handled()
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("carol"), Message: proto.String("hi")})
	s.expect("a message", message(carol))
}

// TestUsersOfOtherServersMayOnlyUnregister sends what a user can send, registered and as a
// stranger.
func TestUsersOfOtherServersMayOnlyUnregister(t *testing.T) {
	for _, registered := range []bool{true, false} {
		t.Run(fmt.Sprintf("registered %v", registered), func(t *testing.T) {
			s := play(t, "")
			want := []string{}
			if registered {
				s.online()
				want = []string{"unregister"}
			}
			s.gateway.Configure(s.settings("[service]\nallowed_servers=other.example\n"))
			if registered {
				s.isGone("Users of your server may not use the transport.")
			}
			for to, payload := range map[string]string{transport: infoQuery, carolJID: `<ping xmlns="urn:xmpp:ping"/>`, "#den@" + transport: infoQuery} {
				s.result("get", to, payload)
			}
			if got := s.commandNodes(); !slices.Equal(got, want) {
				t.Errorf("the commands are %v", got)
			}
			for _, c := range []struct{ typ, to, payload string }{
				{"get", transport, registerQuery},
				{"set", transport, registration("bob2", "pw")},
				{"set", transport, commandXML(`node="register"`, "")},
				{"set", transport, commandXML(`node="change"`, "")},
				{"set", transport, commandXML(`node="settings"`, "")},
				{"get", transport, `<query xmlns="jabber:iq:search"/>`},
				{"get", transport, `<query xmlns="jabber:iq:gateway"/>`},
				{"get", carolJID, vcardGet},
				{"set", transport, `<query xmlns="urn:xmpp:mam:2"/>`},
			} {
				if got := s.refused(c.typ, c.to, c.payload); got != stanza.Forbidden {
					t.Errorf("%s: %s", c.payload, got)
				}
			}
			for _, xml := range []string{
				`<message id="w" type="chat" from="` + desktop + `" to="` + carolJID + `"><body>x</body></message>`,
				`<message id="w" type="groupchat" from="` + desktop + `" to="#den@` + transport + `"><body>x</body></message>`,
				`<presence id="w" from="` + desktop + `" to="#den@` + transport + `/me"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
			} {
				s.user(xml)
				n := s.expect(xml, func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "w" })
				if e := stanza.ErrorOf(n); e == nil || e.Condition != stanza.Forbidden {
					t.Errorf("%s: %v", xml, e)
				}
			}
			s.user(`<presence id="s" type="subscribe" from="` + alice + `" to="` + transport + `"/>`)
			s.expect("no subscription", presence(transport, "unsubscribed"))
			if registered {
				s.complete("unregister", "confirm", "1")
			}
		})
	}
}

// TestCommandRegisterIsHiddenWhileRegistrationIsClosed changes the config of a stranger.
func TestCommandRegisterIsHiddenWhileRegistrationIsClosed(t *testing.T) {
	s := play(t, "")
	for lines, want := range map[string]string{
		"[registration]\nenable_public_registration=0\n":                                       "",
		"[registration]\nenable_public_registration=0\n[service]\nallowed_servers=localhost\n": "register",
		"[registration]\nenable_public_registration=0\n[service]\nadmin_jid=alice@localhost\n": "http://jabber.org/protocol/admin",
		"[service]\nallowed_servers=other.example\nadmin_jid=alice@localhost\n":                "http://jabber.org/protocol/admin",
		"[registration]\nenable_public_registration=1\n":                                       "register",
	} {
		s.gateway.Configure(s.settings(lines))
		nodes := s.commandNodes()
		if want == "" && len(nodes) > 0 || want != "" && (len(nodes) == 0 || !strings.HasPrefix(nodes[0], want)) {
			t.Errorf("%q: the commands are %v", lines, nodes)
		}
	}
}

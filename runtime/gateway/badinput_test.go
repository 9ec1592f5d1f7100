package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// TestMalformedStanzas sends stanzas that no server should let pass. Each has one error at
// most, and nobody sees another effect.
func TestMalformedStanzas(t *testing.T) {
	s := play(t, "")
	s.online()
	long := strings.Repeat("x", 5000)
	var froms, tos []string
	for _, from := range []string{desktop, alice, "", "@", "/", "@localhost", "alice@", "a@b@c/d@e/f", "alice@localhost/", " ", "\u00ad@localhost/x", long + "@localhost/x", "alice@localhost/" + long} {
		froms = append(froms, ` from="`+from+`"`)
	}
	for _, to := range []string{transport, "", "@", "@" + transport, "/x", transport + "/", "a b@" + transport, "#@" + transport, `\20@` + transport, `\\@` + transport, "%@" + transport, "a@other.example", long + "@" + transport, "#room@" + transport + "/" + long} {
		tos = append(tos, ` to="`+to+`"`)
	}
	froms, tos = append(froms, ""), append(tos, "")
	n := 0
	for _, from := range froms {
		for _, to := range tos {
			for _, c := range []struct{ kind, rest string }{
				{"message", `><body>x</body>`}, {"message", ` type="groupchat"><subject/>`}, {"message", `>`}, {"message", ` type="error">`},
				{"presence", `>`}, {"presence", ` type="unavailable">`}, {"presence", ` type="nonsense">`}, {"presence", ` type="subscribed">`}, {"presence", `><x xmlns="http://jabber.org/protocol/muc"/>`},
				{"iq", `>`}, {"iq", ` type="get">`}, {"iq", ` type="result">`}, {"iq", ` type="set"><query xmlns="jabber:iq:register"/>`},
			} {
				if from == froms[0] && c.kind == "presence" {
					continue // those of a client that exists have an effect
				}
				n++
				s.user(fmt.Sprintf(`<%s id="bad%d"%s%s%s</%s>`, c.kind, n, from, to, c.rest, c.kind))
			}
		}
	}
	s.user(`<nonsense xmlns="jabber:component:accept" from="` + desktop + `" to="` + transport + `"/>`)
	s.result("get", transport, `<ping xmlns="urn:xmpp:ping"/>`) // the stream and the user are well
	answers := map[string]int{}
	for _, got := range s.server.Stanzas() {
		if id := stanza.Attr(got, "id"); strings.HasPrefix(id, "bad") {
			answers[id]++
			if answers[id] > 1 {
				t.Errorf("%s is answered %d times", id, answers[id])
			}
		}
	}
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("carol"), Message: proto.String("hi")})
	s.expect("alice is still online", message("carol@"+transport))
}

// TestUnsolicitedAnswersHaveNoEffect sends results and errors that nobody has asked for.
func TestUnsolicitedAnswersHaveNoEffect(t *testing.T) {
	s := play(t, "")
	s.online()
	before := len(s.server.Stanzas())
	for _, from := range []string{desktop, alice, "localhost", "eve@localhost/x"} {
		for _, to := range []string{transport, "carol@" + transport, "#room@" + transport, "#room@" + transport + "/alice"} {
			for _, typ := range []string{"result", "error"} {
				for _, content := range []string{"", `<query xmlns="jabber:iq:roster"><item jid="x@` + transport + `" subscription="both"/></query>`, `<query xmlns="http://jabber.org/protocol/disco#info"/>`, `<vCard xmlns="vcard-temp"/>`} {
					s.user(`<iq type="` + typ + `" id="q1" from="` + from + `" to="` + to + `">` + content + `</iq>`)
				}
			}
		}
	}
	s.result("get", transport, `<ping xmlns="urn:xmpp:ping"/>`)
	if all := s.server.Stanzas(); len(all) != before+1 {
		t.Errorf("%d stanzas instead of the answer to the ping", len(all)-before)
	}
}

// TestRoomsNeedAJoin sends presence without the element of XEP-0045, and messages, to a room
// that the client has not joined.
func TestRoomsNeedAJoin(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, to := range []string{roomJID, "den@" + transport} {
		for _, xml := range []string{
			`<presence id="x" from="` + desktop + `" to="` + to + `/alice"/>`,
			`<presence id="x" from="` + desktop + `" to="` + to + `/alice"><show>away</show></presence>`,
			`<message id="x" type="groupchat" from="` + desktop + `" to="` + to + `"><body>x</body></message>`,
			`<message id="x" type="groupchat" from="` + desktop + `" to="` + to + `"><subject>x</subject></message>`,
			`<message id="x" type="chat" from="` + desktop + `" to="` + to + `/carol"><body>x</body></message>`,
			`<message id="x" type="chat" from="` + desktop + `" to="` + to + `/bot"><body>x</body><x xmlns="http://jabber.org/protocol/muc#user"/></message>`,
		} {
			s.user(xml)
			n := s.expect("the error for "+xml, func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "x" })
			if e := stanza.ErrorOf(n); e == nil || e.Condition != stanza.NotAcceptable {
				t.Errorf("%s: %v", xml, e)
			}
		}
	}
	s.user(`<presence id="x" from="` + desktop + `" to="` + roomJID + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	if e := stanza.ErrorOf(s.expect("a join without a nickname", func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "x" })); e == nil || e.Condition != stanza.JIDMalformed {
		t.Errorf("a join without a nickname: %v", e)
	}
	s.result("get", transport, `<ping xmlns="urn:xmpp:ping"/>`)
	select {
	case p := <-s.payloads:
		t.Errorf("the script gets %v", p.typ)
	default:
	}
}

// TestFloodOfJoins joins one room more than a user can.
func TestFloodOfJoins(t *testing.T) {
	store := gateway.Memory(t)
	add(t, store, alice, "0")
	synctest.Test(t, func(t *testing.T) {
		s := onStageWith(t, gateway.Features(), store, settings.Service{}, settings.User{})
		defer s.stop()
		s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
		s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
		_, _ = s.sent(), s.got()
		for i := range rooms.MaxRooms + 1 {
			s.user(fmt.Sprintf(`<presence from="%s" to="r%d@%s/alice"><x xmlns="http://jabber.org/protocol/muc"/></presence>`, desktop, i, transport))
		}
		if n := strings.Count(s.got(), "join_room"); n != rooms.MaxRooms {
			t.Errorf("the script gets %d joins, not %d", n, rooms.MaxRooms)
		}
		s.want("the last join", s.sent(), fmt.Sprintf("error r%d@%s/alice %s", rooms.MaxRooms, transport, desktop))
		s.user(fmt.Sprintf(`<presence type="unavailable" from="%s" to="r0@%s/alice"/>`, desktop, transport))
		s.user(fmt.Sprintf(`<presence from="%s" to="new@%s/alice"><x xmlns="http://jabber.org/protocol/muc"/></presence>`, desktop, transport))
		s.want("after the user has left one", s.got(), "leave_room join_room")
	})
}

// TestFloodOfPresence sends the presence of one client, and of as many clients as possible. What
// is sent back grows no faster than what arrives, and the number of clients is limited.
func TestFloodOfPresence(t *testing.T) {
	const flood, contacts = 5000, 20
	store := gateway.Memory(t)
	add(t, store, alice, "0")
	synctest.Test(t, func(t *testing.T) {
		s := onStage(t, store, settings.Service{}, settings.User{})
		defer s.stop()
		s.router.StreamOpened()
		s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
		s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
		for i := range contacts {
			s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String(fmt.Sprint("c", i)), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
		}
		_, _ = s.sent(), s.got()
		for i := range flood {
			s.user(`<presence from="` + desktop + `" to="` + transport + `"><show>` + []string{"away", "dnd"}[i%2] + `</show></presence>`)
		}
		if n := strings.Count(s.sent(), "\n") + 1; n > flood {
			t.Errorf("%d stanzas for %d presences of one client", n, flood)
		}
		for i := range flood {
			s.user(fmt.Sprintf(`<presence from="%s/r%d" to="%s"><show>dnd</show></presence>`, alice, i, transport))
		}
		if n, most := strings.Count(s.sent(), "\n")+1, router.MaxClients*(contacts+1); n > most {
			t.Errorf("%d stanzas for %d clients, more than %d", n, flood, most)
		}
		clients := 0
		if err := s.router.For(alice, func(u *router.User) { clients = len(u.Clients) }); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if clients != router.MaxClients {
			t.Errorf("%d clients", clients)
		}
	})
}

package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// TestUserFromRegistrationToRemoval plays the life of a user with one contact.
func TestUserFromRegistrationToRemoval(t *testing.T) {
	s := play(t, "")
	s.register()
	s.expect("the transport asks for a subscription", presence(transport, "subscribe"))
	s.user(`<presence type="unavailable" from="` + alice + `" to="` + transport + `"/>`)
	s.expect("the transport is still offline", presence(transport, "unavailable"))
	s.user(`<presence type="subscribed" from="` + alice + `" to="` + transport + `"/>`)

	s.user(`<presence from="` + desktop + `" to="` + transport + `"><show>away</show><status>lunch</status></presence>`)
	s.expect("the transport is connecting", presence(transport, "unavailable"))
	login := delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	if login.GetUser() != alice || login.GetLegacyName() != "bob" || login.GetPassword() != "hunter2" || login.GetSettings().GetValue()["enable_transport"] != "1" {
		t.Errorf("login: %v", login)
	}
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	if n := s.expect("the transport is online", presence(transport, "")); stanza.ChildText(n, "", "show") != "away" || stanza.ChildText(n, "", "status") != "lunch" {
		t.Errorf("the transport does not have the status of the user: %v", n)
	}
	if status := delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED); status.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY || status.GetStatusMessage() != "lunch" {
		t.Errorf("status: %v", status)
	}

	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol@net.org"), Alias: proto.String("Carol"), Status: pb.StatusType_STATUS_TYPE_DND.Enum()})
	carol := `carol\40net.org@` + transport
	if n := s.expect("carol asks for a subscription", presence(carol, "subscribe")); stanza.ChildText(n, stanza.Nickname, "nick") != "Carol" {
		t.Errorf("the request has no nickname: %v", n)
	}
	if n := s.expect("carol is online", presence(carol, "")); stanza.ChildText(n, "", "show") != "dnd" {
		t.Errorf("carol is not busy: %v", n)
	}
	if echo := delivered[*pb.Buddy](s, pb.WrapperMessage_TYPE_BUDDY_CHANGED); echo.GetAlias() != "Carol" || echo.GetStatus() != pb.StatusType_STATUS_TYPE_NONE {
		t.Errorf("the echo: %v", echo)
	}
	s.user(`<presence type="subscribed" from="` + alice + `" to="` + carol + `"/>`)
	s.user(`<presence type="subscribe" from="` + alice + `" to="` + carol + `"/>`)
	s.expect("carol accepts", presence(carol, "subscribed"))

	s.user(`<message type="chat" id="m1" from="` + desktop + `" to="` + carol + `"><body>hi &lt;3</body><request xmlns="urn:xmpp:receipts"/></message>`)
	if m := delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE); m.GetBuddyName() != "carol@net.org" || m.GetMessage() != "hi <3" || m.GetId() != "m1" {
		t.Errorf("the message: %v", m)
	}
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("carol@net.org"), Message: proto.String("hi & bye")})
	if n := s.expect("carol answers", message(carol)); stanza.ChildText(n, "", "body") != "hi & bye" || stanza.Attr(n, "type") != "chat" {
		t.Errorf("the answer: %v", n)
	}

	s.user(`<iq type="set" id="r2" from="` + desktop + `" to="` + transport + `"><query xmlns="jabber:iq:register"><remove/></query></iq>`)
	s.expect("the answer", answer("r2"))
	s.expect("carol is offline", presence(carol, "unavailable"))
	s.expect("the transport is offline", presence(transport, "unavailable"))
	s.expect("the transport lets go", presence(transport, "unsubscribe"))
	s.expect("carol lets go", presence(carol, "unsubscribed"))
	if logout := delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT); logout.GetUser() != alice {
		t.Errorf("logout: %v", logout)
	}
	if _, err := s.store.Find(s.ctx, alice); err == nil {
		t.Error("the user is still registered")
	}
}

// TestEachIQIsAnswered sends IQs that nobody expects, online and offline.
func TestEachIQIsAnswered(t *testing.T) {
	s := play(t, "")
	ask := func(n int, iq, want string) {
		t.Helper()
		id := "q" + string(rune('a'+n))
		s.user(strings.Replace(iq, "<iq ", `<iq id="`+id+`" `, 1))
		got := "result"
		if e := stanza.ErrorOf(s.expect("the answer to "+iq, answer(id))); e != nil {
			got = string(e.Condition)
		}
		if got != want {
			t.Errorf("%s: %s, not %s", iq, got, want)
		}
	}
	cases := []struct{ iq, want string }{
		{`<iq type="get" from="` + desktop + `" to="` + transport + `"><query xmlns="urn:unknown"/></iq>`, "service-unavailable"},
		{`<iq type="set" from="` + desktop + `" to="` + transport + `"><query xmlns="urn:unknown"/></iq>`, "service-unavailable"},
		{`<iq type="get" from="` + desktop + `" to="carol@` + transport + `"><query xmlns="urn:unknown"/></iq>`, "service-unavailable"},
		{`<iq type="set" from="` + desktop + `" to="` + transport + `"><boo xmlns="jabber:iq:register"><remove/></boo></iq>`, "service-unavailable"},
		{`<iq type="get" from="` + desktop + `" to="` + transport + `"><vcard xmlns="vcard-temp"/></iq>`, "service-unavailable"},
		{`<iq type="get" from="` + desktop + `" to="` + transport + `"/>`, "bad-request"},
		{`<iq type="get" from="` + desktop + `" to="` + transport + `"><a xmlns="urn:unknown"/><b xmlns="urn:unknown"/></iq>`, "bad-request"},
		{`<iq type="unknown" from="` + desktop + `" to="` + transport + `"><query xmlns="urn:unknown"/></iq>`, "bad-request"},
		{`<iq type="get" from="` + desktop + `" to="` + transport + `"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`, "result"},
		{`<iq type="get" from="localhost" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`, "result"},
		{`<iq type="set" from="` + phone + `" to="` + transport + `"><query xmlns="jabber:iq:register"><remove/></query></iq>`, "registration-required"},
	}
	for n, c := range cases {
		ask(n, c.iq, c.want)
	}
	s.online()
	for n, c := range cases[:9] {
		ask(len(cases)+n, c.iq, c.want)
	}
}

// TestStanzasOfStrangersAreRefusedOrIgnored sends what must not cause an answer, and then
// a ping.
func TestStanzasOfStrangersAreRefusedOrIgnored(t *testing.T) {
	s := play(t, "")
	for _, xml := range []string{
		`<iq type="result" id="x" from="eve@localhost/x" to="` + transport + `"/>`,
		`<iq type="error" id="x" from="eve@localhost/x" to="` + transport + `"/>`,
		`<presence from="eve@localhost/x" to="` + transport + `"/>`,
		`<presence type="error" from="eve@localhost/x" to="` + transport + `"/>`,
		`<presence type="unknown" from="eve@localhost/x" to="` + transport + `"/>`,
		`<presence type="subscribe" from="eve@localhost/x" to="carol@` + transport + `"/>`,
		`<message type="error" from="eve@localhost/x" to="` + transport + `"><body>x</body></message>`,
	} {
		s.user(xml)
	}
	s.user(`<iq type="get" id="end" from="eve@localhost/x" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	if n := s.expect("the first answer", func(n *xmltree.Node) bool { return stanza.Attr(n, "to") == "eve@localhost/x" }); stanza.Attr(n, "id") != "end" {
		t.Errorf("an answer that must not exist: %+v", n)
	}
	s.user(`<message from="eve@localhost/x" to="carol@` + transport + `"><body>x</body></message>`)
	if e := stanza.ErrorOf(s.expect("an error", message("carol@"+transport))); e == nil || e.Condition != stanza.RecipientUnavailable {
		t.Errorf("a message of a stranger: %v", e)
	}
}

// TestSessionLastsUntilTheLastClientLeaves logs in with two clients.
// TestContactsLeaveWithTheLastClient has a client that is online, and has left only the
// transport. One that is lost sees nothing.
func TestContactsLeaveWithTheLastClient(t *testing.T) {
	for name, presences := range map[string]int{
		`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`:                                                                                     1,
		`<presence type="error" from="` + desktop + `" to="` + transport + `"><error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>`: 0,
	} {
		s := play(t, "")
		s.online()
		s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
		s.expect("carol", presence(carol, ""))
		s.user(name)
		delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
		count := 0
		s.expect("the transport leaves", func(n *xmltree.Node) bool {
			if presence(carol, "unavailable")(n) && stanza.Attr(n, "to") == alice {
				count++
			}
			return presence(transport, "unavailable")(n)
		})
		if count != presences {
			t.Errorf("%s: the contact leaves %d times", name, count)
		}
	}
}

func TestSessionLastsUntilTheLastClientLeaves(t *testing.T) {
	s := play(t, "")
	s.online()
	s.user(`<presence from="` + phone + `" to="` + transport + `"><priority>5</priority><show>dnd</show></presence>`)
	s.expect("both clients see the transport with the new status", func(n *xmltree.Node) bool {
		return presence(transport, "")(n) && stanza.Attr(n, "to") == alice && stanza.ChildText(n, "", "show") == "dnd"
	})
	if status := delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED); status.GetStatus() != pb.StatusType_STATUS_TYPE_DND {
		t.Errorf("the status is not that of the client with the highest priority: %v", status)
	}
	s.user(`<presence from="` + phone + `" to="` + transport + `"><priority>5</priority><show>away</show></presence>`)
	if status := delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED); status.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY {
		t.Errorf("the status does not follow the client: %v", status)
	}
	// A server answers probes and requests from the bare JID. No client has left.
	s.user(`<presence type="unavailable" from="` + alice + `" to="` + transport + `"/>`)
	s.user(`<presence type="unavailable" from="` + phone + `" to="` + transport + `"/>`)
	if status := delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED); status.GetStatus() != pb.StatusType_STATUS_TYPE_ONLINE {
		t.Errorf("the status is not that of the client that is left: %v", status)
	}
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
}

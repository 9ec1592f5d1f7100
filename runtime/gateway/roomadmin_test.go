package gateway_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// TestRoomsCanBeReadButNotAdministrated sends the requests of XEP-0045, sections 9 and 10.
func TestRoomsCanBeReadButNotAdministrated(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	const admin, owner, data = stanza.MUCAdmin, stanza.MUCOwner, stanza.DataForm
	for i, c := range []struct{ typ, space, content, want string }{
		{"get", admin, `<item role="moderator"/>`, "carol"},
		{"get", admin, `<item affiliation="admin"/>`, "carol"},
		{"get", admin, `<item role="participant"/>`, "alice"},
		{"get", admin, `<item affiliation="outcast"/>`, ""},
		{"get", admin, `<item role="king"/>`, "bad-request"},
		{"get", admin, `<item/>`, "bad-request"},
		{"get", admin, ``, "bad-request"},
		{"get", admin, `<item role="admin"/>`, "bad-request"},
		{"get", admin, `<item affiliation="moderator"/>`, "bad-request"},
		{"get", admin, `<item role="mod" affiliation="erator"/>`, "bad-request"},
		{"get", admin, `<item xmlns="x" role="moderator"/>`, "bad-request"},
		{"set", admin, `<item nick="carol" role="none"/>`, "not-allowed"},
		{"set", admin, `<item jid="carol@x" affiliation="outcast"/>`, "not-allowed"},
		{"get", owner, ``, "form"},
		{"set", owner, `<x xmlns="` + data + `" type="submit"/>`, ""},
		{"set", owner, `<x xmlns="` + data + `" type="cancel"/>`, ""},
		{"set", owner, `<x xmlns="` + data + `" type="submit"><field var="muc#roomconfig_roomname"><value>x</value></field></x>`, "not-allowed"},
		{"set", owner, `<destroy/>`, "not-allowed"},
	} {
		for _, client := range []string{desktop, phone} {
			id, want := fmt.Sprint("a", i, client), c.want
			if client == phone && c.want != "not-allowed" || client == phone && c.space == owner {
				want = "forbidden" // not in the room
			}
			s.user(`<iq id="` + id + `" type="` + c.typ + `" from="` + client + `" to="` + roomJID + `"><query xmlns="` + c.space + `">` + c.content + `</query></iq>`)
			n := s.expect("the answer", answer(id))
			got := ""
			if e := stanza.ErrorOf(n); e != nil {
				got = string(e.Condition)
			}
			for _, found := range stanza.Children(stanza.Child(n, admin, "query")) {
				got += stanza.Attr(found, "nick")
			}
			if x := stanza.Child(stanza.Child(n, owner, "query"), data, "x"); x != nil {
				got = stanza.Attr(x, "type")
			}
			if got != want {
				t.Errorf("%s %s %s of %s: %q, not %q", c.typ, c.space, c.content, client, got, want)
			}
		}
	}
}

func invitation(to string) string {
	return `<message id="v1" from="` + desktop + `" to="` + roomJID + `"><x xmlns="` + stanza.MUCUser + `"><invite to="` + to + `"><reason>come</reason></invite></x></message>`
}

// TestUserInvitesOtherUsers sends an invitation through the room, and gets its refusal.
func TestUserInvitesOtherUsers(t *testing.T) {
	s := play(t, "")
	s.online()
	refused := func(want stanza.Condition) {
		t.Helper()
		if e := stanza.ErrorOf(s.expect("the refusal", func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "v1" })); e == nil || e.Condition != want {
			t.Errorf("the refusal: %v", e)
		}
	}
	s.user(invitation("bob@localhost"))
	refused(stanza.NotAcceptable)
	s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc"><password>pw</password></x>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.fills()
	s.enters(desktop)
	for _, nobody := range []string{"", transport, "@localhost", "bob@", "b ob@localhost", "bob@localhost/"} {
		s.user(invitation(nobody))
		refused(stanza.JIDMalformed)
	}
	for _, to := range []string{"", "b ob@localhost"} {
		s.user(`<message id="v1" from="` + desktop + `" to="` + roomJID + `"><x xmlns="` + stanza.MUCUser + `"><decline to="` + to + `"/></x></message>`)
		refused(stanza.JIDMalformed)
	}

	s.user(invitation("bob@localhost"))
	n := s.expect("the invitation", from(roomJID, "bob@localhost"))
	x := stanza.Child(n, stanza.MUCUser, "x")
	invite := stanza.Child(x, stanza.MUCUser, "invite")
	if stanza.Attr(invite, "from") != desktop || stanza.ChildText(invite, stanza.MUCUser, "reason") != "come" || stanza.ChildText(x, stanza.MUCUser, "password") != "pw" {
		t.Errorf("the invitation: %v", x)
	}
	if direct := stanza.Child(n, stanza.Conference, "x"); stanza.Attr(direct, "jid") != roomJID || stanza.Attr(direct, "password") != "pw" {
		t.Errorf("the direct invitation: %v", direct)
	}
	s.user(`<message from="bob@localhost/x" to="` + roomJID + `"><x xmlns="` + stanza.MUCUser + `"><decline to="` + alice + `"><reason>busy</reason></decline></x></message>`)
	decline := stanza.Child(stanza.Child(s.expect("the refusal", from(roomJID, desktop)), stanza.MUCUser, "x"), stanza.MUCUser, "decline")
	if stanza.Attr(decline, "from") != "bob@localhost" || stanza.ChildText(decline, stanza.MUCUser, "reason") != "busy" {
		t.Errorf("the refusal: %v", decline)
	}
}

// TestRefusalsAnswerInvitations sends refusals to a room that alice is in with two clients. Only
// those with the reasons that are expected answer an invitation.
func TestRefusalsAnswerInvitations(t *testing.T) {
	for _, address := range []string{"#den", "den"} {
		t.Run(address, func(t *testing.T) { refuses(t, address) })
	}
}

func refuses(t *testing.T, address string) {
	s := play(t, "")
	s.online()
	den := address + "@" + transport
	join := func(client string) {
		s.user(`<presence from="` + client + `" to="` + den + `/alice">` + joinRoom + `</presence>`)
	}
	join(desktop)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.changes(&pb.Participant{Room: &address, Nickname: proto.String("alice"), Flag: proto.Int32(flagMe)})
	s.expect("the desktop is in the room", from(den+"/alice", desktop))
	join(phone)
	s.expect("the phone is in the room", from(den+"/alice", phone))
	invite := func(to string) {
		s.user(`<message from="` + phone + `" to="` + den + `"><x xmlns="` + stanza.MUCUser + `"><invite to="` + to + `"/></x></message>`)
		s.expect("the invitation", from(den, to))
	}
	refuse := func(room, by, to, reason string) {
		s.user(`<message from="` + by + `/x" to="` + room + `"><x xmlns="` + stanza.MUCUser + `"><decline to="` + to + `"><reason>` + reason + `</reason></decline></x></message>`)
		s.user(`<iq type="get" id="refused` + reason + `" from="` + by + `/x" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
		s.expect("the refusal is handled", answer("refused"+reason))
	}
	refuse(den, "mallory@evil.example", alice, "uninvited")
	invite("bob@localhost")
	invite("bob@localhost")
	invite("Erin@localhost/x")
	refuse(den, "mallory@evil.example", alice, "another")
	refuse("#other@"+transport, "bob@localhost", alice, "elsewhere")
	refuse(den, "bob@localhost", alice, "1")
	refuse(den, "bob@localhost", alice, "again")
	refuse(den, "erin@localhost", "Alice@LOCALHOST/x", "2")
	for i := range 101 {
		invite(fmt.Sprintf("u%d@localhost", i))
	}
	refuse(den, "u0@localhost", alice, "toomany")
	refuse(den, "u1@localhost", alice, "3")
	s.passes(6 * 24 * time.Hour)
	refuse(den, "u2@localhost", alice, "4")
	s.passes(2 * 24 * time.Hour)
	refuse(den, "u3@localhost", alice, "late")
	s.handled()
	var got []string
	for _, n := range s.server.Stanzas() {
		if decline := stanza.Child(stanza.Child(n, stanza.MUCUser, "x"), stanza.MUCUser, "decline"); decline != nil {
			got = append(got, stanza.ChildText(decline, stanza.MUCUser, "reason"))
			if stanza.Attr(n, "to") != phone {
				t.Errorf("the refusal goes to %s", stanza.Attr(n, "to"))
			}
		}
	}
	if fmt.Sprint(got) != "[1 2 3 4]" {
		t.Errorf("the refusals that reach alice: %q", got)
	}
}

// TestUserInvitesContacts sends invitations through the room and directly.
func TestUserInvitesContacts(t *testing.T) {
	direct := func(to string) string {
		return `<message id="v1" from="` + desktop + `" to="` + carol + `"><x xmlns="` + stanza.Conference + `" jid="` + to + `" reason="come"/></message>`
	}
	var handled atomic.Bool
	handled.Store(true)
	s := play(t, "", func(s *scene) {
		s.handles = func(pb.WrapperMessage_Type) bool { return handled.Load() }
	})
	s.inRoom()
	for _, xml := range []string{invitation(carol), direct(roomJID)} {
		s.user(xml)
		m := delivered[*pb.Invitation](s, pb.WrapperMessage_TYPE_INVITATION)
		if m.GetRoom() != room || m.GetBuddyName() != "carol" || m.GetReason() != "come" {
			t.Errorf("the script gets %v", m)
		}
	}
	refused := func(what, xml string, want stanza.Condition) {
		t.Helper()
		s.user(xml)
		n := s.expect("the refusal", func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "v1" })
		if e := stanza.ErrorOf(n); e == nil || e.Condition != want {
			t.Errorf("%s: %v", what, e)
		}
	}
	refused("a room of another service", direct("room@conference.example.org"), stanza.NotAllowed)
	refused("no room", direct("ro om@"+transport), stanza.JIDMalformed)
	handled.Store(false)
	refused("a script without the handler", invitation(carol), stanza.NotAllowed)
	refused("a script without the handler", direct(roomJID), stanza.NotAllowed)
}

// TestContactsInviteTheUser sends INVITATION of the script.
func TestContactsInviteTheUser(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, c := range []struct{ name, from string }{{"carol", carol}, {"", roomJID}} {
		m := &pb.Invitation{UserName: proto.String(alice), Room: proto.String(room), Reason: proto.String("<come>"), Password: proto.String("pw")}
		if c.name != "" {
			m.BuddyName = &c.name
		}
		s.script(pb.WrapperMessage_TYPE_INVITATION, m)
		got := content(t, s.expect("the invitation", from(roomJID, alice)))
		want := `<x xmlns="http://jabber.org/protocol/muc#user"><invite from="` + c.from + `"><reason>&lt;come&gt;</reason></invite><password>pw</password></x>` +
			`<x xmlns="jabber:x:conference" jid="` + roomJID + `" password="pw" reason="&lt;come&gt;"/>`
		if got != want {
			t.Errorf("of %q: %s", c.name, got)
		}
	}
}

// TestScriptInvites sends invitations as raw XML, as irc.lua does.
func TestScriptInvites(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, xml := range []string{
		`<message from="` + roomJID + `" to="` + alice + `"><x xmlns="` + stanza.MUCUser + `"><invite from="carol@` + transport + `"><reason/></invite></x></message>`,
		`<message from="carol@` + transport + `" to="` + alice + `"><x xmlns="` + stanza.Conference + `" jid="` + roomJID + `"/></message>`,
	} {
		if err := s.gateway.Send(pb.WrapperMessage_TYPE_RAW_XML, []byte(xml)); err != nil {
			t.Fatal(err)
		}
		n := s.expect("the invitation", func(n *xmltree.Node) bool { return n.Name == "message" })
		if stanza.Child(n, stanza.MUCUser, "x") == nil && stanza.Child(n, stanza.Conference, "x") == nil {
			t.Errorf("the invitation: %v", n)
		}
	}
}

package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

func TestJoinIsRefused(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, c := range []struct {
		name string
		flag int32
		want stanza.Condition
	}{
		{"the nickname is in use", flagConflict, stanza.Conflict},
		{"the user is banned", flagBanned, stanza.Forbidden},
		{"as irc.lua says it", flagBanned | flagDenied, stanza.Forbidden},
		{"a password is missing", flagDenied, stanza.NotAuthorized},
		{"the room does not exist", flagNotFound, stanza.ItemNotFound},
		{"the user is kicked at once", flagKicked, stanza.NotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.joins(desktop, "alice", joinRoom)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.occupant("carol", 0)
			s.departs("alice", flagMe|c.flag, "because")
			n := s.expect("the refusal", func(n *xmltree.Node) bool {
				return n.Name == "presence" && strings.HasPrefix(stanza.Attr(n, "from"), roomJID)
			})
			e := stanza.ErrorOf(n)
			if e == nil || e.Condition != c.want || e.Text != "because" || stanza.Attr(n, "id") != "j1" || stanza.Attr(n, "from") != roomJID+"/alice" {
				t.Errorf("%v, %v", e, n)
			}
		})
	}
}

// TestRequestsWaitForTheEndOfAJoin sends requests right after the one to join, as profanity does.
func TestRequestsWaitForTheEndOfAJoin(t *testing.T) {
	requests := []struct{ to, space, content string }{
		{roomJID, stanza.MUCAdmin, `<item affiliation="member"/>`},
		{roomJID, stanza.MUCOwner, ""},
		{roomJID + "/alice", stanza.DiscoInfo, ""},
	}
	for _, c := range []struct {
		name string
		ends func(s *scene)
		want stanza.Condition // of the answer to each request; "" is a result
	}{
		{"the client enters", func(s *scene) { s.fills() }, ""},
		{"the room refuses", func(s *scene) { s.departs("alice", flagMe|flagBanned, "because") }, stanza.Forbidden},
		{"the client leaves", func(s *scene) {
			s.user(`<presence type="unavailable" from="` + desktop + `" to="` + roomJID + `/alice"/>`)
		}, stanza.Forbidden},
		{"the client is offline", func(s *scene) { s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`) }, stanza.Forbidden},
		{"the room does not answer", func(s *scene) { s.passes(20 * time.Second) }, stanza.RemoteServerTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "")
			s.online()
			s.joins(desktop, "alice", joinRoom)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			for i, r := range requests {
				s.user(fmt.Sprintf(`<iq id="w%d" type="get" from="%s" to="%s"><query xmlns="%s">%s</query></iq>`, i, desktop, r.to, r.space, r.content))
			}
			s.user(`<iq id="other" type="get" from="` + desktop + `" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
			first := s.expect("an answer", func(n *xmltree.Node) bool { return n.Name == "iq" })
			if id := stanza.Attr(first, "id"); id != "other" {
				t.Fatalf("the request %s is answered before the end of the join", id)
			}
			c.ends(s)
			for i := range requests {
				n := s.expect("the answer", answer(fmt.Sprint("w", i)))
				got := stanza.Condition("")
				if e := stanza.ErrorOf(n); e != nil {
					got = e.Condition
				}
				want := c.want
				if want == stanza.Forbidden && requests[i].space == stanza.DiscoInfo {
					want = stanza.BadRequest // XEP-0045, section 6.6
				}
				if got != want {
					t.Errorf("the answer to %s is %q, not %q", requests[i].space, got, want)
				}
			}
		})
	}
}

// TestRoomsHaveNoSubscriptions asks for them as a registered user, who may be offline, and as a
// stranger.
func TestRoomsHaveNoSubscriptions(t *testing.T) {
	s := play(t, "")
	check := func(when string) {
		t.Helper()
		for _, typ := range []string{"subscribe", "unsubscribe", "probe"} {
			for _, to := range []string{roomJID, roomJID + "/carol"} {
				s.user(`<presence type="` + typ + `" from="` + alice + `" to="` + to + `"/>`)
				n := s.expect(when+": "+typ, func(n *xmltree.Node) bool { return n.Name == "presence" && stanza.Attr(n, "from") != transport })
				if stanza.Attr(n, "type") != "unsubscribed" || stanza.Attr(n, "from") != roomJID || stanza.Attr(n, "to") != alice {
					t.Errorf("%s, %s: %v", when, typ, n)
				}
			}
		}
	}
	s.user(`<presence type="subscribe" from="eve@localhost" to="` + roomJID + `"/>`)
	s.register()
	check("offline")
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	check("online")
}

// TestProbesOfOccupants asks for the presence of an occupant and of a nickname that nobody has.
func TestProbesOfOccupants(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	for nick, want := range map[string]string{"carol": "", "nobody": "unavailable"} {
		s.user(`<presence type="probe" from="` + desktop + `" to="` + roomJID + `/` + nick + `"/>`)
		n := s.expect("the presence of "+nick, func(n *xmltree.Node) bool { return n.Name == "presence" })
		if stanza.Attr(n, "from") != roomJID+"/"+nick || stanza.Attr(n, "type") != want || stanza.Attr(n, "to") != desktop {
			t.Errorf("%s: %v", nick, n)
		}
	}
}

// TestLateAnswerToALeaveDoesNotEndANewJoin leaves a room and joins it again at once. The
// script answers both requests after that.
func TestLateAnswerToALeaveDoesNotEndANewJoin(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + roomJID + `/alice"/>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
	s.joins(desktop, "alice", joinRoom)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.departs("alice", flagMe, "")
	s.fills()
	s.enters(desktop)
}

// TestErrorsOfRoomsFollowTheXEP sends stanzas that rooms refuse: outside of the room, also if
// nothing but the stanza shows that it is for a room, and in the room.
func TestErrorsOfRoomsFollowTheXEP(t *testing.T) {
	s := play(t, "")
	s.online()
	chat := func(typ, to string) string {
		return `<message id="e1" type="` + typ + `" from="` + desktop + `" to="` + to + `"><body>x</body></message>`
	}
	private := func(to string) string {
		return `<message id="e1" type="chat" from="` + desktop + `" to="` + to + `"><body>x</body><x xmlns="http://jabber.org/protocol/muc#user"/></message>`
	}
	get := func(to, payload string) string {
		return `<iq id="e1" type="get" from="` + desktop + `" to="` + to + `">` + payload + `</iq>`
	}
	ping := func(to string) string { return get(to, `<ping xmlns="urn:xmpp:ping"/>`) }
	check := func(when string, cases []struct{ name, xml, want string }) {
		t.Helper()
		for _, c := range cases {
			s.user(c.xml)
			n := s.expect(when+": "+c.name, func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "e1" })
			got := "result"
			if e := stanza.ErrorOf(n); e != nil {
				got = string(e.Condition)
			}
			if got != c.want {
				t.Errorf("%s: %s: %s, not %s", when, c.name, got, c.want)
			}
		}
	}
	for _, room := range []string{roomJID, "den@" + transport, `\26local@` + transport} {
		check("outside of "+room, []struct{ name, xml, want string }{
			{"a message to the room", chat("groupchat", room), "not-acceptable"},
			{"a message to all with a nickname", chat("groupchat", room+"/carol"), "bad-request"},
			{"a private message", chat("chat", room+"/carol"), "not-acceptable"},
			{"a private message that says so", private(room + "/carol"), "not-acceptable"},
			{"a private message to an occupant with the name of a resource", private(room + "/bot"), "not-acceptable"},
			{"a private message to nobody", private(room), "bad-request"},
			{"a presence without the MUC element", `<presence id="e1" from="` + desktop + `" to="` + room + `/alice"/>`, "not-acceptable"},
			{"a join without a nickname", `<presence id="e1" from="` + desktop + `" to="` + room + `">` + joinRoom + `</presence>`, "jid-malformed"},
			{"a ping to oneself", ping(room + "/alice"), "not-acceptable"},
			{"a request for the vCard of an occupant", get(room+"/carol", vcardGet), "not-acceptable"},
			{"a request for the list of moderators", get(room, `<query xmlns="http://jabber.org/protocol/muc#admin"><item role="moderator"/></query>`), "forbidden"},
			{"a request for the settings", get(room, `<query xmlns="http://jabber.org/protocol/muc#owner"/>`), "forbidden"},
		})
	}
	s.asks()
	s.fills()
	s.enters(desktop)
	check("inside", []struct{ name, xml, want string }{
		{"a private message to nobody", chat("chat", roomJID+"/nobody"), "item-not-found"},
		{"a message to all with a nickname", chat("groupchat", roomJID+"/carol"), "bad-request"},
		{"a chat message to the room", chat("chat", roomJID), "bad-request"},
		{"a ping to oneself", ping(roomJID + "/alice"), "result"},
		{"a ping to the room", ping(roomJID), "result"},
		{"a ping to another occupant", ping(roomJID + "/carol"), "service-unavailable"},
		{"a ping to an earlier nickname", ping(roomJID + "/alicia"), "item-not-found"},
	})
	s.user(strings.ReplaceAll(chat("groupchat", roomJID), desktop, phone))
	if e := stanza.ErrorOf(s.expect("an error", func(n *xmltree.Node) bool { return stanza.Attr(n, "to") == phone })); e == nil || e.Condition != stanza.NotAcceptable {
		t.Errorf("a message of a client that is not in the room: %v", e)
	}
}

func TestPrivateMessagesInARoom(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.user(`<message type="chat" id="p1" from="` + desktop + `" to="` + roomJID + `/carol"><body>psst</body><x xmlns="http://jabber.org/protocol/muc#user"/></message>`)
	if m := delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE); m.GetBuddyName() != room+"/carol" || m.GetMessage() != "psst" {
		t.Errorf("CONV_MESSAGE: %v", m)
	}
	for _, m := range []*pb.ConversationMessage{
		{BuddyName: proto.String(room), Nickname: proto.String("carol"), Pm: proto.Bool(true)},
		{BuddyName: proto.String(room + "/carol")},
		{BuddyName: proto.String(room + "/carol"), Pm: proto.Bool(true)},
		{BuddyName: proto.String(strings.ToUpper(room) + "/carol")},
	} {
		m.UserName, m.Message = proto.String(alice), proto.String("what?")
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
		n := s.expect("carol's answer", from(roomJID+"/carol", desktop))
		if stanza.Attr(n, "type") != "chat" || stanza.ChildText(n, "", "body") != "what?" || stanza.Child(n, stanza.MUCUser, "x") == nil {
			t.Errorf("the answer as %v: %v", m, n)
		}
	}
	s.script(pb.WrapperMessage_TYPE_BUDDY_TYPING, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String(room + "/carol")})
	s.expect("carol is typing", from(roomJID+"/carol", desktop))
	s.script(pb.WrapperMessage_TYPE_ATTENTION, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String(room + "/carol"), Message: proto.String("")})
	if n := s.expect("carol wants attention", from(roomJID+"/carol", desktop)); stanza.Child(n, stanza.Attention, "attention") == nil {
		t.Errorf("not the attention: %v", n)
	}
}

// TestPrivateMessagesWaitForTheEndOfAJoin sends a private message, an event about another one, a
// request for attention and a chat state during a join. The chat state is out of date then.
func TestPrivateMessagesWaitForTheEndOfAJoin(t *testing.T) {
	for _, c := range []struct {
		name string
		ends func(s *scene)
		end  func(n *xmltree.Node) bool // the stanza that tells the client
		to   string
	}{
		{"the client enters", func(s *scene) { s.fills() }, from(roomJID+"/alice", desktop), desktop},
		{"the room refuses", func(s *scene) { s.departs("alice", flagMe|flagBanned, "") }, presence(roomJID, "error"), alice},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "")
			s.online()
			s.asks()
			m := said("carol", "psst")
			m.Pm = proto.Bool(true)
			s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
			s.script(pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: proto.String(alice), BuddyName: proto.String(room + "/carol"), Id: proto.String("p1"), Emoji: []string{"👍"}})
			s.script(pb.WrapperMessage_TYPE_BUDDY_TYPING, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String(room + "/carol")})
			s.script(pb.WrapperMessage_TYPE_ATTENTION, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String(room + "/carol"), Message: proto.String("hey")})
			s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String(room + "/carol"), Message: proto.String(""), Id: proto.String("p0")})
			c.ends(s)
			s.expect("the end of the join", func(n *xmltree.Node) bool {
				if n.Name == "message" {
					t.Errorf("a message before the end of the join: %v", n)
				}
				return c.end(n)
			})
			if n := s.expect("the private message", from(roomJID+"/carol", c.to)); n.Name != "message" || stanza.ChildText(n, "", "body") != "psst" {
				t.Errorf("the private message: %v", n)
			}
			if n := s.expect("the reaction", from(roomJID+"/carol", c.to)); stanza.Child(n, stanza.Reactions, "reactions") == nil {
				t.Errorf("the reaction: %v", n)
			}
			if n := s.expect("the request for attention", from(roomJID+"/carol", c.to)); stanza.Child(n, stanza.Attention, "attention") == nil || stanza.ChildText(n, "", "body") != "hey" {
				t.Errorf("the request for attention: %v", n)
			}
			if n := s.expect("the receipt", from(roomJID+"/carol", c.to)); stanza.Attr(stanza.Child(n, stanza.Receipts, "received"), "id") != "p0" {
				t.Errorf("the receipt: %v", n)
			}
		})
	}
}

// TestMessagesWithoutANicknameAreFromTheRoom sends a message and a subject.
func TestMessagesWithoutANicknameAreFromTheRoom(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.says("", "the server restarts soon")
	if n := s.expect("the room speaks", from(roomJID, desktop)); stanza.Attr(n, "type") != "groupchat" || occupantID(n) != "" {
		t.Errorf("the message: %v", n)
	}
	s.topic("", "news")
	if n := s.expect("the room has a subject", from(roomJID, desktop)); stanza.ChildText(n, "", "subject") != "news" {
		t.Errorf("the subject: %v", n)
	}
}

func TestMessagesOfRoomsThatWereNotJoinedAreDropped(t *testing.T) {
	s := play(t, "")
	s.online()
	s.says("carol", "too early")
	s.occupant("carol", 0)
	s.topic("carol", "too early")
	s.joins(desktop, "alice", joinRoom)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.says("carol", "still too early")
	s.occupant("alice", flagMe)
	s.says("carol", "now")
	if n := s.expect("carol speaks", func(n *xmltree.Node) bool { return n.Name == "message" && stanza.Child(n, "", "body") != nil }); stanza.ChildText(n, "", "body") != "now" {
		t.Errorf("a message that must be dropped: %v", n)
	}
}

// TestRoomsInAnotherSpellingSendNoChatStates sends for a room what only contacts and occupants
// send.
func TestRoomsInAnotherSpellingSendNoChatStates(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.handled()
	before := len(s.server.Stanzas())
	room := proto.String("#ROOM@net.org")
	s.script(pb.WrapperMessage_TYPE_BUDDY_TYPING, &pb.Buddy{UserName: proto.String(alice), BuddyName: room})
	s.script(pb.WrapperMessage_TYPE_ATTENTION, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: room, Message: proto.String("hey")})
	s.handled()
	for _, n := range s.server.Stanzas()[before:] {
		if n.Name == "message" {
			t.Errorf("the client gets %v", n)
		}
	}
}

package spectrum

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

const (
	roomName = "#room@irc.example.net"
	roomJID  = "#room%irc.example.net@echo.localhost"
)

// sends sends a message of the script and returns the frame for Spectrum, or the zero frame.
func (s *scene) sends(t *testing.T, typ pb.WrapperMessage_Type, m proto.Message) frame {
	t.Helper()
	s.frames = nil
	if err := s.Send(typ, encoded(t, m)); err != nil {
		t.Fatal(err)
	}
	if len(s.frames) == 0 {
		return frame{}
	}
	if len(s.frames) > 1 {
		t.Errorf("%d frames", len(s.frames))
	}
	return s.frames[0]
}

// gets delivers a message of Spectrum and returns what the script gets.
func (s *scene) gets(t *testing.T, typ pb.WrapperMessage_Type, m proto.Message) frame {
	t.Helper()
	s.received = nil
	s.Side.Receive(t.Context(), schema.TypeByNumber(typ), encoded(t, m), nil)
	if len(s.received) != 1 {
		t.Fatalf("the script gets %d messages", len(s.received))
	}
	return s.received[0]
}

// says delivers a message of the user and returns it as the script gets it.
func (s *scene) says(t *testing.T, name, id, text string) *pb.ConversationMessage {
	t.Helper()
	m := conv(name, text)
	if id != "" {
		m.Id = &id
	}
	got := &pb.ConversationMessage{}
	if err := proto.Unmarshal(s.gets(t, pb.WrapperMessage_TYPE_CONV_MESSAGE, m).payload, got); err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *scene) joins(t *testing.T) {
	t.Helper()
	s.gets(t, pb.WrapperMessage_TYPE_JOIN_ROOM, &pb.Room{UserName: proto.String(alice), Room: proto.String(roomName), Nickname: proto.String("me")})
}

func (s *scene) sent(t *testing.T, id, network string) frame {
	t.Helper()
	return s.sends(t, pb.WrapperMessage_TYPE_SENT, &pb.Sent{UserName: proto.String(alice), Id: &id, NetworkId: &network})
}

func conv(name, text string) *pb.ConversationMessage {
	return &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: &name, Message: &text}
}

// with returns a message that a function has changed.
func with(m *pb.ConversationMessage, change func(m *pb.ConversationMessage)) *pb.ConversationMessage {
	change(m)
	return m
}

func inRoom(nick, text string) *pb.ConversationMessage {
	return with(conv(roomName, text), func(m *pb.ConversationMessage) { m.Nickname = &nick })
}

func TestModernMessagesAreRawXML(t *testing.T) {
	const active = `<active xmlns="http://jabber.org/protocol/chatstates"/>`
	for name, c := range map[string]struct {
		m    *pb.ConversationMessage
		want string // the stanza, or "" for an ordinary message
	}{
		"plain": {conv("bob", "hi"), ""},
		"attachment": {with(conv("bob", "hi"), func(m *pb.ConversationMessage) {
			m.Attachment = []*pb.Attachment{{Url: proto.String("https://a.example/1")}}
		}), ""},
		"id": {
			with(conv("bob", "a < b"), func(m *pb.ConversationMessage) { m.Id = proto.String("5") }),
			`<message from="bob/bot" to="alice@localhost" type="chat" id="n:5"><body>a &lt; b</body>` + active + `</message>`,
		},
		"correction": {
			with(conv("bob@net.org", "hi"), func(m *pb.ConversationMessage) { m.Replaces = proto.String("5") }),
			`<message from="bob@net.org/bot" to="alice@localhost" type="chat"><body>hi</body><replace xmlns="urn:xmpp:message-correct:0" id="n:5"/>` + active + `</message>`,
		},
		"reply": {
			with(conv("bob", "yes"), func(m *pb.ConversationMessage) {
				m.ReplyTo = &pb.Reply{Id: proto.String("5"), Author: proto.String("bob@net.org"), Text: proto.String("no?")}
			}),
			`<message from="bob/bot" to="alice@localhost" type="chat"><body>&gt; no?` + "\n" + `yes</body><reply xmlns="urn:xmpp:reply:0" to="bob\40net.org@echo.localhost" id="n:5"/>` +
				`<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="6"/></fallback>` + active + `</message>`,
		},
		"markup and time": {
			with(conv("bob", "hi"), func(m *pb.ConversationMessage) {
				m.Id, m.Xhtml, m.Timestamp = proto.String("5"), proto.String("<p>h<b>i</b></p>"), proto.String("20260102T030405")
			}),
			`<message from="bob/bot" to="alice@localhost" type="chat" id="n:5"><body>hi</body><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><p>h<b>i</b></p></body></html>` +
				active + `<delay xmlns="urn:xmpp:delay" stamp="2026-01-02T03:04:05Z"/></message>`,
		},
		"room": {
			with(inRoom("Carol", "hi"), func(m *pb.ConversationMessage) { m.Id = proto.String("5") }),
			`<message from="#room@irc.example.net/Carol" to="alice@localhost" type="groupchat" id="n:5"><body>hi</body>` + active + `<stanza-id xmlns="urn:xmpp:sid:0" by="` + roomJID + `" id="n:5"/></message>`,
		},
		"private message in a room": {
			with(inRoom("Carol", "hi"), func(m *pb.ConversationMessage) { m.Id, m.Pm = proto.String("5"), proto.Bool(true) }),
			`<message from="#room@irc.example.net/Carol" to="alice@localhost" type="chat" id="n:5"><body>hi</body>` + active + `</message>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t)
			s.joins(t)
			got := s.sends(t, pb.WrapperMessage_TYPE_CONV_MESSAGE, c.m)
			if c.want == "" {
				if got.typ != pb.WrapperMessage_TYPE_CONV_MESSAGE || string(got.payload) != string(encoded(t, c.m)) {
					t.Errorf("Spectrum gets %v %s", got.typ, got.payload)
				}
				return
			}
			if got.typ != pb.WrapperMessage_TYPE_RAW_XML || string(got.payload) != c.want {
				t.Errorf("Spectrum gets %v\n%s\nwant\n%s", got.typ, got.payload, c.want)
			}
		})
	}
}

// TestMessagesThatRawXMLCannotCarry checks what remains of them: what an old client sees.
func TestMessagesThatRawXMLCannotCarry(t *testing.T) {
	for name, m := range map[string]*pb.ConversationMessage{
		"not in the room":         inRoom("Carol", "hi"),
		"a name that is no JID":   conv("user_1", "hi"),
		"a number":                conv("123", "hi"),
		"a headline":              with(conv("bob", "hi"), func(m *pb.ConversationMessage) { m.Headline = proto.Bool(true) }),
		"a copy":                  with(conv("bob", "hi"), func(m *pb.ConversationMessage) { m.Carbon = proto.Bool(true) }),
		"too big":                 conv("bob", strings.Repeat("&", 200<<10)),
		"of the user, from afar":  with(conv("bob", "hi"), func(m *pb.ConversationMessage) { m.Origin = proto.Bool(true) }),
		"the nickname of no room": with(conv("bob", "hi"), func(m *pb.ConversationMessage) { m.Nickname = proto.String("x") }),
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t)
			want := proto.CloneOf(m)
			want.Message = proto.String("> q\n" + m.GetMessage())
			if m.GetOrigin() {
				want.Carbon = proto.Bool(true)
				want.Origin = nil
			}
			want.Attachment = []*pb.Attachment{{Url: proto.String("https://a.example/1"), Description: proto.String("d")}}
			m.Id, m.Replaces, m.Lang, m.Spoiler = proto.String("5"), proto.String("4"), proto.String("en"), proto.String("")
			m.ReplyTo = &pb.Reply{Id: proto.String("3"), Text: proto.String("q")}
			m.Attachment = []*pb.Attachment{{Url: proto.String("https://a.example/1"), Description: proto.String("d"), Size: proto.Int64(5)}}
			f := s.sends(t, pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
			got := &pb.ConversationMessage{}
			if err := proto.Unmarshal(f.payload, got); err != nil || f.typ != pb.WrapperMessage_TYPE_CONV_MESSAGE {
				t.Fatalf("%v: %v", f.typ, err)
			}
			if !proto.Equal(got, want) {
				t.Errorf("Spectrum gets %v, not %v", got, want)
			}
		})
	}
}

func TestEventsAreRawXML(t *testing.T) {
	bob, carol, id := proto.String("bob"), proto.String("Carol"), proto.String("5")
	user, room := proto.String(alice), proto.String(roomName)
	const store = `<store xmlns="urn:xmpp:hints"/>`
	chat := `<message from="bob/bot" to="alice@localhost" type="chat">`
	group := `<message from="#room@irc.example.net/Carol" to="alice@localhost" type="groupchat">`
	for name, c := range map[string]struct {
		typ  pb.WrapperMessage_Type
		m    proto.Message
		want string
	}{
		"reaction": {
			pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: user, BuddyName: bob, Id: id, Emoji: []string{"👍"}},
			chat + `<reactions xmlns="urn:xmpp:reactions:0" id="n:5"><reaction>👍</reaction></reactions>` + store + `</message>`,
		},
		"reaction in a room": {
			pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: user, BuddyName: room, Nickname: carol, Id: id},
			group + `<reactions xmlns="urn:xmpp:reactions:0" id="n:5"/>` + store + `</message>`,
		},
		"marker": {
			pb.WrapperMessage_TYPE_DISPLAYED, &pb.Displayed{UserName: user, BuddyName: bob, Id: id},
			chat + `<displayed xmlns="urn:xmpp:chat-markers:0" id="n:5"/>` + store + `</message>`,
		},
		"moderation": {
			pb.WrapperMessage_TYPE_MODERATION, &pb.Moderation{UserName: user, Room: room, Nickname: carol, Id: id, Reason: proto.String("spam")},
			`<message from="#room@irc.example.net" to="alice@localhost" type="groupchat"><retract xmlns="urn:xmpp:message-retract:1" id="n:5">` +
				`<moderated xmlns="urn:xmpp:message-moderate:1" by="` + roomJID + `/Carol"/><reason>spam</reason></retract>` + store + `</message>`,
		},
		"reaction of a name that is no JID": {pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: user, BuddyName: proto.String("a b"), Id: id}, ""},
		"reaction that is no emoji":         {pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: user, BuddyName: bob, Id: id, Emoji: []string{"thumbs up"}}, ""},
		"reaction of the user":              {pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: user, BuddyName: bob, Id: id, Origin: proto.Bool(true)}, ""},
		"marker in another room":            {pb.WrapperMessage_TYPE_DISPLAYED, &pb.Displayed{UserName: user, BuddyName: proto.String("#x@y"), Nickname: carol, Id: id}, ""},
		"moderation of a chat":              {pb.WrapperMessage_TYPE_MODERATION, &pb.Moderation{UserName: user, Room: bob, Id: id}, ""},
		"invitation":                        {pb.WrapperMessage_TYPE_INVITATION, &pb.Invitation{UserName: user, Room: room}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t)
			s.joins(t)
			f := s.sends(t, c.typ, c.m)
			if string(f.payload) != c.want || c.want != "" && f.typ != pb.WrapperMessage_TYPE_RAW_XML {
				t.Errorf("Spectrum gets %v\n%s\nwant\n%s", f.typ, f.payload, c.want)
			}
			if want := uint64(0); c.want == "" && s.Dropped() != want+1 {
				t.Errorf("%d messages are counted as dropped", s.Dropped())
			}
		})
	}
	s := play(t)
	s.joins(t)
	f := s.sends(t, pb.WrapperMessage_TYPE_RETRACTION, &pb.Retraction{UserName: user, BuddyName: room, Nickname: carol, Id: id})
	if !strings.HasPrefix(string(f.payload), group+`<retract xmlns="urn:xmpp:message-retract:1" id="n:5"/>`) {
		t.Errorf("Spectrum gets %s", f.payload)
	}
}

// TestNamesThatAreJIDs has what Spectrum 2.2.1 did with these names: it sent a stanza of the
// transport itself for the others.
func TestNamesThatAreJIDs(t *testing.T) {
	for name, want := range map[string]bool{
		"carol": true, "Dave": true, "user.name": true, "x@net.org": true, "Y@net.org": true, "#R@net.org": true, "12345@g.us": true,
		"1.2.3.4": true, "x@A.B": true, "xn--x": true,
		"": false, "user_1": false, "123": false, "user+1": false, "a b": false, "#room": false, "a b@net.org": false, "a'b@net.org": false,
		"two@at@net.org": false, "-x-": false, "a:b": false, "_x": false, "a_b@net_x.org": false, "a/b@net.org": false, "x@a_b": false,
		"..": false, "a..b": false, strings.Repeat("a", 70): false, "@net.org": false, "x@": false, "a.": false, "::1": false,
	} {
		if isJID(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if isRoomJID("#Room@net.org") || !isRoomJID("#room@net.org") {
		t.Error("Spectrum finds rooms in lower case only")
	}
}

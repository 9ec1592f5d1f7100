package gateway_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const (
	typeMessage    = pb.WrapperMessage_TYPE_CONV_MESSAGE
	typeReaction   = pb.WrapperMessage_TYPE_REACTION
	typeRetraction = pb.WrapperMessage_TYPE_RETRACTION
	typeDisplayed  = pb.WrapperMessage_TYPE_DISPLAYED
	typeModeration = pb.WrapperMessage_TYPE_MODERATION
)

// Elements about a message.
func replace(id string) string {
	return `<replace xmlns="urn:xmpp:message-correct:0" id="` + id + `"/>`
}
func retract(id string) string {
	return `<retract xmlns="urn:xmpp:message-retract:1" id="` + id + `"/>`
}
func marker(id string) string { return `<displayed xmlns="urn:xmpp:chat-markers:0" id="` + id + `"/>` }
func reactions(id string, emoji ...string) string {
	all := ""
	if len(emoji) > 0 {
		all = "<reaction>" + strings.Join(emoji, "</reaction><reaction>") + "</reaction>"
	}
	return `<reactions xmlns="urn:xmpp:reactions:0" id="` + id + `">` + all + `</reactions>`
}

func reply(id, to string, quoted int) string {
	return `<reply xmlns="urn:xmpp:reply:0" id="` + id + `" to="` + to + `"/>` + fallbackOf("urn:xmpp:reply:0", quoted)
}

func fallbackOf(space string, end int) string {
	return `<fallback xmlns="urn:xmpp:fallback:0" for="` + space + `"><body start="0" end="` + strconv.Itoa(end) + `"/></fallback>`
}

// expectation is what a script gets for the content of a stanza: a message, or nothing
// but an error with a condition, or nothing at all.
type expectation struct {
	name, content string
	want          proto.Message
	refused       stanza.Condition
}

// modernOf returns what the content of stanzas becomes in a conversation in which own is the
// stanza id of a message of the user with the id 41 on the network, and other that of a
// message of somebody else with the id 42.
func modernOf(name, own, other, author, authorJID string) []expectation {
	user, buddy := proto.String(alice), proto.String(name)
	said := func(text string) *pb.ConversationMessage {
		return &pb.ConversationMessage{UserName: user, BuddyName: buddy, Message: &text}
	}
	with := func(text string, change func(m *pb.ConversationMessage)) *pb.ConversationMessage {
		m := said(text)
		change(m)
		return m
	}
	forty1, forty2 := proto.String("41"), proto.String("42")
	const quote = "&gt; é\n"
	return []expectation{
		{name: "correction", content: `<body>b</body>` + replace(own), want: with("b", func(m *pb.ConversationMessage) { m.Replaces = forty1 })},
		{name: "correction of somebody else's message", content: `<body>b</body>` + replace(other), refused: stanza.Forbidden},
		{name: "correction of an unknown message", content: `<body>b</body>` + replace("x"), want: said("b")},
		{name: "correction of an id of 300 kB", content: `<body>b</body>` + replace(strings.Repeat("x", 300_000)), want: said("b")},
		{name: "correction of an id with XML", content: `<body>b</body>` + replace("&lt;a/&gt;"), want: said("b")},
		{
			name: "reply", content: `<body>` + quote + `b</body>` + reply(other, authorJID, 4),
			want: with("b", func(m *pb.ConversationMessage) {
				m.ReplyTo = &pb.Reply{Id: forty2, Author: &author, Text: proto.String("é")}
			}),
		},
		{
			name: "reply without a quotation", content: `<body>b</body><reply xmlns="urn:xmpp:reply:0" id="` + own + `" to="` + alice + `"/>`,
			want: with("b", func(m *pb.ConversationMessage) { m.ReplyTo = &pb.Reply{Id: forty1} }),
		},
		{name: "reply to an unknown message", content: `<body>` + quote + `b</body>` + reply("x", authorJID, 4), want: said("> é\nb")},
		{name: "reply that is a quotation only", content: `<body>` + quote + `</body>` + reply(other, authorJID, 4), want: said("> é\n")},
		{name: "reaction", content: reactions(other, "👍", "💘", "👍"), want: &pb.Reaction{UserName: user, BuddyName: buddy, Id: forty2, Emoji: []string{"👍", "💘"}}},
		{name: "reaction to an own message", content: reactions(own, "👍"), want: &pb.Reaction{UserName: user, BuddyName: buddy, Id: forty1, Emoji: []string{"👍"}}},
		{name: "no reaction any more", content: reactions(other), want: &pb.Reaction{UserName: user, BuddyName: buddy, Id: forty2}},
		{name: "reaction that is no emoji", content: reactions(other, "thumbs up"), refused: stanza.NotAcceptable},
		{name: "reaction with one emoji", content: reactions(other, "thumbs up", "👍"), want: &pb.Reaction{UserName: user, BuddyName: buddy, Id: forty2, Emoji: []string{"👍"}}},
		{name: "10,000 reactions", content: reactions(other, slices.Repeat([]string{"👍"}, 10_000)...), want: &pb.Reaction{UserName: user, BuddyName: buddy, Id: forty2, Emoji: []string{"👍"}}},
		{
			name: "reaction with a text for older clients", content: `<body>👍</body>` + reactions(other, "👍") + fallbackOf("urn:xmpp:reactions:0", 1),
			want: &pb.Reaction{UserName: user, BuddyName: buddy, Id: forty2, Emoji: []string{"👍"}},
		},
		{name: "reaction to an unknown message", content: `<body>👍</body>` + reactions("x", "👍")},
		{name: "retraction", content: `<body>gone</body>` + retract(own), want: &pb.Retraction{UserName: user, BuddyName: buddy, Id: forty1}},
		{
			name: "retraction of older clients", content: `<apply-to xmlns="urn:xmpp:fasten:0" id="` + own + `"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>`,
			want: &pb.Retraction{UserName: user, BuddyName: buddy, Id: forty1},
		},
		{name: "retraction of somebody else's message", content: retract(other), refused: stanza.Forbidden},
		{name: "retraction of an unknown message", content: `<body>gone</body>` + retract("x")},
		{name: "marker", content: marker(other), want: &pb.Displayed{UserName: user, BuddyName: buddy, Id: forty2}},
		{name: "marker of an unknown message", content: marker("x")},
		{name: "spoiler", content: `<body>b</body><spoiler xmlns="urn:xmpp:spoiler:0">hint</spoiler>`, want: with("b", func(m *pb.ConversationMessage) { m.Spoiler = proto.String("hint") })},
		{name: "language", content: `<body xml:lang="de">b</body>`, want: with("b", func(m *pb.ConversationMessage) { m.Lang = proto.String("de") })},
		{
			name: "file", content: `<body>https://x/1</body><x xmlns="jabber:x:oob"><url>https://x/1</url></x>` + fallbackOf("urn:xmpp:sfs:0", 11) + sharing,
			want: with("https://x/1", func(m *pb.ConversationMessage) {
				m.Attachment = []*pb.Attachment{{Url: proto.String("https://x/1"), Name: proto.String("a.png"), Size: proto.Int64(5)}}
			}),
		},
	}
}

const sharing = `<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><name>a.png</name><size>5</size></file>` +
	`<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="https://x/1"/></sources></file-sharing>`

// check sends stanzas of alice to a JID, and compares what the script gets.
func (s *scene) check(to, typ string, all []expectation) {
	s.t.Helper()
	for _, c := range all {
		s.user(`<message type="` + typ + `" id="m1" from="` + desktop + `" to="` + to + `">` + c.content + `</message>`)
		s.user(`<message type="` + typ + `" id="end" from="` + desktop + `" to="` + to + `"><body>the end</body></message>`)
		if c.refused != "" {
			n := s.expect("the refusal of "+c.name, func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "m1" && stanza.Attr(n, "type") == "error" })
			if e := stanza.ErrorOf(n); e == nil || e.Condition != c.refused {
				s.t.Errorf("%s: refused with %v", c.name, e)
			}
		}
		if c.want != nil {
			got := s.next()
			if m, ok := got.message.(*pb.ConversationMessage); ok {
				m.Id = nil
			}
			if !proto.Equal(got.message, c.want) {
				s.t.Errorf("%s: the script gets %v %v\nnot %v", c.name, got.typ, got.message, c.want)
			}
		}
		if end, ok := s.next().message.(*pb.ConversationMessage); !ok || end.GetMessage() != "the end" {
			s.t.Errorf("%s: one more payload: %v", c.name, end)
		}
	}
}

// drain waits until the script has got everything so far.
func (s *scene) drain(to, typ string) {
	s.t.Helper()
	s.user(`<message type="` + typ + `" id="drain" from="` + desktop + `" to="` + to + `"><body>drain</body></message>`)
	for {
		if m, ok := s.next().message.(*pb.ConversationMessage); ok && m.GetMessage() == "drain" {
			return
		}
	}
}

func TestUsersModernMessagesReachTheScript(t *testing.T) {
	s := play(t, "")
	s.online()
	s.sent(s.writes(carol, "chat", "c1", `<body>a</body>`).GetId(), "41")
	other := stanza.Attr(s.fromCarol(typeMessage, &pb.ConversationMessage{Id: proto.String("42"), Message: proto.String("é")}), "id")
	s.drain(carol, "chat")
	for _, typ := range []string{"chat", "normal"} {
		s.check(carol, typ, modernOf("carol", "c1", other, "carol", carol+"/bot"))
	}
	if log := s.logged.String(); !strings.Contains(log, `level=debug msg="what the user says about a message is dropped: the message is unknown" name=carol`) {
		t.Error("the log does not say that a reaction to an unknown message is dropped")
	}
}

func TestUsersModernMessagesInARoomReachTheScript(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.sent(s.writes(roomJID, "groupchat", "c1", `<body>a</body>`).GetId(), "41")
	m := said("carol", "é")
	m.Id = proto.String("42")
	s.script(typeMessage, m)
	other := s.expect("carol's message", from(roomJID+"/carol", desktop))
	id := stanza.Attr(stanza.Child(other, stanza.StanzaID, "stanza-id"), "id")
	s.drain(roomJID, "groupchat")
	for _, own := range []string{"c1", "n:41"} { // the id attribute, and the room's id
		s.check(roomJID, "groupchat", modernOf(room, own, id, "carol", roomJID+"/carol"))
	}
}

func TestUsersModernPrivateMessagesReachTheScript(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	to, name := roomJID+"/carol", room+"/carol"
	s.sent(s.writes(to, "chat", "c1", `<body>a</body>`).GetId(), "41")
	m := said("carol", "é")
	m.Id, m.Pm = proto.String("42"), proto.Bool(true)
	s.script(typeMessage, m)
	other := stanza.Attr(s.expect("carol's message", func(n *xmltree.Node) bool {
		return from(to, desktop)(n) && stanza.Attr(n, "type") == "chat"
	}), "id")
	s.drain(to, "chat")
	s.check(to, "chat", modernOf(name, "c1", other, "carol", to))
}

// random are the parts of ids that differ each time.
var random = regexp.MustCompile(`e:[A-Z2-7]{8}:`)

// modernToUser are messages of the script about the messages 41, of the user, and 42, of
// somebody else, with their content for clients. OWN is the id that clients use for 41.
func modernToUser(name, nick, author string) []struct {
	name, id, want string
	typ            pb.WrapperMessage_Type
	m              proto.Message
} {
	user, buddy := proto.String(alice), proto.String(name)
	var nickname *string
	if nick != "" {
		nickname = &nick
	}
	message := func(m *pb.ConversationMessage) *pb.ConversationMessage {
		m.UserName, m.BuddyName, m.Nickname, m.Message = user, buddy, nickname, proto.String("b")
		return m
	}
	forty1, forty2, forty3 := proto.String("41"), proto.String("42"), proto.String("43")
	const store = `<store xmlns="urn:xmpp:hints"/>`
	return []struct {
		name, id, want string
		typ            pb.WrapperMessage_Type
		m              proto.Message
	}{
		{"id", "n:43", `<body>b</body>`, typeMessage, message(&pb.ConversationMessage{Id: forty3})},
		{"correction", "e:n:43", `<body>b</body>` + replace("n:42"), typeMessage, message(&pb.ConversationMessage{Id: forty3, Replaces: forty2})},
		{"correction with the same id", "e:n:42", `<body>b</body>` + replace("n:42"), typeMessage, message(&pb.ConversationMessage{Id: forty2, Replaces: forty2})},
		{
			"reply", "n:43", "<body>&gt; é\nb</body>" + `<reply xmlns="urn:xmpp:reply:0" to="` + author + `" id="n:42"/>` + fallbackOf("urn:xmpp:reply:0", 4), typeMessage,
			message(&pb.ConversationMessage{Id: forty3, ReplyTo: &pb.Reply{Id: forty2, Author: proto.String("carol"), Text: proto.String("é")}}),
		},
		{"reaction", "", reactions("OWN", "👍") + store, typeReaction, &pb.Reaction{UserName: user, BuddyName: buddy, Nickname: nickname, Id: forty1, Emoji: []string{"👍", "<b/>"}}},
		{"marker", "", marker("OWN") + store, typeDisplayed, &pb.Displayed{UserName: user, BuddyName: buddy, Nickname: nickname, Id: forty1}},
		{
			"retraction", "", retract("n:42") + `<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"><body/></fallback>` +
				`<body>/me has withdrawn an earlier message, but this program cannot remove it.</body>` + store, typeRetraction,
			&pb.Retraction{UserName: user, BuddyName: buddy, Nickname: nickname, Id: forty2},
		},
	}
}

const (
	active   = `<active xmlns="http://jabber.org/protocol/chatstates"/>`
	markable = `<markable xmlns="urn:xmpp:chat-markers:0"/>`
)

func TestScriptsModernMessagesReachTheUser(t *testing.T) {
	s := play(t, "")
	s.online()
	s.sent(s.writes(carol, "chat", "c1", `<body>a</body>`).GetId(), "41")
	s.script(typeReaction, &pb.Reaction{UserName: proto.String(alice), BuddyName: proto.String("carol"), Id: proto.String("41"), Emoji: []string{"thumbs up"}}) // does not arrive
	for _, c := range modernToUser("carol", "", carol) {
		s.script(c.typ, c.m)
		n := s.expect(c.name, message(carol))
		want := strings.ReplaceAll(c.want, "OWN", "c1")
		if c.id != "" {
			want += active + markable
		}
		if got, id := content(t, n), random.ReplaceAllString(stanza.Attr(n, "id"), "e:"); got != want || id != c.id || stanza.Attr(n, "to") != alice {
			t.Errorf("%s: %s with the id %q\nwant %s", c.name, got, id, want)
		}
	}
}

func TestScriptsModernMessagesReachAllClientsInTheRoom(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.appears(phone)
	s.joins(phone, "alice", joinRoom)
	s.enters(phone)
	s.sent(s.writes(roomJID, "groupchat", "c1", `<body>a</body>`).GetId(), "41")
	for _, client := range []string{desktop, phone} {
		s.expect("alice's message", func(n *xmltree.Node) bool { return from(roomJID+"/alice", client)(n) && n.Name == "message" })
	}
	for _, c := range modernToUser(room, "carol", roomJID+"/carol") {
		s.script(c.typ, c.m)
		for _, client := range []string{desktop, phone} {
			n := s.expect(c.name, func(n *xmltree.Node) bool { return from(roomJID+"/carol", client)(n) && n.Name == "message" })
			want := strings.ReplaceAll(c.want, "OWN", "n:41")
			if c.id != "" {
				want += `<stanza-id xmlns="urn:xmpp:sid:0" by="` + roomJID + `" id="` + c.id + `"/>` + markable
			}
			got, occupant, _ := strings.Cut(random.ReplaceAllString(content(t, n), "e:"), `<occupant-id`)
			if id := random.ReplaceAllString(stanza.Attr(n, "id"), "e:"); got != want || id != c.id || occupant == "" || stanza.Attr(n, "type") != "groupchat" {
				t.Errorf("%s: %s gets %s with the id %q\nwant %s", c.name, client, got, id, want)
			}
		}
	}
}

func TestScriptsModernPrivateMessagesReachTheUser(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	occupant := roomJID + "/carol"
	s.sent(s.writes(occupant, "chat", "c1", `<body>a</body>`).GetId(), "41")
	for _, c := range modernToUser(room+"/carol", "", occupant) {
		s.script(c.typ, c.m)
		n := s.expect(c.name, func(n *xmltree.Node) bool { return from(occupant, desktop)(n) && n.Name == "message" })
		want := `<x xmlns="http://jabber.org/protocol/muc#user"/>` + strings.ReplaceAll(c.want, "OWN", "c1")
		got, _, _ := strings.Cut(content(t, n), `<occupant-id`)
		if id := random.ReplaceAllString(stanza.Attr(n, "id"), "e:"); got != want || id != c.id || stanza.Attr(n, "type") != "chat" {
			t.Errorf("%s: %s with the id %q\nwant %s", c.name, got, id, want)
		}
	}
}

// TestEditionsAreTheMessageThatTheyCorrect reacts to a correction by the id of its stanza.
func TestEditionsAreTheMessageThatTheyCorrect(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, network := range []string{"42", "an id with <XML>"} {
		n := s.fromCarol(typeMessage, &pb.ConversationMessage{Id: &network, Replaces: &network, Message: proto.String("b")})
		s.user(chat("chat", reactions(stanza.Attr(n, "id"), "👍")))
		if m := delivered[*pb.Reaction](s, typeReaction); m.GetId() != network {
			t.Errorf("the reaction to a correction of %q is one to %q", network, m.GetId())
		}
	}
}

// TestRoomShowsTheUsersEventsToAllClients sends a reaction and a retraction of one client.
func TestRoomShowsTheUsersEventsToAllClients(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.appears(phone)
	s.joins(phone, "alice", joinRoom)
	s.enters(phone)
	s.sent(s.writes(roomJID, "groupchat", "c1", `<body>a</body>`).GetId(), "41")
	for _, event := range []string{reactions("n:41", "👍"), retract("n:41")} {
		s.user(`<message type="groupchat" id="e1" from="` + phone + `" to="` + roomJID + `">` + event + `</message>`)
		for _, client := range []string{desktop, phone} {
			n := s.expect("the event", func(n *xmltree.Node) bool { return from(roomJID+"/alice", client)(n) && stanza.Attr(n, "id") == "e1" })
			if got := content(t, n); !strings.HasPrefix(got, event) {
				t.Errorf("%s gets %s", client, got)
			}
		}
	}
}

// TestMessagesWhoseIDComesLater has networks that return a message of the user without its id,
// or report it without the id. The clients refer to the message by the id of the archive.
func TestMessagesWhoseIDComesLater(t *testing.T) {
	returned := func(id string) func(s *scene) {
		return func(s *scene) {
			m := said("alice", "a")
			if id != "" {
				m.Id = &id
			}
			s.script(typeMessage, m)
		}
	}
	reported := func(id string) func(s *scene) { return func(s *scene) { s.sent("c1", id) } }
	for name, does := range map[string][]func(s *scene){
		"returned, reported with the id": {returned(""), reported("41")},
		"reported, returned with the id": {reported(""), returned("41")},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, "")
			s.inRoom()
			s.writes(roomJID, "groupchat", "c1", `<body>a</body>`)
			for _, do := range does {
				do(s)
			}
			n := s.expect("the message", func(n *xmltree.Node) bool { return from(roomJID+"/alice", desktop)(n) && stanza.Attr(n, "id") == "c1" })
			given := stanza.Attr(stanza.Child(n, stanza.StanzaID, "stanza-id"), "id")
			s.handled()
			user, buddy, network := proto.String(alice), proto.String(room), proto.String("41")
			s.check(roomJID, "groupchat", []expectation{
				{name: "reaction", content: reactions(given, "👍"), want: &pb.Reaction{UserName: user, BuddyName: buddy, Id: network, Emoji: []string{"👍"}}},
				{name: "reply", content: `<body>b</body>` + reply(given, roomJID+"/alice", 0), want: &pb.ConversationMessage{
					UserName: user, BuddyName: buddy, Message: proto.String("b"), ReplyTo: &pb.Reply{Id: network, Author: proto.String("alice")},
				}},
				{name: "correction", content: `<body>b</body>` + replace("c1"), want: &pb.ConversationMessage{
					UserName: user, BuddyName: buddy, Message: proto.String("b"), Replaces: network,
				}},
			})
			s.script(typeReaction, &pb.Reaction{UserName: user, BuddyName: buddy, Nickname: proto.String("carol"), Id: network, Emoji: []string{"👍"}})
			n = s.expect("a reaction", from(roomJID+"/carol", desktop))
			for stanza.Child(n, stanza.Reactions, "reactions") == nil {
				n = s.expect("a reaction", from(roomJID+"/carol", desktop))
			}
			if got := stanza.Attr(stanza.Child(n, stanza.Reactions, "reactions"), "id"); got != given {
				t.Errorf("carol's reaction is one to %s, not to %s", got, given)
			}
			gone := &pb.Retraction{UserName: user, BuddyName: buddy, Id: network}
			s.check(roomJID, "groupchat", []expectation{{name: "retraction", content: retract(given), want: gone}})
			if got := s.texts(roomJID); strings.Contains(got, "a ") {
				t.Errorf("the archive has the retracted message: %s", got)
			}
		})
	}
}

func TestModeratorsRemoveMessages(t *testing.T) {
	for _, c := range []struct{ name, request string }{
		{"current version", `<moderate xmlns="urn:xmpp:message-moderate:1" id="ID"><retract xmlns="urn:xmpp:message-retract:1"/><reason>spam</reason></moderate>`},
		{"older version", `<apply-to xmlns="urn:xmpp:fasten:0" id="ID"><moderate xmlns="urn:xmpp:message-moderate:0"><retract xmlns="urn:xmpp:message-retract:0"/><reason>spam</reason></moderate></apply-to>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var handled atomic.Bool
			handled.Store(true)
			s := play(t, "", func(s *scene) { s.handles = func(pb.WrapperMessage_Type) bool { return handled.Load() } })
			s.inRoom()
			request := func(id string) string { return strings.ReplaceAll(c.request, "ID", id) }
			if got := s.refused("set", roomJID, request("n:42")); got != stanza.Forbidden {
				t.Errorf("a request of a participant: %s", got)
			}
			s.occupant("alice", flagMe|flagModerator)
			if got := s.refused("set", roomJID, request("x")); got != stanza.ItemNotFound {
				t.Errorf("an unknown message: %s", got)
			}
			s.result("set", roomJID, request("n:42"))
			want := &pb.Moderation{UserName: proto.String(alice), Room: proto.String(room), Id: proto.String("42"), Reason: proto.String("spam")}
			if m := delivered[*pb.Moderation](s, typeModeration); !proto.Equal(m, want) {
				t.Errorf("the script gets %v", m)
			}
			handled.Store(false)
			if got := s.refused("set", roomJID, request("n:42")); got != stanza.FeatureNotImplemented {
				t.Errorf("a script without the handler: %s", got)
			}
		})
	}
}

// TestScriptModerates removes messages by a moderator, by the room, and by nobody.
func TestScriptModerates(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1\n")
	s.inRoom()
	m := said("carol", "spam")
	m.Id = proto.String("42")
	s.script(typeMessage, m)
	for _, c := range []struct {
		nick, by string
		m        proto.Message
		typ      pb.WrapperMessage_Type
	}{
		{"carol", roomJID + "/carol", &pb.Moderation{UserName: proto.String(alice), Room: proto.String(room), Nickname: proto.String("carol"), Id: proto.String("42"), Reason: proto.String("spam")}, typeModeration},
		{"", roomJID, &pb.Moderation{UserName: proto.String(alice), Room: proto.String(room), Id: proto.String("42"), Reason: proto.String("spam")}, typeModeration},
		{"", roomJID, &pb.Retraction{UserName: proto.String(alice), BuddyName: proto.String(room), Id: proto.String("42")}, typeRetraction},
	} {
		s.script(c.typ, c.m)
		n := s.expect("the moderation", func(n *xmltree.Node) bool {
			return from(roomJID, desktop)(n) && stanza.Child(n, stanza.Retract, "retract") != nil
		})
		retract := stanza.Child(n, stanza.Retract, "retract")
		moderated := stanza.Child(retract, stanza.Moderate, "moderated")
		if stanza.Attr(retract, "id") != "n:42" || stanza.Attr(moderated, "by") != c.by || (len(moderated.Children) > 0) != (c.nick != "") {
			t.Errorf("the client gets %s", content(t, n))
		}
	}
	s.appears(phone)
	s.joins(phone, "alice", joinRoom)
	for {
		n := s.expect("the history", func(n *xmltree.Node) bool { return message(roomJID)(n) && stanza.Attr(n, "to") == phone })
		if stanza.ChildText(n, "", "body") == "spam" {
			t.Error("a client that joins later gets the message that was removed")
		}
		if stanza.Child(n, "", "subject") != nil {
			return
		}
	}
}

// TestMessagesOfTheUserFromOtherPrograms sends origin in a room, where the user may then
// correct the message, and in a chat.
func TestMessagesOfTheUserFromOtherPrograms(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	m := said("", "a")
	m.Id, m.Origin = proto.String("44"), proto.Bool(true)
	s.script(typeMessage, m)
	n := s.expect("the message", from(roomJID+"/alice", desktop))
	s.user(`<message type="groupchat" id="c2" from="` + desktop + `" to="` + roomJID + `"><body>b</body>` + replace(stanza.Attr(n, "id")) + `</message>`)
	if m := delivered[*pb.ConversationMessage](s, typeMessage); m.GetReplaces() != "44" {
		t.Errorf("the script gets %v", m)
	}
	s.script(typeReaction, &pb.Reaction{UserName: proto.String(alice), BuddyName: proto.String(room), Id: proto.String("42"), Emoji: []string{"👍"}, Origin: proto.Bool(true)})
	s.expect("the reaction", func(n *xmltree.Node) bool {
		return from(roomJID+"/alice", desktop)(n) && stanza.Child(n, stanza.Reactions, "reactions") != nil
	})

	s.user(`<message from="localhost" to="` + transport + `"><privilege xmlns="urn:xmpp:privilege:2"><perm access="message" type="outgoing"/></privilege></message>`)
	s.user(`<iq type="get" id="granted" from="localhost" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	s.expect("the answer", answer("granted"))
	for _, c := range []struct {
		typ  pb.WrapperMessage_Type
		m    proto.Message
		want string
	}{
		{typeMessage, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("carol"), Message: proto.String("a"), Id: proto.String("45"), Origin: proto.Bool(true)}, `id="n:45"><body>a</body>`},
		{typeReaction, &pb.Reaction{UserName: proto.String(alice), BuddyName: proto.String("carol"), Id: proto.String("42"), Emoji: []string{"👍"}, Origin: proto.Bool(true)}, reactions("n:42", "👍")},
		{typeDisplayed, &pb.Displayed{UserName: proto.String(alice), BuddyName: proto.String("carol"), Id: proto.String("42"), Origin: proto.Bool(true)}, marker("n:42")},
	} {
		s.script(c.typ, c.m)
		n := s.expect("the copy", func(n *xmltree.Node) bool { return stanza.Child(n, stanza.Privilege, "privilege") != nil })
		if got := content(t, n); !strings.Contains(got, `<sent xmlns="urn:xmpp:carbons:2">`) || !strings.Contains(got, c.want) {
			t.Errorf("the client gets %s", got)
		}
	}
	s.user(chat("chat", `<body>b</body>`+replace("n:45")))
	if m := delivered[*pb.ConversationMessage](s, typeMessage); m.GetReplaces() != "45" {
		t.Errorf("the correction of a message from another program: %v", m)
	}
}

// TestEventsWithoutAHandlerAreRefused shows that the user's clients do not take a reaction or
// a retraction for done if the script cannot pass it on.
func TestEventsWithoutAHandlerAreRefused(t *testing.T) {
	s := play(t, "", func(s *scene) { s.handles = func(pb.WrapperMessage_Type) bool { return false } })
	s.inRoom()
	s.appears(phone)
	s.joins(phone, "alice", joinRoom)
	s.enters(phone)
	for to, typ := range map[string]string{carol: "chat", roomJID: "groupchat", roomJID + "/carol": "chat"} {
		s.sent(s.writes(to, typ, "c1", `<body>a</body>`).GetId(), "41")
		s.drain(to, typ)
		s.check(to, typ, []expectation{
			{name: "reaction", content: reactions("c1", "👍"), refused: stanza.FeatureNotImplemented},
			{name: "retraction", content: retract("c1"), refused: stanza.FeatureNotImplemented},
		})
	}
	for _, n := range s.server.Stanzas() {
		if stanza.Attr(n, "type") != "error" && (stanza.Child(n, stanza.Retract, "retract") != nil || stanza.Child(n, stanza.Reactions, "reactions") != nil) {
			t.Errorf("the room shows %v", n)
		}
	}
}

// TestDiscoveryShowsWhatTheScriptHandles compares a script with all handlers to one without.
func TestDiscoveryShowsWhatTheScriptHandles(t *testing.T) {
	var handled atomic.Bool
	handled.Store(true)
	s := play(t, "", func(s *scene) { s.handles = func(pb.WrapperMessage_Type) bool { return handled.Load() } })
	s.inRoom()
	always := []string{stanza.Correction, stanza.Reply, stanza.Spoiler, stanza.Fallback, stanza.FileSharing}
	depends := []string{stanza.Reactions, stanza.Retract, stanza.Markers}
	for _, all := range []bool{true, false} {
		handled.Store(all)
		for _, to := range []string{carol, roomJID, roomJID + "/carol"} {
			var vars []string
			for _, f := range stanza.Children(s.result("get", to, `<query xmlns="http://jabber.org/protocol/disco#info"/>`)) {
				vars = append(vars, stanza.Attr(f, "var"))
			}
			for _, space := range always {
				if !slices.Contains(vars, space) {
					t.Errorf("%s lacks %s", to, space)
				}
			}
			for _, space := range depends {
				if slices.Contains(vars, space) != all {
					t.Errorf("%s, handlers %v: %s", to, all, space)
				}
			}
			if inRoom := to == roomJID; slices.Contains(vars, stanza.StanzaID) != inRoom || slices.Contains(vars, stanza.Moderate) != (inRoom && all) {
				t.Errorf("%s, handlers %v: %s", to, all, vars)
			}
		}
	}
}

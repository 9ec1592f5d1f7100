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

const carolJID = "carol@" + transport

// archived returns the texts in an archive, and what the answer says about the page.
func (s *scene) archived(to, filters, set string) string {
	s.t.Helper()
	ids := strings.NewReplacer(s.archiveIDs...) // {text} stands for the id of that message
	filters, set = ids.Replace(filters), ids.Replace(set)
	form := ""
	if filters != "" {
		form = `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>urn:xmpp:mam:2</value></field>` + filters + `</x>`
	}
	s.asked++
	queryID := fmt.Sprint("q", s.asked)
	fin := s.result("set", to, `<query xmlns="urn:xmpp:mam:2" queryid="`+queryID+`">`+form+set+`</query>`)
	if fin == nil || fin.Name != "fin" {
		s.t.Fatalf("the answer is %v", fin)
	}
	var texts []string
	for _, n := range s.server.Stanzas() {
		result := stanza.Child(n, stanza.Archive, "result")
		if result == nil || stanza.Attr(result, "queryid") != queryID {
			continue
		}
		forwarded := stanza.Child(result, stanza.Forward, "forwarded")
		inner := stanza.Child(forwarded, "", "message")
		if stanza.Attr(n, "from") != to || stanza.Attr(n, "to") != desktop || stanza.Attr(result, "id") == "" ||
			stanza.Attr(stanza.Child(forwarded, stanza.Delay, "delay"), "stamp") == "" || stanza.Child(inner, stanza.Delay, "delay") != nil {
			text, _ := n.Text(1 << 20)
			s.t.Errorf("a result is %s", text)
		}
		text := stanza.ChildText(inner, "", "body")
		if stanza.Attr(inner, "from") == desktop {
			text = "I:" + text
		}
		texts = append(texts, text)
		s.archiveIDs = append(s.archiveIDs, "{"+text+"}", stanza.Attr(result, "id"))
	}
	page := stanza.Child(fin, stanza.ResultSet, "set")
	return fmt.Sprintf("%s /%s of %s%s", strings.Join(texts, " "), stanza.Attr(stanza.Child(page, stanza.ResultSet, "first"), "index"),
		stanza.ChildText(page, stanza.ResultSet, "count"), map[bool]string{true: " all"}[stanza.Attr(fin, "complete") == "true"])
}

// chats writes three messages of alice and carol, a second apart, and one of dave.
func (s *scene) chats() (begin time.Time) {
	s.t.Helper()
	s.online()
	begin = s.clock.Now()
	s.user(`<message type="chat" id="c1" from="` + desktop + `" to="` + carolJID + `"><body>one</body></message>`)
	delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE)
	for i, text := range []string{"two", "three"} {
		s.passes(time.Minute)
		s.fromCarol(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{Message: &text, Id: proto.String(fmt.Sprint("n", i))})
	}
	s.passes(time.Minute)
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("dave"), Message: proto.String("four")})
	s.expect("dave's message", message("dave@"+transport))
	s.kept()
	return begin
}

func TestClientsReadTheArchiveOfChats(t *testing.T) {
	s := play(t, "")
	begin := s.chats()
	field := func(name, value string) string {
		return `<field var="` + name + `"><value>` + value + `</value></field>`
	}
	set := func(inner string) string { return `<set xmlns="http://jabber.org/protocol/rsm">` + inner + `</set>` }
	// The clock also runs by itself, so a message is up to half a minute later.
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Minute).UTC() }
	minute := func(n int) string { return at(n).Format(time.RFC3339) }
	half := func(n int) string { return at(n).Add(30 * time.Second).Format(time.RFC3339) }
	for _, c := range []struct{ to, filters, set, want string }{
		{transport, "", "", "I:one two three four /0 of 4 all"},
		{carolJID, "", "", "I:one two three /0 of 3 all"},
		{"nobody@" + transport, "", "", " / of 0 all"},
		{transport, field("with", "dave@"+transport), "", "four /0 of 1 all"},
		{transport, field("with", "dave@"+transport+"/bot"), "", "four /0 of 1 all"},
		{transport, field("with", "dave@localhost"), "", " / of 0 all"},
		{carolJID, field("with", "dave@"+transport), "", " / of 0 all"},
		{transport, field("start", minute(1)), "", "two three four /0 of 3 all"},
		{transport, field("end", half(1)), "", "I:one two /0 of 2 all"},
		{transport, field("end", "1969-12-31T23:59:58Z"), "", " / of 0 all"},
		{transport, field("end", "1969-12-31T23:59:59Z"), "", " / of 0 all"},
		{transport, field("end", "1970-01-01T00:00:00Z"), "", " / of 0 all"},
		{transport, field("start", minute(1)) + field("end", half(2)), "", "two three /0 of 2 all"},
		{transport, "", set("<max>2</max>"), "I:one two /0 of 4"},
		{transport, "", set("<max>2</max><before/>"), "three four /2 of 4"},
		{transport, "", set("<max>0</max>"), " / of 4"},
		{transport, "", set("<max>9</max><after>{two}</after>"), "three four /2 of 4 all"},
		{transport, "", set("<max>1</max><before>{three}</before>"), "two /1 of 4"},
		{transport, field("after-id", "{two}"), "", "three four /0 of 2 all"},
		{transport, field("before-id", "{three}"), "", "I:one two /0 of 2 all"},
		{transport, `<field var="ids"><value>{three}</value><value>{two}</value></field>`, "", "three two /0 of 2 all"},
		{transport, "", set("<max>2</max>") + "<flip-page/>", "two I:one /0 of 4"},
	} {
		if got := s.archived(c.to, c.filters, c.set); got != c.want {
			t.Errorf("%s %s %s: %q, not %q", c.to, c.filters, c.set, got, c.want)
		}
	}
	query := func(inner string) string { return `<query xmlns="urn:xmpp:mam:2">` + inner + `</query>` }
	form := func(typ, fields string) string {
		return query(`<x xmlns="jabber:x:data" type="` + typ + `">` + fields + `</x>`)
	}
	filter := func(fields string) string { return form("submit", field("FORM_TYPE", "urn:xmpp:mam:2")+fields) }
	two := func(name, value string) string {
		return filter(`<field var="` + name + `"><value>` + value + `</value><value>` + value + `</value></field>`)
	}
	for payload, want := range map[string]stanza.Condition{
		query(set("<after>nothing</after>")):                 stanza.ItemNotFound,
		query(set("<after>-1</after>")):                      stanza.ItemNotFound,
		query(set("<index>2</index>")):                       stanza.FeatureNotImplemented,
		query(set("<max>many</max>")):                        stanza.BadRequest,
		query(set("<max>-1</max>")):                          stanza.BadRequest,
		filter(field("start", "yesterday")):                  stanza.BadRequest,
		filter(field("start", "")):                           stanza.BadRequest,
		filter(field("end", "2026-02-30T00:00:00Z")):         stanza.BadRequest,
		filter(field("with", "")):                            stanza.BadRequest,
		filter(field("with", "@"+transport)):                 stanza.BadRequest,
		filter(field("with", "a b@"+transport)):              stanza.BadRequest,
		filter(field("with", "dave@"+transport+"/")):         stanza.BadRequest,
		two("with", "dave@"+transport):                       stanza.BadRequest,
		two("start", minute(1)):                              stanza.BadRequest,
		two("before-id", "1"):                                stanza.BadRequest,
		filter(field("before-id", "nothing")):                stanza.ItemNotFound,
		filter(field("after-id", "")):                        stanza.ItemNotFound,
		filter(field("ids", "nothing")):                      stanza.ItemNotFound,
		filter(field("{urn:xmpp:fulltext:0}fulltext", "x")):  stanza.FeatureNotImplemented,
		form("submit", field("with", "dave@"+transport)):     stanza.BadRequest,
		form("submit", field("FORM_TYPE", "urn:xmpp:mam:1")): stanza.BadRequest,
		form("cancel", ""):                                   stanza.BadRequest,
		`<prefs xmlns="urn:xmpp:mam:2" default="roster"/>`:   stanza.FeatureNotImplemented,
		`<prefs xmlns="urn:xmpp:mam:2"/>`:                    stanza.BadRequest,
		`<prefs xmlns="urn:xmpp:mam:2" default="maybe"/>`:    stanza.BadRequest,
		`<x xmlns="urn:xmpp:mam:2"/>`:                        stanza.FeatureNotImplemented,
	} {
		if got := s.refused("set", transport, payload); got != want {
			t.Errorf("%s: %s, not %s", payload, got, want)
		}
	}
	metadata := s.result("get", transport, `<metadata xmlns="urn:xmpp:mam:2"/>`)
	if end := stanza.Child(metadata, stanza.Archive, "end"); stanza.Child(metadata, stanza.Archive, "start") == nil || stanza.Attr(end, "timestamp") < minute(3) || stanza.Attr(end, "timestamp") > half(3) {
		t.Errorf("the metadata is %v", metadata)
	}
	if n := s.result("get", transport, `<query xmlns="urn:xmpp:mam:2"/>`); len(stanza.Children(stanza.Child(n, stanza.DataForm, "x"))) != 7 {
		t.Errorf("the form of the filters is %v", n)
	} else if ids := fieldsOf(t, n)["ids"]; ids.Get("type") != "list-multi" || stanza.Child(ids, "http://jabber.org/protocol/xdata-validate", "validate") == nil {
		t.Errorf("the filter for ids is %v", ids)
	}
}

// TestPagesOfTheArchiveAreLimitedInBytes pages through messages that are as long as messages of
// the archive can be.
func TestPagesOfTheArchiveAreLimitedInBytes(t *testing.T) {
	s := play(t, "")
	s.online()
	padding := `<x xmlns="urn:example:padding">` + strings.Repeat("x", 60<<10) + `</x>`
	for i := range 6 {
		s.user(fmt.Sprintf(`<message type="chat" from="%s" to="%s"><body>%d</body>%s</message>`, desktop, carolJID, i, padding))
		delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE)
		s.passes(time.Second)
	}
	const ids = `<field var="ids"><value>{I:0}</value><value>{I:1}</value><value>{I:2}</value><value>{I:3}</value><value>{I:4}</value><value>{I:5}</value></field>`
	for _, c := range []struct{ filters, set, want string }{
		{"", "", "I:0 I:1 I:2 I:3 /0 of 6"},
		{"", "<after>{I:3}</after>", "I:4 I:5 /4 of 6 all"},
		{"", "<before/>", "I:2 I:3 I:4 I:5 /2 of 6"},
		{"", "<before>{I:2}</before>", "I:0 I:1 /0 of 6 all"},
		{"", "<max>3</max>", "I:0 I:1 I:2 /0 of 6"},
		{ids, "", "I:0 I:1 I:2 I:3 I:4 I:5 /0 of 6 all"},
	} {
		if got := s.archived(transport, c.filters, `<set xmlns="http://jabber.org/protocol/rsm">`+c.set+`</set>`); got != c.want {
			t.Errorf("%s %s: %q, not %q", c.filters, c.set, got, c.want)
		}
	}
}

// TestArchiveLimitsTheTimeOfMessages has messages with times that no message can have.
func TestArchiveLimitsTheTimeOfMessages(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, m := range []struct{ text, stamp string }{{"future", "99991231T235959"}, {"past", "00010101T000000"}, {"now", ""}} {
		p := &pb.ConversationMessage{Message: &m.text}
		if m.stamp != "" {
			p.Timestamp = &m.stamp
		}
		s.fromCarol(typeMessage, p)
		s.passes(time.Minute)
	}
	if got := s.archived(carolJID, "", ""); got != "past future now /0 of 3 all" {
		t.Errorf("the archive: %q", got)
	}
	const after = `<set xmlns="http://jabber.org/protocol/rsm"><after>{future}</after></set>`
	if got := s.archived(carolJID, "", after); got != "now /2 of 3 all" {
		t.Errorf("after the last message: %q", got)
	}
}

// TestOccupantsMayHaveTheNameOfAResource filters by an occupant whose nickname is the resource
// of contacts.
func TestOccupantsMayHaveTheNameOfAResource(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.occupant("bot", 0)
	s.says("carol", "public")
	private := said("bot", "private")
	private.Pm = proto.Bool(true)
	s.script(typeMessage, private)
	s.handled()
	if got := s.archived(transport, `<field var="with"><value>`+roomJID+`/bot</value></field>`, ""); got != "private /0 of 1 all" {
		t.Errorf("the archive: %q", got)
	}
}

// TestTheArchiveOfAllChatsTellsEqualIDsApart pages through two chats of a network that counts
// the messages of each chat.
func TestTheArchiveOfAllChatsTellsEqualIDsApart(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, m := range []struct{ name, id, text string }{{"carol", "1", "a"}, {"dave", "1", "b"}, {"carol", "2", "c"}, {"dave", "2", "d"}} {
		s.script(typeMessage, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: &m.name, Id: &m.id, Message: &m.text})
		s.expect("the message", message(m.name+"@"+transport))
		s.kept() // in this order
	}
	const dave = `<field var="with"><value>dave@` + transport + `</value></field>`
	for _, c := range []struct{ filters, set, want string }{
		{"", "<max>2</max>", "a b /0 of 4"},
		{"", "<max>2</max><after>{b}</after>", "c d /2 of 4 all"},
		{"", "<max>1</max><before>{d}</before>", "c /2 of 4"},
		{dave, "<after>{a}</after>", "b d /0 of 2 all"},
		{`<field var="ids"><value>{d}</value><value>{a}</value></field>`, "", "d a /0 of 2 all"},
	} {
		set := `<set xmlns="http://jabber.org/protocol/rsm">` + c.set + `</set>`
		if got := s.archived(transport, c.filters, set); got != c.want {
			t.Errorf("%s %s: %q, not %q", c.filters, c.set, got, c.want)
		}
	}
}

func TestArchivesAreOfOneUser(t *testing.T) {
	s := play(t, "")
	s.chats()
	s.user(`<iq type="set" id="bob1" from="bob@localhost/x" to="` + transport + `"><query xmlns="urn:xmpp:mam:2"/></iq>`)
	fin := stanza.Child(s.expect("the answer", answer("bob1")), stanza.Archive, "fin")
	if n := stanza.ChildText(stanza.Child(fin, stanza.ResultSet, "set"), stanza.ResultSet, "count"); n != "0" {
		t.Errorf("somebody else sees %s messages", n)
	}
}

func TestRoomsHaveAnArchiveWithTheirIDs(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.says("carol", "hello")
	n := s.expect("the message", func(n *xmltree.Node) bool {
		return message(roomJID)(n) && stanza.ChildText(n, "", "body") == "hello"
	})
	id := stanza.Child(n, stanza.StanzaID, "stanza-id")
	if stanza.Attr(id, "by") != roomJID || stanza.Attr(id, "id") == "" {
		t.Errorf("the id of the room is %v", id)
	}
	old := said("dan", "old")
	old.Timestamp = proto.String(s.clock.Now().Add(-time.Hour).UTC().Format("20060102T150405"))
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, old)
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, old)
	s.says("dan", "again")
	s.expect("the last message", func(n *xmltree.Node) bool { return stanza.ChildText(n, "", "body") == "again" })
	if got := s.archived(roomJID, "", ""); got != "old hello again /0 of 3 all" {
		t.Errorf("the archive of the room: %q", got)
	}
	if got := s.archived(transport, "", ""); got != " / of 0 all" {
		t.Errorf("the archive of the chats: %q", got)
	}
	found := false
	for _, r := range s.server.Stanzas() {
		found = found || stanza.Attr(stanza.Child(r, stanza.Archive, "result"), "id") == stanza.Attr(id, "id")
	}
	if !found {
		t.Error("the message has another id in the archive")
	}
}

// TestRoomsKeepMessagesOfClientsThatReuseIDs has a client that gives two messages one id.
func TestRoomsKeepMessagesOfClientsThatReuseIDs(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	seen := map[string]bool{}
	for _, text := range []string{"first", "second"} {
		s.user(`<message type="groupchat" id="1" from="` + desktop + `" to="` + roomJID + `"><body>` + text + `</body></message>`)
		delivered[*pb.ConversationMessage](s, typeMessage)
		s.says("alice", text)
		n := s.expect("the message", func(n *xmltree.Node) bool {
			return message(roomJID)(n) && stanza.ChildText(n, "", "body") == text
		})
		if stanza.Attr(n, "id") != "1" {
			t.Errorf("the client's id is missing: %v", n)
		}
		seen[stanza.Attr(stanza.Child(n, stanza.StanzaID, "stanza-id"), "id")] = true
	}
	if got := s.archived(roomJID, "", ""); got != "first second /0 of 2 all" || len(seen) != 2 {
		t.Errorf("the archive: %q, the ids of the room: %v", got, seen)
	}
}

func TestUsersTurnTheirArchiveOff(t *testing.T) {
	s := play(t, "")
	s.chats()
	prefs := func(typ, attributes string) string {
		return stanza.Attr(s.result(typ, transport, `<prefs xmlns="urn:xmpp:mam:2" `+attributes+`/>`), "default")
	}
	if got := prefs("get", ""); got != "always" {
		t.Errorf("at first: %q", got)
	}
	if got := prefs("set", `default="never"`); got != "never" {
		t.Errorf("turned off: %q", got)
	}
	s.fromCarol(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{Message: proto.String("secret")})
	if got := s.archived(carolJID, "", ""); got != "I:one two three /0 of 3 all" {
		t.Errorf("the archive: %q", got)
	}
	prefs("set", `default="always"`)
	s.fromCarol(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{Message: proto.String("five")})
	if got := s.archived(carolJID, "", ""); got != "I:one two three five /0 of 4 all" {
		t.Errorf("the archive: %q", got)
	}
}

func TestArchiveKeepsWhatIsWorthKeeping(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, c := range []string{
		`<message type="chat" from="` + desktop + `" to="` + carolJID + `"><body>hidden</body><no-store xmlns="urn:xmpp:hints"/></message>`,
		`<message type="headline" from="` + desktop + `" to="` + carolJID + `"><body>news</body></message>`,
		`<message type="chat" from="` + desktop + `" to="` + carolJID + `"><body>` + strings.Repeat("x", 70<<10) + `</body></message>`,
		`<message type="chat" from="` + desktop + `" to="` + carolJID + `"><body>kept</body></message>`,
	} {
		s.user(c)
		delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE)
	}
	s.user(`<message type="chat" from="` + desktop + `" to="` + carolJID + `"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`)
	delivered[*pb.Buddy](s, pb.WrapperMessage_TYPE_BUDDY_TYPING)
	if got := s.archived(carolJID, "", ""); got != "I:kept /0 of 1 all" {
		t.Errorf("the archive: %q", got)
	}
	off := play(t, "[archive]\ndays=0")
	off.chats()
	if got := off.archived(carolJID, "", ""); got != " / of 0 all" {
		t.Errorf("without an archive: %q", got)
	}
}

// TestHistoryOutlivesTheProcess joins a room again after a restart.
func TestHistoryOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	t.Run("before the restart", func(t *testing.T) {
		s := play(t, "[settings]\nstay_connected=1", usersIn(dir))
		s.stays()
		spam := said("carol", "spam")
		spam.Id = proto.String("42")
		s.script(typeMessage, spam)
		s.says("carol", "one")
		s.script(typeModeration, &pb.Moderation{UserName: proto.String(alice), Room: proto.String(room), Id: proto.String("42")})
		s.kept() // the messages have arrived
		s.result("get", roomJID, `<metadata xmlns="urn:xmpp:mam:2"/>`)
	})
	t.Run("after the restart", func(t *testing.T) {
		s := play(t, "[settings]\nstay_connected=1", usersIn(dir))
		delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
		s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
		delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
		s.fills()
		s.says("carol", "two")
		s.returns(desktop)
		s.joins(desktop, "alice", joinRoom)
		if got := s.bodies(desktop); got != "one  two" { // between them, the moderation
			t.Errorf("the history is %q", got)
		}
	})
}

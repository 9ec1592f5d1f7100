package gateway_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const (
	typeBookmark = pb.WrapperMessage_TYPE_BOOKMARK
	grantPubSub  = `<perm access="iq"><namespace ns="` + pubsub + `" type="both"/></perm>`
)

// grants announces a privilege of alice's server.
func (s *scene) grants(perm string) {
	s.t.Helper()
	s.user(`<message from="localhost" to="` + transport + `"><privilege xmlns="urn:xmpp:privilege:2">` + perm + `</privilege></message>`)
	s.user(`<iq type="get" id="granted" from="localhost" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	s.expect("the announcement is handled", answer("granted"))
}

// privileged waits for an IQ in the name of alice. It returns the id and the payload of the
// request.
func (s *scene) privileged(typ string) (id, payload string) {
	s.t.Helper()
	n := s.expect("a privileged IQ", func(n *xmltree.Node) bool { return stanza.Child(n, stanza.Privilege, "privileged_iq") != nil })
	inner := stanza.Child(stanza.Child(n, stanza.Privilege, "privileged_iq"), "", "iq")
	for _, iq := range []*xmltree.Node{n, inner} {
		if stanza.Attr(iq, "type") != typ || stanza.Attr(iq, "to") != alice || stanza.Attr(iq, "id") == "" {
			text, _ := n.Text(1 << 20)
			s.t.Fatalf("the IQ is no %s to alice: %s", typ, text)
		}
	}
	if stanza.Attr(inner, "from") != alice {
		s.t.Errorf("the inner IQ is from %s", stanza.Attr(inner, "from"))
	}
	return stanza.Attr(n, "id"), content(s.t, inner)
}

// grantsTo answers a privileged IQ as alice's server. The answer is that of her account.
func (s *scene) grantsTo(id, typ, payload string) {
	s.t.Helper()
	s.user(`<iq type="` + typ + `" id="` + id + `" from="` + alice + `" to="` + transport + `"><privilege xmlns="urn:xmpp:privilege:2"><forwarded xmlns="urn:xmpp:forward:0">` +
		`<iq xmlns="jabber:client" type="` + typ + `" id="p" from="` + alice + `" to="` + alice + `">` + payload + `</iq></forwarded></privilege></iq>`)
}

func stanzaError(condition string) string {
	return `<error type="cancel"><` + condition + ` xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>`
}

// hasBookmarks answers the request for alice's bookmarks.
func (s *scene) hasBookmarks(items ...string) {
	s.t.Helper()
	id, asked := s.privileged("get")
	if want := `<pubsub xmlns="` + pubsub + `"><items node="urn:xmpp:bookmarks:1"/></pubsub>`; asked != want {
		s.t.Fatalf("the request is %s", asked)
	}
	s.grantsTo(id, "result", `<pubsub xmlns="`+pubsub+`"><items node="urn:xmpp:bookmarks:1">`+strings.Join(items, "")+`</items></pubsub>`)
}

func bookmark(jid, attrs, children string) string {
	return `<item id="` + jid + `"><conference xmlns="urn:xmpp:bookmarks:1"` + attrs + `>` + children + `</conference></item>`
}

// published waits for a bookmark that the gateway publishes, and accepts it.
func (s *scene) published() string {
	s.t.Helper()
	id, payload := s.privileged("set")
	s.grantsTo(id, "result", "")
	before, _, found := strings.Cut(payload, `<publish-options>`)
	if !found || !strings.Contains(payload, `<field var="pubsub#access_model"><value>whitelist</value></field>`) {
		s.t.Errorf("the bookmark may be public: %s", payload)
	}
	before = strings.TrimPrefix(before, `<pubsub xmlns="`+pubsub+`"><publish node="urn:xmpp:bookmarks:1">`)
	return strings.TrimSuffix(before, `</publish>`)
}

// settled waits until alice's answers to IQs have been handled.
func (s *scene) settled() {
	s.t.Helper()
	s.asked++
	id := fmt.Sprint("settled", s.asked)
	s.user(iq("get", id, transport, `<ping xmlns="urn:xmpp:ping"/>`))
	s.expect("the answer to the ping", answer(id))
}

// TestBookmarksOfTheUserReachTheScript changes bookmarks between two logins of clients.
func TestBookmarksOfTheUserReachTheScript(t *testing.T) {
	s := play(t, "")
	s.grants(grantPubSub)
	s.online()
	other := bookmark("room@conference.example.org", ` name="Elsewhere"`, "") + bookmark(transport, ` name="No room"`, "") + `<item id="` + roomJID + `"><other xmlns="x"/></item>`
	s.hasBookmarks(other,
		bookmark("a@"+transport, ` name="A &amp; B" autojoin="1"`, `<nick>al</nick><password>pw</password>`),
		bookmark("b@"+transport, ``, ``))
	for _, want := range []*pb.Bookmark{
		{UserName: proto.String(alice), Room: proto.String("a"), Name: proto.String("A & B"), Nickname: proto.String("al"), Autojoin: proto.Bool(true), Password: proto.String("pw")},
		{UserName: proto.String(alice), Room: proto.String("b"), Autojoin: proto.Bool(false)},
	} {
		if m := delivered[*pb.Bookmark](s, typeBookmark); !proto.Equal(m, want) {
			t.Errorf("the script gets %v, not %v", m, want)
		}
	}
	s.user(`<presence from="` + phone + `" to="` + transport + `"/>`)
	s.hasBookmarks(other, bookmark("b@"+transport, ` autojoin="true"`, ``))
	if m := delivered[*pb.Bookmark](s, typeBookmark); m.GetRoom() != "b" || !m.GetAutojoin() || m.GetRemoved() {
		t.Errorf("the script gets %v", m)
	}
	if m := delivered[*pb.Bookmark](s, typeBookmark); m.GetRoom() != "a" || !m.GetRemoved() {
		t.Errorf("the script gets %v", m)
	}
}

// TestScriptChangesBookmarks adds a room, changes it and removes it.
func TestScriptChangesBookmarks(t *testing.T) {
	s := play(t, "", func(s *scene) { s.handles = func(pb.WrapperMessage_Type) bool { return false } })
	s.grants(grantPubSub)
	s.online()
	send := func(m *pb.Bookmark) {
		m.UserName, m.Room = proto.String(alice), proto.String(room)
		s.script(typeBookmark, m)
	}
	expect := func(what, want string) {
		t.Helper()
		if got := s.published(); got != want {
			t.Errorf("%s: %s\nnot %s", what, got, want)
		}
	}
	send(&pb.Bookmark{Name: proto.String("A <room>"), Nickname: proto.String("al"), Autojoin: proto.Bool(true)})
	id, _ := s.privileged("get")
	s.grantsTo(id, "error", stanzaError("item-not-found")) // no bookmarks yet
	expect("a new one", bookmark(roomJID, ` name="A &lt;room&gt;" autojoin="true"`, `<nick>al</nick>`))
	send(&pb.Bookmark{Name: proto.String("A <room>"), Autojoin: proto.Bool(true)}) // nothing new
	send(&pb.Bookmark{Name: proto.String("B")})
	expect("another name", bookmark(roomJID, ` name="B" autojoin="true"`, `<nick>al</nick>`))
	send(&pb.Bookmark{Removed: proto.Bool(true)})
	id, payload := s.privileged("set")
	s.grantsTo(id, "result", "")
	if want := `<pubsub xmlns="` + pubsub + `"><retract node="urn:xmpp:bookmarks:1" notify="true"><item id="` + roomJID + `"/></retract></pubsub>`; payload != want {
		t.Errorf("the removal is %s", payload)
	}
	send(&pb.Bookmark{Removed: proto.Bool(true)}) // of nothing
	send(&pb.Bookmark{Name: proto.String("C")})
	expect("a new one", `<item id="`+roomJID+`"><conference xmlns="urn:xmpp:bookmarks:1" name="C"/></item>`)
}

// TestBookmarksKeepWhatTheUserChanged has a bookmark before the login of the script.
func TestBookmarksKeepWhatTheUserChanged(t *testing.T) {
	s := play(t, "")
	s.grants(grantPubSub)
	s.online()
	const own = `<extensions><x xmlns="urn:example"/></extensions>`
	id := "#ROOM%NET.ORG@" + transport // as a client wrote it
	s.hasBookmarks(bookmark(id, ` name="Mine"`, own))
	delivered[*pb.Bookmark](s, typeBookmark)
	send := func(name, nick string, autojoin bool) {
		s.script(typeBookmark, &pb.Bookmark{UserName: proto.String(alice), Room: proto.String(room), Name: &name, Nickname: &nick, Autojoin: &autojoin})
	}
	send("Theirs", "al", true)
	if got, want := s.published(), bookmark(id, ` name="Mine"`, `<nick>al</nick>`+own); got != want {
		t.Errorf("only the nickname is new: %s\nnot %s", got, want)
	}
	send("Theirs", "al", true)
	send("New", "al", false) // autojoin is what the user has
	if got, want := s.published(), bookmark(id, ` name="New"`, `<nick>al</nick>`+own); got != want {
		t.Errorf("the script has a new name: %s\nnot %s", got, want)
	}
	s.user(`<presence from="` + phone + `" to="` + transport + `"/>`)
	s.hasBookmarks(bookmark(id, ` name="New"`, `<nick>al</nick>`+own), bookmark("last@"+transport, ``, ``))
	if m := delivered[*pb.Bookmark](s, typeBookmark); m.GetRoom() != "last" {
		t.Errorf("the script gets its own bookmark: %v", m)
	}
}

// TestBookmarksThatTheServerRefuses plays servers with other settings, other privileges and
// no answers.
func TestBookmarksThatTheServerRefuses(t *testing.T) {
	var handled atomic.Bool
	s := play(t, "", func(s *scene) { s.handles = func(pb.WrapperMessage_Type) bool { return handled.Load() } })
	s.online()
	send := func(room string) {
		s.script(typeBookmark, &pb.Bookmark{UserName: proto.String(alice), Room: &room, Name: proto.String("R")})
	}
	send("without a privilege")
	s.settled()
	s.grants(`<perm access="iq"><namespace ns="` + pubsub + `" type="set"/></perm>`)
	send("cannot be read")
	s.settled()
	s.grants(grantPubSub)

	send("a") // the user's node is configured in another way
	s.hasBookmarks()
	id, first := s.privileged("set")
	s.grantsTo(id, "error", stanzaError("conflict"))
	id, second := s.privileged("set")
	s.grantsTo(id, "result", "")
	if !strings.Contains(first, "publish-options") || strings.Contains(second, "publish-options") || !strings.Contains(second, `name="R"`) {
		t.Errorf("%s\nthen %s", first, second)
	}
	send("b") // it is full
	for range 2 {
		id, _ = s.privileged("set")
		s.grantsTo(id, "error", stanzaError("resource-constraint"))
	}
	s.settled()
	send("c") // what the server has is unknown
	s.hasBookmarks(bookmark("a@"+transport, ` name="R"`, ``), bookmark("c@"+transport, ` name="mine"`, ``))
	send("d")
	id, _ = s.privileged("set") // of d, because c has a name
	s.user(`<iq type="error" id="` + id + `" from="` + alice + `" to="` + transport + `">` + stanzaError("forbidden") + `</iq>`)
	s.settled()
	handled.Store(true)
	send("e")
	s.user(`<presence from="` + phone + `" to="` + transport + `"/>`)
	id, _ = s.privileged("get")
	s.user(`<iq type="error" id="` + id + `" from="` + alice + `" to="` + transport + `">` + stanzaError("remote-server-timeout") + `</iq>`)
	s.settled()
	for _, n := range s.server.Stanzas() {
		if text, _ := n.Text(1 << 20); strings.Contains(text, "e@"+transport) || strings.Contains(text, "cannot") || strings.Contains(text, "without") {
			t.Errorf("sent without the privilege: %s", text)
		}
	}
	if log := s.logged.String(); !strings.Contains(log, `msg="the server has granted a privilege, and refuses it now" privilege=pubsub.set server=localhost`) {
		t.Errorf("the log lacks the refusal: %s", log)
	}
}

// TestBookmarksWaitForTheServer sends more changes than wait for answers at a time.
func TestBookmarksWaitForTheServer(t *testing.T) {
	s := play(t, "", func(s *scene) { s.handles = func(pb.WrapperMessage_Type) bool { return false } })
	s.grants(grantPubSub)
	s.online()
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "b"} { // b is one change
		s.script(typeBookmark, &pb.Bookmark{UserName: proto.String(alice), Room: &name, Autojoin: proto.Bool(true)})
	}
	s.hasBookmarks()
	var ids []string
	for range 4 {
		id, _ := s.privileged("set")
		ids = append(ids, id)
	}
	s.grantsTo(ids[0], "result", "")
	id, payload := s.privileged("set")
	if !strings.Contains(payload, `id="e@`) {
		t.Errorf("the next change is %s", payload)
	}
	for _, id := range append(ids[1:], id) {
		s.grantsTo(id, "result", "")
	}
	id, payload = s.privileged("set")
	s.grantsTo(id, "result", "")
	if !strings.Contains(payload, `id="f@`) {
		t.Errorf("the last change is %s", payload)
	}
}

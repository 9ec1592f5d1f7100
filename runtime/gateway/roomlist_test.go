package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// asksItems returns the answer to a disco#items of a JID.
func (s *scene) items(to, set string) *xmltree.Node {
	s.t.Helper()
	s.user(`<iq id="i1" type="get" from="` + desktop + `" to="` + to + `"><query xmlns="` + stanza.DiscoItems + `">` + set + `</query></iq>`)
	return stanza.Child(s.expect("the items", answer("i1")), stanza.DiscoItems, "query")
}

func names(q *xmltree.Node) string {
	var all []string
	for _, n := range stanza.Children(q) {
		if n.Name == "item" {
			all = append(all, stanza.Attr(n, "name"))
		}
	}
	return strings.Join(all, " ")
}

func TestRoomListHasTheRoomsOfAllAndOfTheUser(t *testing.T) {
	s := play(t, "")
	s.online()
	s.script(pb.WrapperMessage_TYPE_ROOM_LIST, &pb.RoomList{Room: []string{"#a@net", "#b@net"}, Name: []string{"A"}})
	s.script(pb.WrapperMessage_TYPE_ROOM_LIST, &pb.RoomList{User: proto.String(alice), Room: []string{"#B@net", "#C@net"}, Name: []string{"B", "C"}})
	// Both payloads have queues of their own. The ping waits for the first, the items for the second.
	for names(s.items(transport, "")) != "A #b@net C" {
		if s.ctx.Err() != nil {
			t.Fatal("the list is not complete")
		}
	}
	s.user(`<iq id="i2" type="get" from="` + desktop + `" to="#c%net@` + transport + `"><query xmlns="` + stanza.DiscoInfo + `"/></iq>`)
	if q := stanza.Child(s.expect("the room", answer("i2")), stanza.DiscoInfo, "query"); stanza.Attr(stanza.Child(q, stanza.DiscoInfo, "identity"), "name") != "C" {
		t.Errorf("the room: %v", q)
	}
	s.user(`<presence from="` + desktop + `" to="#c%net@` + transport + `/alice">` + joinRoom + `</presence>`)
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetRoom() != "#C@net" {
		t.Errorf("a room of the list is joined as %q", m.GetRoom())
	}
}

func TestRoomListHasPagesAndALimit(t *testing.T) {
	s := play(t, "[service]\nmax_room_list_size=500")
	s.online()
	var list pb.RoomList
	for i := range 1000 {
		list.Room = append(list.Room, fmt.Sprintf("#r%03d", i))
	}
	list.User = proto.String(alice)
	s.script(pb.WrapperMessage_TYPE_ROOM_LIST, &list)
	first := stanza.Child(s.items(transport, `<set xmlns="`+stanza.ResultSet+`"><max>2</max></set>`), stanza.ResultSet, "set")
	for stanza.ChildText(first, stanza.ResultSet, "count") != "500" && s.ctx.Err() == nil {
		first = stanza.Child(s.items(transport, `<set xmlns="`+stanza.ResultSet+`"><max>2</max></set>`), stanza.ResultSet, "set")
	}
	last := stanza.ChildText(first, stanza.ResultSet, "last")
	if got := names(s.items(transport, `<set xmlns="`+stanza.ResultSet+`"><max>2</max><after>`+last+`</after></set>`)); got != "#r002 #r003" {
		t.Errorf("the second page: %s", got)
	}
	if q := s.items(transport, `<set xmlns="`+stanza.ResultSet+`"><after>nobody</after></set>`); q != nil {
		t.Errorf("a page after an unknown item: %v", q)
	}
}

// TestRoomListThatIsTooLongForAStanza has rooms whose list no server would accept. Clients get
// the part that fits, and learn how many rooms there are.
func TestRoomListThatIsTooLongForAStanza(t *testing.T) {
	const count = 20_000
	s := play(t, "")
	s.online()
	list := &pb.RoomList{User: proto.String(alice)}
	for i := range count {
		list.Room = append(list.Room, fmt.Sprintf("#a&b%05d", i))
	}
	s.script(pb.WrapperMessage_TYPE_ROOM_LIST, list)
	ask := func(request string) (rooms []string, set *xmltree.Node) {
		q := s.items(transport, request)
		for _, child := range stanza.Children(q) {
			if child.Name == "item" {
				rooms = append(rooms, stanza.Attr(child, "name"))
			}
		}
		return rooms, stanza.Child(q, stanza.ResultSet, "set")
	}
	rooms, set := ask("")
	for len(rooms) == 0 && s.ctx.Err() == nil { // the list is on its way
		rooms, set = ask("")
	}
	if len(rooms) < 1000 || len(rooms) >= count || rooms[0] != "#a&b00000" || stanza.ChildText(set, stanza.ResultSet, "count") != "20000" {
		t.Fatalf("%d rooms, %v", len(rooms), set)
	}
	next, _ := ask(`<set xmlns="` + stanza.ResultSet + `"><after>` + stanza.ChildText(set, stanza.ResultSet, "last") + `</after></set>`)
	if want := fmt.Sprintf("#a&b%05d", len(rooms)); len(next) < 1000 || next[0] != want {
		t.Errorf("the next page has %d rooms and does not begin with %s", len(next), want)
	}
	end, set := ask(`<set xmlns="` + stanza.ResultSet + `"><before/></set>`)
	first := stanza.Child(set, stanza.ResultSet, "first")
	if len(end) < 1000 || end[len(end)-1] != "#a&b19999" || stanza.Attr(first, "index") != fmt.Sprint(count-len(end)) {
		t.Errorf("the last page has %d rooms, %v", len(end), first)
	}
}

// TestDiscoOfARoom asks outside of the room and in it.
func TestDiscoOfARoom(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	if got := names(s.items(roomJID, "")); got != "alice carol" {
		t.Errorf("the occupants: %s", got)
	}
	for _, c := range []struct{ room, subject string }{{roomJID, "tea"}, {"#other@" + transport, ""}} {
		s.user(`<iq id="i2" type="get" from="` + desktop + `" to="` + c.room + `"><query xmlns="` + stanza.DiscoInfo + `"/></iq>`)
		q := stanza.Child(s.expect("the room", answer("i2")), stanza.DiscoInfo, "query")
		features := map[string]bool{}
		for _, f := range stanza.Children(q) {
			features[stanza.Attr(f, "var")] = true
		}
		for _, want := range []string{stanza.MUC, "muc_semianonymous", stanza.OccupantID, "http://jabber.org/protocol/muc#self-ping-optimization"} {
			if !features[want] {
				t.Errorf("%s lacks the feature %s", c.room, want)
			}
		}
		subject := ""
		for _, f := range stanza.Children(stanza.Child(q, stanza.DataForm, "x")) {
			if stanza.Attr(f, "var") == "muc#roominfo_subject" {
				subject = stanza.ChildText(f, stanza.DataForm, "value")
			}
		}
		if subject != c.subject {
			t.Errorf("%s has the subject %q", c.room, subject)
		}
	}
}

// identity returns the category and the name that service discovery shows for a JID.
func (s *scene) identity(to string) (category, name string) {
	s.t.Helper()
	n := stanza.Child(s.result("get", to, infoQuery), stanza.DiscoInfo, "identity")
	return stanza.Attr(n, "category"), stanza.Attr(n, "name")
}

// TestKnownNamesAreRooms has a room without a # in its name for each way in which the gateway
// learns of rooms. The client has not joined them when it asks.
func TestKnownNamesAreRooms(t *testing.T) {
	s := play(t, "")
	s.grants(grantPubSub)
	s.online()
	s.hasBookmarks(bookmark("marked@"+transport, "", ""))
	delivered[*pb.Bookmark](s, typeBookmark)
	s.script(pb.WrapperMessage_TYPE_ROOM_LIST, &pb.RoomList{Room: []string{"All"}, Name: []string{"For all"}})
	s.script(pb.WrapperMessage_TYPE_ROOM_LIST, &pb.RoomList{User: proto.String(alice), Room: []string{"Own", "all"}})
	s.script(pb.WrapperMessage_TYPE_INVITATION, &pb.Invitation{UserName: proto.String(alice), Room: proto.String("invited")})
	s.script(typeBookmark, &pb.Bookmark{UserName: proto.String(alice), Room: proto.String("noted")})
	s.visits("left")
	for s.ctx.Err() == nil { // the list for all has a queue of its own
		if _, name := s.identity("all@" + transport); name == "For all" {
			break
		}
	}
	for room, want := range map[string]string{"all": "For all", "own": "Own", "marked": "marked", "invited": "invited", "noted": "noted", "left": "left"} {
		if category, name := s.identity(room + "@" + transport); category != "conference" || name != want {
			t.Errorf("%s is a %s with the name %q", room, category, name)
		}
		if got := s.refused("get", room+"@"+transport+"/bot", `<ping xmlns="urn:xmpp:ping"/>`); got != stanza.NotAcceptable {
			t.Errorf("a ping to an occupant of %s: %s", room, got)
		}
	}
	s.user(`<presence from="` + desktop + `" to="own@` + transport + `/alice">` + joinRoom + `</presence>`)
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetRoom() != "Own" {
		t.Errorf("a room of the list is joined as %q", m.GetRoom())
	}
}

// visits joins a room and leaves it.
func (s *scene) visits(room string) {
	s.t.Helper()
	me := room + "@" + transport + "/alice"
	s.user(`<presence from="` + desktop + `" to="` + me + `">` + joinRoom + `</presence>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.changes(&pb.Participant{Room: &room, Nickname: proto.String("alice"), Flag: proto.Int32(flagMe)})
	s.expect("alice is in the room", from(me, desktop))
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + me + `"/>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
}

// TestNamesOfContactsAreNotRooms has contacts with names that have been those of rooms, and
// one that the gateway does not know. The client sends to the JID of the roster and to that of
// the presence.
func TestNamesOfContactsAreNotRooms(t *testing.T) {
	s := play(t, "")
	s.online()
	s.visits("carol")
	s.script(typeMessage, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("carol"), Message: proto.String("hi")})
	s.expect("carol writes", message(carolJID))
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("erin"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
	s.script(pb.WrapperMessage_TYPE_INVITATION, &pb.Invitation{UserName: proto.String(alice), Room: proto.String("erin")})
	s.expect("the invitation", message("erin@"+transport))
	s.user(`<presence from="` + desktop + `" to="frank@` + transport + `/alice">` + joinRoom + `</presence>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.changes(&pb.Participant{Room: proto.String("frank"), Nickname: proto.String("alice"), Status: pb.StatusType_STATUS_TYPE_NONE.Enum(), Flag: proto.Int32(flagMe | flagNotFound)})
	s.expect("the refusal", presence("frank@"+transport, "error"))
	for _, name := range []string{"carol", "dave", "erin", "frank"} {
		for _, to := range []string{name + "@" + transport, name + "@" + transport + "/bot"} {
			s.user(`<presence id="p" from="` + desktop + `" to="` + to + `"><show>away</show></presence>`)
			s.user(`<message type="chat" id="m" from="` + desktop + `" to="` + to + `"><body>hi</body></message>`)
			if m := delivered[*pb.ConversationMessage](s, typeMessage); m.GetBuddyName() != name || m.GetMessage() != "hi" {
				t.Errorf("%s: the script gets %v", to, m)
			}
			if category, _ := s.identity(to); category != "client" {
				t.Errorf("%s is a %s", to, category)
			}
			s.result("get", to, `<ping xmlns="urn:xmpp:ping"/>`)
		}
	}
	for _, n := range s.server.Stanzas() {
		if id := stanza.Attr(n, "id"); stanza.ErrorOf(n) != nil && (id == "p" || id == "m") {
			t.Errorf("an error: %s", xmlOf(n))
		}
	}
}

package gateway_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

func TestIdleTimeOfTheUserReachesTheScript(t *testing.T) {
	s := play(t, "")
	s.online()
	now := s.clock.Now().UTC().Format("2006")
	for _, c := range []struct{ idle, want string }{
		{`<idle xmlns="urn:xmpp:idle:1" since="1969-07-21T02:56:15Z"/>`, "19690721T025615"},
		{`<idle xmlns="urn:xmpp:idle:1" since="2024-01-01T01:00:00.250+02:00"/>`, "20231231T230000"},
		{``, ""},
		{`<idle xmlns="urn:xmpp:idle:1" since="2024-01-01T00:00:00Z"/>`, "20240101T000000"},
		{`<idle xmlns="urn:xmpp:idle:1" since="yesterday"/>`, ""},
		{`<idle xmlns="urn:xmpp:idle:1" since="9999-12-31T23:59:59Z"/>`, now},
		{`<idle xmlns="urn:xmpp:idle:1" since="0000-01-01T00:00:00+14:00"/>`, ""},
	} {
		s.user(`<presence from="` + desktop + `" to="` + transport + `"><show>away</show>` + c.idle + `</presence>`)
		got := delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED)
		since := got.GetIdleSince()
		if len(c.want) == 4 && len(since) > 4 { // the present time
			since = since[:4]
		}
		if since != c.want || got.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY || (got.IdleSince == nil) != (c.want == "") {
			t.Errorf("%s: %v", c.idle, got)
		}
	}
}

// TestIdleTimeIsNoNewPresenceOfTheTransport changes only the idle time. The transport shows
// the user's own status, which stays.
func TestIdleTimeIsNoNewPresenceOfTheTransport(t *testing.T) {
	s := play(t, "")
	s.online()
	away := `<presence from="` + desktop + `" to="` + transport + `"><show>away</show>`
	s.user(away + `</presence>`)
	s.expect("the transport is away", presence(transport, ""))
	s.user(away + `<idle xmlns="urn:xmpp:idle:1" since="2024-01-01T00:00:00Z"/></presence>`)
	s.user(away + `<status>lunch</status></presence>`)
	if n := s.expect("the next presence", presence(transport, "")); stanza.ChildText(n, "", "status") != "lunch" {
		t.Errorf("%s", content(t, n))
	}
}

func TestIdleTimeOfContactsAndOccupantsReachesTheUser(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	for _, c := range []struct {
		since *string
		want  string
	}{
		{proto.String("20240102T030405"), "2024-01-02T03:04:05Z"},
		{proto.String("20240102T030406"), "2024-01-02T03:04:06Z"},
		{nil, ""},
	} {
		s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_AWAY.Enum(), IdleSince: c.since})
		if got := idle(s.expect("carol", presence(carol, ""))); got != c.want {
			t.Errorf("the contact is idle since %q instead of %q", got, c.want)
		}
		s.changes(&pb.Participant{Nickname: proto.String("dan"), IdleSince: c.since})
		if got := idle(s.expect("dan", from(roomJID+"/dan", desktop))); got != c.want {
			t.Errorf("the occupant is idle since %q instead of %q", got, c.want)
		}
	}
}

// idle returns the time in the <idle/> of a presence, or "".
func idle(n *xmltree.Node) string { return stanza.Attr(stanza.Child(n, stanza.Idle, "idle"), "since") }

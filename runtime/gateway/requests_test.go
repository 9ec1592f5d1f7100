package gateway_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// TestWrongStanzasHaveTheErrorsOfTheirXEPs sends one stanza at a time, as alice in a room.
func TestWrongStanzasHaveTheErrorsOfTheirXEPs(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	get := func(to, payload string) string {
		return `<iq type="get" id="w" from="` + desktop + `" to="` + to + `">` + payload + `</iq>`
	}
	set := func(to, payload string) string {
		return `<iq type="set" id="w" from="` + desktop + `" to="` + to + `">` + payload + `</iq>`
	}
	const card = `<vCard xmlns="vcard-temp"><FN>x</FN></vCard>`
	for _, c := range []struct{ name, xml, want string }{
		{"a presence of an unknown type", `<presence id="w" type="here" from="` + desktop + `" to="` + transport + `"/>`, "modify bad-request"},
		{"a presence of an unknown type to a contact", `<presence id="w" type="available" from="` + desktop + `" to="` + carolJID + `"/>`, "modify bad-request"},
		{"an IQ of an unknown type", `<iq id="w" type="put" from="` + desktop + `" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`, "modify bad-request"},
		{"an IQ with two payloads", get(transport, `<ping xmlns="urn:xmpp:ping"/><ping xmlns="urn:xmpp:ping"/>`), "modify bad-request"},
		{"the vCard of a contact", set(carolJID, card), "auth forbidden"},
		{"the vCard of a room", set(roomJID, card), "auth forbidden"},
		{"the vCard of an occupant", set(roomJID+"/carol", card), "auth forbidden"},
		{"a request for the vCard of nobody in the room", get(roomJID+"/nobody", vcardGet), "cancel item-not-found"},
		{"a request for the vCard of an occupant from outside", get("#other@"+transport+"/carol", vcardGet), "modify not-acceptable"},
		{"a request for the picture of an occupant from outside", get("#other@"+transport+"/carol", items("urn:xmpp:avatar:data", "")), "modify not-acceptable"},
		{"items of no node", get(carolJID, `<pubsub xmlns="http://jabber.org/protocol/pubsub"><items/></pubsub>`), "modify bad-request nodeid-required"},
		{"a nickname that is reserved in a room", get(roomJID, `<query xmlns="http://jabber.org/protocol/disco#info" node="x-roomuser-item"/>`), "cancel feature-not-implemented"},
		{"the elements that a room passes on", get(roomJID, `<query xmlns="http://jabber.org/protocol/disco#info" node="http://jabber.org/protocol/muc#traffic"/>`), "cancel service-unavailable"},
		{"the discovery of an occupant from outside", get("#other@"+transport+"/carol", infoQuery), "modify bad-request"},
		{"the items of an occupant from outside", get("#other@"+transport+"/carol", itemsQuery), "modify bad-request"},
		{"a direct invitation to no room", `<message id="w" from="` + desktop + `" to="` + carolJID + `"><x xmlns="jabber:x:conference"/></message>`, "modify jid-malformed"},
		{"a direct invitation to the transport", `<message id="w" from="` + desktop + `" to="` + carolJID + `"><x xmlns="jabber:x:conference" jid="` + transport + `"/></message>`, "modify jid-malformed"},
	} {
		s.user(c.xml)
		n := s.expect(c.name, func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "w" })
		e, got := stanza.ErrorOf(n), "no error"
		if e != nil {
			got = stanza.Attr(stanza.Child(n, "", "error"), "type") + " " + string(e.Condition)
			if e.App.Name != "" {
				got += " " + e.App.Name
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

// TestIQsNeedAnID sends an IQ that nobody could answer.
func TestIQsNeedAnID(t *testing.T) {
	s := play(t, "")
	s.user(`<iq type="get" from="` + desktop + `" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	n := s.expect("the error", func(n *xmltree.Node) bool { return n.Name == "iq" })
	if e := stanza.ErrorOf(n); e == nil || e.Condition != stanza.BadRequest {
		t.Errorf("the answer: %v", n)
	}
}

// TestElementsOfOtherNames sends elements that share only the namespace with those that have an
// effect.
func TestElementsOfOtherNames(t *testing.T) {
	s := play(t, "")
	s.online()
	s.user(`<message type="chat" id="m1" from="` + desktop + `" to="` + carolJID + `"><body>b</body>` +
		`<other xmlns="urn:xmpp:attention:0"/><other xmlns="urn:xmpp:delay" stamp="2020-01-01T00:00:00Z"/>` +
		`<other xmlns="jabber:x:oob"><url>https://example.net/x</url></other>` +
		`<other xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><b>x</b></body></other></message>`)
	m := delivered[*pb.ConversationMessage](s, typeMessage)
	if m.GetMessage() != "b" || m.Timestamp != nil || len(m.GetAttachment()) > 0 || m.Xhtml != nil {
		t.Errorf("the script gets %v", m)
	}
}

// TestDiscoveryOfFormsAndTombstones checks the features that XEP-0004 and XEP-0424 ask for.
func TestDiscoveryOfFormsAndTombstones(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	for _, to := range []string{transport, carolJID, roomJID, roomJID + "/carol"} {
		all := vars(s.result("get", to, infoQuery))
		if slices.Contains(all, stanza.DataForm) || !slices.Contains(all, "urn:xmpp:message-retract:1#tombstone") {
			t.Errorf("the features of %s: %v", to, all)
		}
	}
}

// TestAClientThatHasNotEnteredARoomDoesNotSpeakThere joins a room, and speaks before the script
// has let the user in.
func TestAClientThatHasNotEnteredARoomDoesNotSpeakThere(t *testing.T) {
	s := play(t, "")
	s.online()
	s.asks()
	for _, xml := range []string{
		`<message id="w" type="groupchat" from="` + desktop + `" to="` + roomJID + `"><body>x</body></message>`,
		`<message id="w" type="groupchat" from="` + desktop + `" to="` + roomJID + `"><subject>x</subject></message>`,
		`<message id="w" type="chat" from="` + desktop + `" to="` + roomJID + `/carol"><body>x</body></message>`,
	} {
		s.user(xml)
		n := s.expect("the error", func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "w" })
		if e := stanza.ErrorOf(n); e == nil || e.Condition != stanza.NotAcceptable {
			t.Errorf("%s: %v", xml, e)
		}
	}
}

// TestAWrongPasswordDoesNotReplaceTheRightOne joins a room with a second client, and loses the
// network.
func TestAWrongPasswordDoesNotReplaceTheRightOne(t *testing.T) {
	s := play(t, "")
	s.online()
	x := func(password string) string {
		return `<x xmlns="http://jabber.org/protocol/muc"><password>` + password + `</password></x>`
	}
	s.joins(desktop, "alice", x("right"))
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.fills()
	s.enters(desktop)
	s.joins(phone, "alice", x("wrong"))
	s.enters(phone)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetPassword() != "right" {
		t.Errorf("the password is %q", m.GetPassword())
	}
}

// TestOldMessagesNameTheRoomAsTheirSource has an old message of the script, one of the history,
// and an old subject (XEP-0045, sections 7.2.13 and 7.2.15).
func TestOldMessagesNameTheRoomAsTheirSource(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1\n")
	s.inRoom()
	source := func(n *xmltree.Node) string { return stanza.Attr(stanza.Child(n, stanza.Delay, "delay"), "from") }
	old, topic := said("carol", "old"), said("carol", "coffee")
	old.Timestamp, topic.Timestamp = proto.String("20200101T000000"), proto.String("20200101T000000")
	s.script(typeMessage, old)
	s.says("carol", "new")
	s.script(pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED, topic)
	if n := s.expect("the old message", from(roomJID+"/carol", desktop)); source(n) != roomJID {
		t.Errorf("the old message: %s", xmlOf(n))
	}
	if n := s.expect("the new message", from(roomJID+"/carol", desktop)); source(n) != "" {
		t.Errorf("the new message: %s", xmlOf(n))
	}
	if n := s.expect("the subject", from(roomJID+"/carol", desktop)); source(n) != roomJID {
		t.Errorf("the subject: %s", xmlOf(n))
	}
	s.joins(phone, "alice", joinRoom)
	for _, text := range []string{"old", "new"} {
		n := s.expect("the history", func(n *xmltree.Node) bool { return message(roomJID)(n) && stanza.Attr(n, "to") == phone })
		if stanza.ChildText(n, "", "body") != text || source(n) != roomJID {
			t.Errorf("the history: %s", xmlOf(n))
		}
	}
}

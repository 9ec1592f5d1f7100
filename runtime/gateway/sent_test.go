package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// writes sends a message of alice's desktop and returns it as the script gets it.
func (s *scene) writes(to, typ, id, content string) *pb.ConversationMessage {
	s.t.Helper()
	s.user(`<message type="` + typ + `" from="` + desktop + `" to="` + to + `" id="` + id + `">` + content + `</message>`)
	return delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE)
}

// sent reports a message of alice as accepted by the network.
func (s *scene) sent(id, networkID string) {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_SENT, &pb.Sent{UserName: proto.String(alice), Id: &id, NetworkId: &networkID})
}

// theEnd lets carol say something in the room and returns the bodies that the desktop gets
// before that, with their ids.
func (s *scene) theEnd() []*xmltree.Node {
	s.t.Helper()
	s.says("carol", "the end")
	var all []*xmltree.Node
	for {
		n := s.expect("the end", func(n *xmltree.Node) bool {
			return message(roomJID)(n) && stanza.Attr(n, "to") == desktop && stanza.Child(n, "", "body") != nil
		})
		if stanza.ChildText(n, "", "body") == "the end" {
			return all
		}
		all = append(all, n)
	}
}

func TestUsersMessagesAlwaysHaveAnID(t *testing.T) {
	s := play(t, "")
	s.online()
	seen := map[string]bool{}
	for _, id := range []string{"c1", "", "n:5", "h:5", "m:5", strings.Repeat("x", 1025)} {
		got := s.writes(carol, "chat", id, `<body>hi</body>`).GetId()
		if got == "" || seen[got] || len(got) > 1024 || id != "c1" && got == id || id == "c1" && got != id {
			t.Errorf("the message with the id %.20q has the id %q for the script", id, got)
		}
		seen[got] = true
	}
}

func TestReceiptsGoOnlyToClientsThatWantOne(t *testing.T) {
	s := play(t, "")
	s.online()
	ack := func(id string) {
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("carol"), Message: proto.String(""), Id: &id})
	}
	wish := `<request xmlns="urn:xmpp:receipts"/>`
	s.writes(carol, "chat", "c1", `<body>hi</body>`)
	s.writes(carol, "chat", "c2", `<body>hi</body>`+wish)
	s.writes(carol, "chat", "c3", `<body>hi</body>`+wish)
	made := s.writes(carol, "chat", "", `<body>hi</body>`+wish).GetId()
	s.sent("c1", "41")
	s.sent("c3", "43")
	for _, id := range []string{"c1", "41", made, "c2", "43", "old"} {
		ack(id)
	}
	for _, want := range []string{"c2", "c3", "old"} { // for what the network ids are
		n := s.expect("a receipt", message(carol))
		if got := stanza.Attr(stanza.Child(n, stanza.Receipts, "received"), "id"); got != want {
			t.Errorf("a receipt for %q, not %q", got, want)
		}
	}
}

func TestSentShowsTheMessageInTheRoom(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.appears(phone)
	s.joins(phone, "alice", joinRoom)
	s.enters(phone)
	m := s.writes(roomJID, "groupchat", "c1", `<body>hi</body><origin-id xmlns="urn:xmpp:sid:0" id="c1"/>`+
		`<stanza-id xmlns="urn:xmpp:sid:0" by="`+roomJID+`" id="forged"/><thing xmlns="urn:x"/>`)
	s.sent(m.GetId(), "41")
	for _, client := range []string{desktop, phone} {
		n := s.expect("the message", func(n *xmltree.Node) bool {
			return from(roomJID+"/alice", client)(n) && n.Name == "message"
		})
		got := content(t, n)
		if i := strings.Index(got, `<occupant-id`); i < 0 {
			t.Errorf("no occupant id: %s", got)
		} else {
			got = got[:i]
		}
		want := `<body>hi</body><origin-id xmlns="urn:xmpp:sid:0" id="c1"/><thing xmlns="urn:x"/>` +
			`<stanza-id xmlns="urn:xmpp:sid:0" by="` + roomJID + `" id="n:41"/>`
		if got != want || stanza.Attr(n, "id") != "c1" || stanza.Attr(n, "type") != "groupchat" {
			t.Errorf("%s gets %s with the id %q", client, got, stanza.Attr(n, "id"))
		}
	}
	s.sent(m.GetId(), "41")
	if all := s.theEnd(); len(all) > 0 {
		t.Errorf("a second sent shows the message again")
	}
}

// TestMessageInARoomIsShownOnce lets a script report a message and send it itself, as some
// networks and scripts do, in any order.
func TestMessageInARoomIsShownOnce(t *testing.T) {
	echo := func(id, text string, origin bool) func(s *scene) {
		return func(s *scene) {
			m := said("alice", text)
			if id != "" {
				m.Id = &id
			}
			if origin {
				m.Origin = &origin
			}
			s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
		}
	}
	sent := func(id string) func(s *scene) { return func(s *scene) { s.sent("c1", id) } }
	for name, c := range map[string]struct {
		does []func(s *scene)
		want string // ids
	}{
		"nothing":                         {nil, ""},
		"sent":                            {[]func(*scene){sent("41")}, "c1"},
		"sent without an id":              {[]func(*scene){sent("")}, "c1"},
		"echo":                            {[]func(*scene){echo("", "hi", false)}, "c1"},
		"echo with an id":                 {[]func(*scene){echo("41", "hi", false)}, "c1"},
		"sent, echo":                      {[]func(*scene){sent("41"), echo("", "hi", false)}, "c1"},
		"sent, echo with the id":          {[]func(*scene){sent("41"), echo("41", "hi!", false)}, "c1"},
		"sent, echo and another":          {[]func(*scene){sent("41"), echo("", "hi", false), echo("", "hi", false)}, "c1,"},
		"echo, sent":                      {[]func(*scene){echo("", "hi", false), sent("41")}, "c1"},
		"echo with another text, sent":    {[]func(*scene){echo("41", "hi!", false), sent("41")}, ""},
		"sent, then the same elsewhere":   {[]func(*scene){sent("41"), echo("42", "hi", true)}, "c1,"},
		"sent, the same without an id":    {[]func(*scene){sent("41"), echo("", "hi", true)}, "c1,"},
		"the same elsewhere, then sent":   {[]func(*scene){echo("40", "hi", true), sent("41")}, ",c1"},
		"sent, then another message":      {[]func(*scene){sent("41"), echo("42", "hi", false)}, "c1,"},
		"sent without an id, echo has it": {[]func(*scene){sent(""), echo("41", "hi", false)}, "c1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, "")
			s.inRoom()
			s.writes(roomJID, "groupchat", "c1", `<body>hi</body>`)
			for _, do := range c.does {
				do(s)
			}
			var got []string
			for _, n := range s.theEnd() {
				id := stanza.Attr(n, "id")
				if id != "c1" {
					id = "" // an id of the network, or none
				}
				got = append(got, id)
			}
			if strings.Join(got, ",") != c.want || len(got) > strings.Count(c.want, ",")+1 {
				t.Errorf("the client sees %q, not %q", got, c.want)
			}
		})
	}
}

func TestRefusedMessageIsAnErrorForItsClient(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	for _, c := range []struct{ to, typ string }{{carol, "chat"}, {roomJID, "groupchat"}, {roomJID + "/carol", "chat"}} {
		m := s.writes(c.to, c.typ, "c1", `<body>hi</body>`)
		s.script(pb.WrapperMessage_TYPE_SENT, &pb.Sent{UserName: proto.String(alice), Id: m.Id, Error: proto.String("too long")})
		n := s.expect("an error", func(n *xmltree.Node) bool { return n.Name == "message" && stanza.Attr(n, "type") == "error" })
		e := stanza.ErrorOf(n)
		if e.Text != "too long" || stanza.Attr(n, "id") != "c1" || stanza.Attr(n, "to") != desktop || stanza.Attr(n, "from") != c.to {
			t.Errorf("%s: %v, %v", c.to, e, n.Attr)
		}
		s.sent("c1", "41")
	}
	if all := s.theEnd(); len(all) > 0 {
		t.Error("the room shows a refused message")
	}
}

package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// understands sends the presence of a client with capabilities.
func (s *scene) understands(client, ver string) {
	s.t.Helper()
	s.user(withCapabilities(client, ver))
	s.kept()
}

func withCapabilities(client, ver string) string {
	return `<presence from="` + client + `" to="` + transport + `"><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="http://client" ver="` + ver + `"/></presence>`
}

// answersFeatures answers the question for the features of a client.
func (s *scene) answersFeatures(client string, features ...string) {
	s.t.Helper()
	n := s.expect("the question for capabilities", func(n *xmltree.Node) bool {
		return n.Name == "iq" && stanza.Attr(n, "to") == client && stanza.Child(n, stanza.DiscoInfo, "query") != nil
	})
	vars := ""
	for _, f := range features {
		vars += `<feature var="` + f + `"/>`
	}
	s.user(`<iq type="result" id="` + stanza.Attr(n, "id") + `" from="` + client + `" to="` + transport + `"><query xmlns="http://jabber.org/protocol/disco#info">` + vars + `</query></iq>`)
}

func (s *scene) carolIs(alias, hash string) {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"),
		Alias: &alias, IconHash: &hash, Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
}

func isEvent(n *xmltree.Node) bool { return stanza.Child(n, stanza.PubSubEvent, "event") != nil }

// event returns the next event as text, without namespaces of the envelope.
func (s *scene) event() string {
	s.t.Helper()
	n := s.expect("an event", isEvent)
	items := stanza.Child(stanza.Child(n, stanza.PubSubEvent, "event"), stanza.PubSubEvent, "items")
	text, err := stanza.Child(items, stanza.PubSubEvent, "item").Text(1 << 10)
	if err != nil || stanza.Attr(n, "type") != "headline" {
		s.t.Errorf("%v %v", n, err)
	}
	return strings.Join([]string{stanza.Attr(n, "from"), stanza.Attr(n, "to"), stanza.Attr(items, "node"), strings.Replace(text, ` xmlns="http://jabber.org/protocol/pubsub#event"`, "", 1)}, " ")
}

// TestClientsThatWantEventsGetThem changes the picture and the alias of a contact, for clients
// that want events and for one that does not.
func TestClientsThatWantEventsGetThem(t *testing.T) {
	const metadata, nick = "urn:xmpp:avatar:metadata", "http://jabber.org/protocol/nick"
	s := play(t, "")
	s.online() // the desktop has no capabilities
	s.understands(phone, "v1")
	s.carolIs("Carol", "old")
	s.answersFeatures(phone, metadata+"+notify", nick+"+notify") // the question is about roster item exchange
	s.expect("carol", presence(carol, ""))
	tablet := alice + "/tablet"
	s.understands(tablet, "v2")
	hash := hashOf(picture)
	info := `<item id="` + hash + `"><metadata xmlns="` + metadata + `"><info id="` + hash + `" bytes="12" type="image/png"/></metadata></item>`

	s.carolIs("Carol", hash)
	s.answersFeatures(tablet, nick+"+notify")
	s.vcard(delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD), picture)
	if got, want := s.event(), carol+" "+phone+" "+metadata+" "+info; got != want {
		t.Errorf("the picture:\n%s\nis not\n%s", got, want)
	}
	s.carolIs("Caroline", hash)
	for range 2 {
		got := s.event()
		if want := ` ` + nick + ` <item id="current"><nick xmlns="` + nick + `">Caroline</nick></item>`; got != carol+" "+phone+want && got != carol+" "+tablet+want {
			t.Errorf("the alias: %s", got)
		}
	}
	s.carolIs("Caroline", "")
	if got, want := s.event(), carol+" "+phone+" "+metadata+` <item><metadata xmlns="`+metadata+`"/></item>`; got != want {
		t.Errorf("no picture:\n%s\nis not\n%s", got, want)
	}

	// The metadata are known now, so that a client that appears gets the event.
	s.carolIs("Caroline", hash)
	if got := s.event(); !strings.HasSuffix(got, info) {
		t.Errorf("the picture: %s", got)
	}
	s.user(withCapabilities(alice+"/laptop", "v1"))
	if got, want := s.event(), carol+" "+alice+"/laptop "+metadata+" "+info; got != want {
		t.Errorf("a new client:\n%s\nis not\n%s", got, want)
	}
	s.kept()
	s.user(`<iq type="get" id="last" from="` + desktop + `" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	s.expect("nothing else", func(n *xmltree.Node) bool {
		if isEvent(n) {
			t.Errorf("one more event: %v", n)
		}
		return answer("last")(n)
	})
}

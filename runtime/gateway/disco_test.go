package gateway_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// ask sends an IQ of alice and returns the answer.
func (s *scene) ask(typ, to, payload string) *xmltree.Node {
	s.t.Helper()
	s.asked++
	id := fmt.Sprintf("ask%d", s.asked)
	s.user(`<iq type="` + typ + `" id="` + id + `" from="` + desktop + `" to="` + to + `">` + payload + `</iq>`)
	return s.expect("the answer to "+payload, answer(id))
}

// result is like ask, for IQs that must succeed. It returns the payload of the answer.
func (s *scene) result(typ, to, payload string) *xmltree.Node {
	s.t.Helper()
	n := s.ask(typ, to, payload)
	if e := stanza.ErrorOf(n); e != nil {
		s.t.Fatalf("%s: %s (%s)", payload, e.Condition, e.Text)
	}
	if all := stanza.Children(n); len(all) > 0 {
		return all[0]
	}
	return nil
}

// refused is like ask, for IQs that must fail. It returns the condition of the error.
func (s *scene) refused(typ, to, payload string) stanza.Condition {
	s.t.Helper()
	e := stanza.ErrorOf(s.ask(typ, to, payload))
	if e == nil {
		s.t.Fatalf("%s succeeds", payload)
	}
	return e.Condition
}

// announce sends the BACKEND_CONFIG of the script and waits until it has an effect.
func (s *scene) announce(text string) {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_BACKEND_CONFIG, &pb.BackendConfig{Config: &text})
	const mark = `<message from="` + transport + `" to="` + desktop + `" id="announced"/>`
	if err := s.gateway.Send(pb.WrapperMessage_TYPE_RAW_XML, []byte(mark)); err != nil {
		s.t.Fatal(err)
	}
	s.expect("the mark", func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "announced" })
}

// vars returns the features in an answer to disco#info.
func vars(query *xmltree.Node) []string {
	var all []string
	for _, n := range stanza.Children(query) {
		if n.Name == "feature" {
			all = append(all, n.Get("var"))
		}
	}
	return all
}

const (
	infoQuery  = `<query xmlns="http://jabber.org/protocol/disco#info"/>`
	itemsQuery = `<query xmlns="http://jabber.org/protocol/disco#items"/>`
)

func TestDiscoveryOfTheTransport(t *testing.T) {
	s := play(t, "[identity]\nname=IRC\ntype=irc\n")
	info := s.result("get", transport, infoQuery)
	identity := stanza.Child(info, stanza.DiscoInfo, "identity")
	if identity.Get("category") != "gateway" || identity.Get("type") != "irc" || identity.Get("name") != "IRC" {
		t.Errorf("identity: %v", identity.Attr)
	}
	if slices.Contains(vars(info), stanza.MUC) {
		t.Error("the script has no rooms, but the transport shows them")
	}
	s.announce("[features]\nmuc=1\n")
	s.online()
	all := vars(s.result("get", transport, infoQuery))
	for _, want := range []string{
		stanza.DiscoInfo, stanza.DiscoItems, stanza.Register, stanza.Ping, stanza.Version, stanza.LastActivity, stanza.Time, stanza.MUC, stanza.Capabilities,
	} {
		if !slices.Contains(all, want) {
			t.Errorf("the transport does not show %s", want)
		}
	}
	if c := s.refused("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info" node="x"/>`); c != stanza.ItemNotFound {
		t.Errorf("an unknown node: %s", c)
	}
	if c := s.refused("get", transport, `<query xmlns="http://jabber.org/protocol/disco#items" node="x"/>`); c != stanza.ItemNotFound {
		t.Errorf("items of an unknown node: %s", c)
	}
	s.result("get", transport, itemsQuery)
}

// TestCapabilitiesMatchTheDiscovery asks for the node that presences name.
func TestCapabilitiesMatchTheDiscovery(t *testing.T) {
	s := play(t, "")
	s.register()
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	transportPresence := s.expect("the transport", presence(transport, ""))
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
	contactPresence := s.expect("carol", presence("carol@"+transport, ""))
	for _, p := range []*xmltree.Node{transportPresence, contactPresence} {
		c := stanza.Child(p, stanza.Capabilities, "c")
		if c == nil || c.Get("hash") != "sha-1" {
			t.Fatalf("a presence without capabilities: %v", p)
		}
		node := c.Get("node") + "#" + c.Get("ver")
		info := s.result("get", p.Get("from"), `<query xmlns="http://jabber.org/protocol/disco#info" node="`+node+`"/>`)
		if info.Get("node") != node {
			t.Errorf("the answer is about the node %q", info.Get("node"))
		}
		if ver := disco.Verification(stanza.Children(info)); ver != c.Get("ver") {
			t.Errorf("%s: the verification string is %s, not %s", p.Get("from"), c.Get("ver"), ver)
		}
	}
}

func TestVersionUptimeAndTime(t *testing.T) {
	s := play(t, "")
	version := s.result("get", transport, `<query xmlns="jabber:iq:version"/>`)
	if stanza.ChildText(version, stanza.Version, "name") != "spectrum2-lua" || stanza.ChildText(version, stanza.Version, "version") == "" {
		t.Errorf("version: %v", version)
	}
	if seconds := s.result("get", transport, `<query xmlns="jabber:iq:last"/>`).Get("seconds"); !regexp.MustCompile(`^\d\d?$`).MatchString(seconds) {
		t.Errorf("uptime: %q seconds", seconds)
	}
	now := s.result("get", transport, `<time xmlns="urn:xmpp:time"/>`)
	if utc, err := time.Parse(time.RFC3339, stanza.ChildText(now, stanza.Time, "utc")); err != nil || time.Since(utc).Abs() > time.Hour {
		t.Errorf("time: %v %v", utc, err)
	}
	if tzo := stanza.ChildText(now, stanza.Time, "tzo"); !regexp.MustCompile(`^[+-]\d\d:\d\d$`).MatchString(tzo) {
		t.Errorf("offset: %q", tzo)
	}
	for _, space := range []string{stanza.Version, stanza.LastActivity, stanza.Time} {
		if c := s.refused("get", "carol@"+transport, `<query xmlns="`+space+`"/>`); c != stanza.ServiceUnavailable {
			t.Errorf("%s of a contact: %s", space, c)
		}
	}
}

// TestFeaturesOfTheConfig has [features] muc. What the script announces counts more.
func TestFeaturesOfTheConfig(t *testing.T) {
	s := play(t, "[features]\nmuc=1\n")
	info := func() []string {
		return vars(s.result("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info"/>`))
	}
	if got := info(); !slices.Contains(got, stanza.MUC) {
		t.Errorf("the features of the config: %v", got)
	}
	s.announce("[features]\nmuc=0\nreceipts=1\n")
	if got := info(); slices.Contains(got, stanza.MUC) {
		t.Errorf("the features of the script: %v", got)
	}
}

package gateway_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// withCarol logs in alice with an online contact. It returns the capabilities of both.
func (s *scene) withCarol() (ofTransport, ofCarol string) {
	s.t.Helper()
	s.register()
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	ofTransport = s.capsOf(transport)
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
	return ofTransport, s.capsOf(carolJID)
}

// capsOf returns the version in the next presence of an entity.
func (s *scene) capsOf(name string) string {
	s.t.Helper()
	return stanza.Attr(stanza.Child(s.expect("the presence of "+name, presence(name, "")), stanza.Capabilities, "c"), "ver")
}

// renewed makes a change and returns the versions in the presences that follow it, by their
// senders.
func (s *scene) renewed(change func()) map[string]string {
	s.t.Helper()
	before := len(s.server.Stanzas())
	change()
	s.emptied("") // the change is in the queue of alice
	s.passes(time.Second)
	s.handled()
	s.handled() // its answer follows the presences
	all := map[string]string{}
	for _, n := range s.server.Stanzas()[before:] {
		if n.Name == "presence" {
			all[jid.Bare(stanza.Attr(n, "from"))] += stanza.Attr(stanza.Child(n, stanza.Capabilities, "c"), "ver")
		}
	}
	return all
}

// describedAs returns the features in the answer for a version, which it checks.
func (s *scene) describedAs(name, ver string) []string {
	s.t.Helper()
	info := s.result("get", name, `<query xmlns="http://jabber.org/protocol/disco#info" node="https://spectrum.im/spectrum2-lua#`+ver+`"/>`)
	if got := disco.Verification(stanza.Children(info)); got != ver {
		s.t.Errorf("%s: the answer for %s has the verification string %s", name, ver, got)
	}
	return vars(info)
}

// TestNewCapabilitiesAreSent loads a script that has another handler, and changes the config.
func TestNewCapabilitiesAreSent(t *testing.T) {
	var reacts atomic.Bool
	s := play(t, "", func(s *scene) {
		s.handles = func(typ pb.WrapperMessage_Type) bool { return typ != pb.WrapperMessage_TYPE_REACTION || reacts.Load() }
	})
	transportBefore, carolBefore := s.withCarol()
	step := func(what string, change func(), want ...string) string {
		t.Helper()
		got := s.renewed(change)
		if senders := slices.Collect(maps.Keys(got)); !slices.Equal(senders, want) {
			t.Errorf("%s: presences of %v, not %v", what, senders, want)
		}
		return strings.Join(slices.Collect(maps.Values(got)), " ")
	}
	step("the same script", func() { s.gateway.Loaded(nil) })
	reacts.Store(true)
	carolNow := step("another handler", func() { s.gateway.Loaded(nil) }, carolJID)
	if slices.Contains(s.describedAs(carolJID, carolBefore), stanza.Reactions) || !slices.Contains(s.describedAs(carolJID, carolNow), stanza.Reactions) {
		t.Error("the versions do not differ by the reactions")
	}
	transportNow := step("another name", func() { s.gateway.Configure(s.settings("[identity]\nname=IRC\n")) }, transport)
	for _, ver := range []string{transportBefore, transportNow} {
		s.describedAs(transport, ver)
	}
	withRooms := step("a feature of the script", func() { s.announce("[features]\nmuc=1\n") }, transport)
	s.describedAs(transport, withRooms)
	step("the same feature", func() { s.announce("[features]\nmuc=1\n") })
	for i := range 10 {
		s.gateway.Configure(s.settings(fmt.Sprintf("[identity]\nname=IRC %d\n", i)))
		s.emptied("") // the new version is noted
		s.result("get", transport, infoQuery)
		s.handled()
	}
	if c := s.refused("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info" node="https://spectrum.im/spectrum2-lua#`+transportBefore+`"/>`); c != stanza.ItemNotFound {
		t.Errorf("an old version: %s", c)
	}
}

// TestNewCapabilitiesAreNoStorm has many users, and changes that follow each other.
func TestNewCapabilitiesAreNoStorm(t *testing.T) {
	const count = 30
	store := gateway.Memory(t)
	for i := range count {
		add(t, store, fmt.Sprintf("u%d@localhost", i), "0")
	}
	synctest.Test(t, func(t *testing.T) {
		s := onStage(t, store, settings.Service{}, settings.User{})
		defer s.stop()
		for i := range count {
			name := fmt.Sprintf("u%d@localhost", i)
			s.appear(name + "/desktop")
			s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(name))
		}
		_ = s.sent()
		for _, name := range []string{"one", "two"} {
			changed := *s.router.Settings()
			changed.Identity.Name = name
			s.router.Configure(changed)
			synctest.Wait()
		}
		total := 0
		for range 10 {
			n := strings.Count(s.sent(), "available "+transport)
			if n > 12 {
				t.Errorf("%d presences in a second", n)
			}
			total += n
			time.Sleep(time.Second)
		}
		if total != count+1 { // the first user has received both changes
			t.Errorf("%d presences, not %d", total, count+1)
		}
	})
}

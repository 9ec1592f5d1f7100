package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const grant = `<message from="localhost" to="` + transport + `"><privilege xmlns="urn:xmpp:privilege:2"><perm access="roster" type="both"/></privilege></message>`

// withAlice runs a test with alice online, who has a client. presence is the content of the
// client's presence; before is a stanza that arrives before it.
func withAlice(t *testing.T, service settings.Service, before, content string, contacts []*users.Contact, test func(s *stage)) {
	t.Helper()
	store := gateway.Memory(t)
	account := add(t, store, alice, "0")
	if err := store.Save(t.Context(), account.ID, contacts...); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := onStage(t, store, service, settings.User{})
		defer s.stop()
		if before != "" {
			s.user(before)
		}
		s.user(`<presence from="` + desktop + `" to="` + transport + `">` + content + `</presence>`)
		s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
		if content == "" && len(contacts) == 0 {
			_, _ = s.sent(), s.got()
		}
		test(s)
	})
}

func (s *stage) buddy(b *pb.Buddy) {
	s.t.Helper()
	b.UserName = proto.String(alice)
	if b.Status == nil {
		b.Status = pb.StatusType_STATUS_TYPE_ONLINE.Enum()
	}
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, b)
}

// stored returns the contacts of alice in the database.
func (s *stage) stored() map[string]users.Contact {
	s.t.Helper()
	a, err := s.store.Find(s.t.Context(), alice)
	if err != nil {
		s.t.Fatal(err)
	}
	all, err := s.store.Contacts(s.t.Context(), a.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	found := map[string]users.Contact{}
	for _, c := range all {
		found[c.Name] = c
	}
	return found
}

// take returns the stanzas since the last call.
func (o *outbox) take() []*xmltree.Node {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent = nil
	return sent
}

// serve plays a server that stores the roster: it answers each request until none follows.
// It returns the items that were set, in order, and the greatest number of requests at once.
func (s *stage) serve(answer func(iq *xmltree.Node) string) (items []*xmltree.Node, most int) {
	s.t.Helper()
	for {
		synctest.Wait()
		var requests []*xmltree.Node
		for _, n := range s.out.take() {
			if n.Name == "iq" {
				requests = append(requests, n)
			}
		}
		if len(requests) == 0 {
			return items, most
		}
		most = max(most, len(requests))
		for _, iq := range requests {
			items = append(items, stanza.Children(stanza.Child(iq, stanza.Roster, "query"))...)
			s.user(answer(iq))
		}
	}
}

func result(content string) func(iq *xmltree.Node) string {
	return func(iq *xmltree.Node) string {
		return `<iq type="result" id="` + stanza.Attr(iq, "id") + `" from="` + stanza.Attr(iq, "to") + `" to="` + transport + `">` + content + `</iq>`
	}
}

// keeper answers as a server that stores a roster, which begins with some items. Items that it
// adds get this subscription.
func keeper(roster, subscription string) func(iq *xmltree.Node) string {
	items := roster
	return func(iq *xmltree.Node) string {
		if stanza.Attr(iq, "type") == "get" {
			return result(`<query xmlns="jabber:iq:roster">` + items + `</query>`)(iq)
		}
		for _, n := range stanza.Children(stanza.Child(iq, stanza.Roster, "query")) {
			items += `<item jid="` + stanza.Attr(n, "jid") + `" subscription="` + subscription + `"/>`
		}
		return result("")(iq)
	}
}

func failure(condition string) func(iq *xmltree.Node) string {
	return func(iq *xmltree.Node) string {
		return `<iq type="error" id="` + stanza.Attr(iq, "id") + `" from="` + stanza.Attr(iq, "to") + `" to="` + transport +
			`"><error type="auth"><` + condition + ` xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>`
	}
}

// TestThousandsOfContactsReachTheRosterOnce announces contacts at a login, with and without
// the privilege to change rosters, and then again.
func TestThousandsOfContactsReachTheRosterOnce(t *testing.T) {
	announce := func(s *stage, count int) {
		for i := range count {
			payload, err := proto.Marshal(&pb.Buddy{
				UserName: proto.String(alice), BuddyName: proto.String(fmt.Sprintf("c%d", i)), Alias: proto.String("C"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum(),
			})
			if err != nil {
				s.t.Fatal(err)
			}
			if err := s.router.Send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, payload); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	t.Run("privilege", func(t *testing.T) {
		withAlice(t, settings.Service{}, grant, "", nil, func(s *stage) {
			count := race.Reduce(2000, 300) // each one needs an answer of the server
			announce(s, count)
			items, most := s.serve(keeper("", "both"))
			if len(items) != count || most > 8 {
				t.Errorf("%d items for %d contacts, %d at once", len(items), count, most)
			}
			if stored := s.stored(); len(stored) != count || !stored["c7"].Subscribed {
				t.Errorf("%d contacts are stored", len(stored))
			}
			announce(s, count)
			s.want("again", s.sent(), "")
		})
	})
	t.Run("subscriptions", func(t *testing.T) {
		withAlice(t, settings.Service{}, "", "", nil, func(s *stage) {
			count := race.Reduce(10_000, 1000)
			announce(s, count)
			sent := s.sent()
			if asked, all := strings.Count(sent, "subscribe "), strings.Count(sent, "\n")+1; asked != count || all != 2*count {
				t.Errorf("%d requests in %d stanzas", asked, all)
			}
			if stored := s.stored(); len(stored) != count || stored["c7"].Subscribed {
				t.Errorf("%d contacts are stored", len(stored))
			}
			announce(s, count)
			s.want("again", s.sent(), "")
		})
	})
}

// TestServerThatDeniesTheRosterIsAskedOnce grants a privilege and refuses to fulfil it.
func TestServerThatDeniesTheRosterIsAskedOnce(t *testing.T) {
	withAlice(t, settings.Service{}, grant, "", nil, func(s *stage) {
		s.buddy(&pb.Buddy{BuddyName: proto.String("carol")})
		iq := s.out.take()[0]
		s.user(failure("forbidden")(iq))
		s.want("the other way", s.sent(), "subscribe carol@echo.localhost alice@localhost\navailable carol@echo.localhost/bot alice@localhost")
		s.buddy(&pb.Buddy{BuddyName: proto.String("dora")})
		s.want("the next contact", s.sent(), "subscribe dora@echo.localhost alice@localhost\navailable dora@echo.localhost/bot alice@localhost")
	})
}

// TestServerThatGrantsNoSubscriptions has a server that stores the contact without a
// subscription, as ejabberd 26.07 does. The user is asked, once.
func TestServerThatGrantsNoSubscriptions(t *testing.T) {
	withAlice(t, settings.Service{}, grant, "", nil, func(s *stage) {
		s.buddy(&pb.Buddy{BuddyName: proto.String("carol"), Alias: proto.String("Carol")})
		answer := keeper("", "none")
		var sent []string
		for range 3 {
			synctest.Wait()
			for _, n := range s.out.take() {
				if n.Name == "iq" {
					s.user(answer(n))
					continue
				}
				sent = append(sent, stanza.Attr(n, "type")+" "+stanza.Attr(n, "from"))
			}
		}
		s.want("the request", strings.Join(sent, "\n"), "subscribe carol@echo.localhost\n carol@echo.localhost/bot")
		if s.stored()["carol"].Subscribed {
			t.Error("the contact counts as accepted")
		}
		s.user(`<presence type="subscribed" from="` + alice + `" to="carol@` + transport + `"/>`)
		synctest.Wait()
		if !s.stored()["carol"].Subscribed {
			t.Error("the contact is accepted, but not stored")
		}
	})
}

// TestRosterFollowsTheScript changes and removes a contact in the server's roster.
func TestRosterFollowsTheScript(t *testing.T) {
	withAlice(t, settings.Service{JIDEscaping: true}, grant, "", nil, func(s *stage) {
		server := keeper("", "both")
		change := func(what, want string) {
			t.Helper()
			items, _ := s.serve(server)
			var got []string
			for _, n := range items {
				text, err := n.Text(1 << 10)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, strings.Replace(text, ` xmlns="jabber:iq:roster"`, "", 1))
			}
			s.want(what, strings.Join(got, "\n"), want)
		}
		name := proto.String("carol@net.org")
		s.buddy(&pb.Buddy{BuddyName: name, Alias: proto.String("Carol"), Group: []string{"Work", "A&B"}})
		change("added", `<item jid="carol\40net.org@echo.localhost" subscription="both" name="Carol"><group>Work</group><group>A&amp;B</group></item>`)
		s.buddy(&pb.Buddy{BuddyName: name, Alias: proto.String("Carol")})
		change("the same", "")
		s.buddy(&pb.Buddy{BuddyName: name, Alias: proto.String("C.")})
		change("an alias", `<item jid="carol\40net.org@echo.localhost" subscription="both" name="C."><group>Work</group><group>A&amp;B</group></item>`)
		s.buddy(&pb.Buddy{BuddyName: name, Group: []string{"Home"}})
		change("a group", `<item jid="carol\40net.org@echo.localhost" subscription="both" name="C."><group>Home</group></item>`)
		_ = s.got()
		s.script(pb.WrapperMessage_TYPE_BUDDY_REMOVED, &pb.Buddy{UserName: proto.String(alice), BuddyName: name})
		change("removed", `<item jid="carol\40net.org@echo.localhost" subscription="remove"/>`)
		for _, typ := range []string{"unsubscribe", "unsubscribed"} { // the server's reaction
			s.user(`<presence type="` + typ + `" from="` + alice + `" to="carol\40net.org@` + transport + `"/>`)
		}
		s.want("the script knows that it removed the contact", s.got(), "")
		if stored := s.stored(); len(stored) != 0 {
			t.Errorf("stored: %v", stored)
		}
	})
}

// TestUnregisteringEmptiesTheRoster has a user with 20 contacts. The server's roster has these, one
// that the transport has forgotten, and one of another server.
func TestUnregisteringEmptiesTheRoster(t *testing.T) {
	const count = 20
	var contacts []*users.Contact
	roster := `<item jid="` + transport + `" subscription="both"/><item jid="forgotten@` + transport + `" subscription="to"/><item jid="carol@localhost" subscription="both"/>`
	for i := range count {
		name := fmt.Sprint("c", i)
		contacts = append(contacts, &users.Contact{Name: name, Subscribed: true})
		roster += `<item jid="` + name + "@" + transport + `" subscription="both"/>`
	}
	withoutReading := func(iq *xmltree.Node) string {
		if stanza.Attr(iq, "type") == "get" {
			return failure("internal-server-error")(iq)
		}
		return result("")(iq)
	}
	for _, c := range []struct {
		name, access   string
		answer         func(iq *xmltree.Node) string
		removed, ended int // in the roster, and by the end of subscriptions
	}{
		{"the whole roster", "both", keeper(roster, ""), count + 2, 0},
		{"the roster cannot be read", "both", withoutReading, count + 1, 0},
		{"the privilege to change only", "set", result(""), count + 1, 0},
		{"the server refuses", "both", failure("forbidden"), 0, count + 1},
		{"the server refuses to change", "set", failure("not-allowed"), 0, count + 1},
		{"no privilege", "none", nil, 0, count + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			withAlice(t, settings.Service{}, strings.Replace(grant, "both", c.access, 1), "", contacts, func(s *stage) {
				_ = s.sent()
				s.user(`<iq type="set" id="u" from="` + desktop + `" to="` + transport + `">` + removal + `</iq>`)
				removed, ended, most := s.empties(c.answer)
				if len(removed) != c.removed || len(ended) != c.ended || most > 8 {
					t.Errorf("removed: %v, subscriptions ended: %v, %d requests at once", removed, ended, most)
				}
				if !removed[transport] && !ended[transport] {
					t.Error("the transport stays in the roster")
				}
			})
		})
	}
	t.Run("registered again", func(t *testing.T) {
		withAlice(t, settings.Service{}, strings.Replace(grant, "both", "set", 1), "", contacts, func(s *stage) {
			_ = s.sent()
			s.user(`<iq type="set" id="u" from="` + desktop + `" to="` + transport + `">` + removal + `</iq>`)
			waiting := s.out.take()
			s.user(`<iq type="set" id="r" from="` + desktop + `" to="` + transport + `">` + registration("bob", "hunter2") + `</iq>`)
			s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
			for _, n := range waiting {
				if n.Name == "iq" {
					s.user(result("")(n))
				}
			}
			if removed, ended, _ := s.empties(result("")); len(removed)+len(ended) > 0 {
				t.Errorf("contacts of the new registration are removed: %v %v", removed, ended)
			}
		})
	})
}

// empties plays a server until nothing follows. It returns the JIDs that are removed from the
// roster, and those whose subscriptions end, and the greatest number of requests at once.
func (s *stage) empties(answer func(iq *xmltree.Node) string) (removed, ended map[string]bool, most int) {
	s.t.Helper()
	removed, ended = map[string]bool{}, map[string]bool{}
	for {
		synctest.Wait()
		sent, requests := s.out.take(), 0
		if len(sent) == 0 {
			return removed, ended, most
		}
		for _, n := range sent {
			switch typ := stanza.Attr(n, "type"); {
			case typ == "unsubscribed":
				ended[stanza.Attr(n, "from")] = true
			case typ == "get" || typ == "set":
				requests++
				text := answer(n)
				for _, item := range stanza.Children(stanza.Child(n, stanza.Roster, "query")) {
					if stanza.Attr(item, "subscription") == "remove" && strings.Contains(text, `type="result"`) {
						removed[stanza.Attr(item, "jid")] = true
					}
				}
				s.user(text)
			}
		}
		most = max(most, requests)
	}
}

// TestRosterIsCompletedAtLogin compares the contacts with the server's roster.
func TestRosterIsCompletedAtLogin(t *testing.T) {
	for _, c := range []struct{ name, roster, want string }{
		{"as before", `<item jid="asked@` + transport + `" subscription="none"/><item jid="friend@` + transport + `" subscription="both"/><item jid="removed@` + transport + `" subscription="both"/>`, "asked"},
		{"the user has removed one", `<item jid="asked@` + transport + `" subscription="both"/><item jid="friend@` + transport + `" subscription="both"/>`, ""},
		{"a new server", `<item jid="other@localhost" subscription="both"/>`, "asked friend removed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			contacts := []*users.Contact{{Name: "asked"}, {Name: "friend", Subscribed: true}, {Name: "removed", Subscribed: true}}
			withAlice(t, settings.Service{}, grant, "", contacts, func(s *stage) {
				items, _ := s.serve(keeper(c.roster, "both"))
				got := map[string]bool{}
				for _, n := range items {
					local, _, _ := jid.Split(stanza.Attr(n, "jid"))
					got[local] = true
				}
				for _, name := range []string{"asked", "friend", "removed"} {
					if want := strings.Contains(c.want, name); got[name] != want {
						t.Errorf("%s is set: %v, not %v", name, got[name], want)
					}
				}
				if !s.stored()["asked"].Subscribed {
					t.Error("the contact is not accepted")
				}
			})
		})
	}
}

// TestItemExchangeNeedsAClientThatUnderstandsIt has clients of all kinds.
func TestItemExchangeNeedsAClientThatUnderstandsIt(t *testing.T) {
	caps := `<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="http://client" ver="v1"/>`
	for _, c := range []struct {
		name     string
		answer   func(iq *xmltree.Node) string
		exchange bool
	}{
		{"yes", result(`<query xmlns="http://jabber.org/protocol/disco#info"><feature var="http://jabber.org/protocol/rosterx"/></query>`), true},
		{"no", result(`<query xmlns="http://jabber.org/protocol/disco#info"><feature var="x"/></query>`), false},
		{"error", failure("service-unavailable"), false},
		{"silence", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			withAlice(t, settings.Service{}, "", caps, nil, func(s *stage) {
				_ = s.sent()
				for _, name := range []string{"carol", "dora"} {
					s.buddy(&pb.Buddy{BuddyName: proto.String(name), Alias: proto.String("X"), Group: []string{"G"}})
				}
				asked := s.out.take()
				if len(asked) != 1 || stanza.Attr(stanza.Child(asked[0], stanza.DiscoInfo, "query"), "node") != "http://client#v1" {
					t.Fatalf("the client is not asked once: %v", asked)
				}
				if c.answer == nil {
					time.Sleep(time.Minute)
				} else {
					s.user(c.answer(asked[0]))
				}
				if !c.exchange {
					if sent := s.sent(); strings.Count(sent, "subscribe ") != 2 || strings.Contains(sent, "desktop") {
						t.Errorf("sent: %s", sent)
					}
					return
				}
				sent := s.out.take()
				if len(sent) != 1 {
					t.Fatalf("%d stanzas", len(sent))
				}
				text, err := sent[0].Text(1 << 10)
				want := `<message from="echo.localhost" to="alice@localhost/desktop"><x xmlns="http://jabber.org/protocol/rosterx">` +
					`<item jid="carol@echo.localhost" action="add" name="X"><group>G</group></item><item jid="dora@echo.localhost" action="add" name="X"><group>G</group></item></x></message>`
				if err != nil || text != want {
					t.Errorf("%v\n%s\nis not\n%s", err, text, want)
				}
				s.user(`<presence type="subscribe" from="` + alice + `" to="carol@` + transport + `"/>`)
				s.want("the client adds one", s.sent(), "subscribed carol@echo.localhost alice@localhost\navailable carol@echo.localhost/bot alice@localhost")
				s.buddy(&pb.Buddy{BuddyName: proto.String("carol"), Alias: proto.String("Y")})
				if n := s.out.take(); len(n) != 1 || stanza.Attr(stanza.Child(stanza.Child(n[0], stanza.RosterExchange, "x"), stanza.RosterExchange, "item"), "action") != "modify" {
					t.Errorf("an alias: %v", n)
				}
			})
		})
	}
}

// TestRefusedContactIsNotOfferedAgain refuses, bounces and removes contacts.
func TestRefusedContactIsNotOfferedAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		accept   bool
		refusal  string // types of presence
		remove   bool   // enable_remove_buddy
		removed  int    // BUDDY_REMOVED for the script
		isStored bool
	}{
		{"refused", false, "unsubscribed", false, 1, false},
		{"bounced", false, "error", false, 0, true},
		{"removed", true, "unsubscribe unsubscribed", true, 1, false},
		{"removed from the roster only", true, "unsubscribe unsubscribed", false, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			withAlice(t, settings.Service{RemoveBuddy: c.remove}, "", "", nil, func(s *stage) {
				carol := &pb.Buddy{BuddyName: proto.String("carol")}
				s.buddy(carol)
				if c.accept {
					s.user(`<presence type="subscribed" from="` + alice + `" to="carol@` + transport + `"/>`)
				}
				_, _ = s.sent(), s.got()
				for typ := range strings.FieldsSeq(c.refusal) {
					s.user(`<presence type="` + typ + `" from="` + alice + `" to="carol@` + transport + `"><error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>`)
				}
				if n := strings.Count(s.got(), "buddy_removed"); n != c.removed {
					t.Errorf("the script receives %d times that the contact is removed", n)
				}
				_ = s.sent()
				for range 3 {
					s.buddy(carol)
				}
				if sent := s.sent(); strings.Contains(sent, "subscribe") {
					t.Errorf("asked again: %s", sent)
				}
				if _, is := s.stored()["carol"]; is != c.isStored {
					t.Errorf("stored: %v", is)
				}
				s.user(`<presence type="subscribe" from="` + alice + `" to="carol@` + transport + `"/>`)
				s.want("the user changes their mind", s.sent(), "subscribed carol@echo.localhost alice@localhost\navailable carol@echo.localhost/bot alice@localhost")
				if !s.stored()["carol"].Subscribed {
					t.Error("the contact is not stored")
				}
			})
		})
	}
}

// TestRefusedContactStaysRefusedWhateverTheScriptSends has scripts that react to a refusal.
func TestRefusedContactStaysRefusedWhateverTheScriptSends(t *testing.T) {
	carol := func() *pb.Buddy {
		return &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()}
	}
	const changed, removed, asks = pb.WrapperMessage_TYPE_BUDDY_CHANGED, pb.WrapperMessage_TYPE_BUDDY_REMOVED, pb.WrapperMessage_TYPE_AUTH_REQUEST
	for _, reaction := range [][]pb.WrapperMessage_Type{{changed}, {asks}, {removed, changed}, {removed, asks}, {asks, removed, asks, changed}} {
		for _, first := range []pb.WrapperMessage_Type{changed, asks} {
			t.Run(fmt.Sprint(first, reaction), func(t *testing.T) {
				withAlice(t, settings.Service{}, "", "", nil, func(s *stage) {
					s.script(first, carol())
					s.user(`<presence type="unsubscribed" from="` + alice + `" to="carol@` + transport + `"/>`)
					_ = s.sent()
					for range 3 {
						for _, typ := range reaction {
							s.script(typ, carol())
						}
					}
					s.want("asked again", s.sent(), "")
					if stored := s.stored(); len(stored) != 0 {
						t.Errorf("stored: %v", stored)
					}
					s.script(changed, carol())
					s.user(`<presence type="subscribe" from="` + alice + `" to="carol@` + transport + `"/>`)
					s.want("the user changes their mind", s.sent(), "subscribed carol@echo.localhost alice@localhost\navailable carol@echo.localhost/bot alice@localhost")
				})
			})
		}
	}
}

// TestRefusedContactMayAskAfterTheUserHasWrittenToIt refuses the request of a contact, and later
// begins a chat with it.
func TestRefusedContactMayAskAfterTheUserHasWrittenToIt(t *testing.T) {
	store := gateway.Memory(t)
	add(t, store, alice, "0")
	synctest.Test(t, func(t *testing.T) {
		s := onStageWith(t, gateway.Features(), store, settings.Service{}, settings.User{})
		defer s.stop()
		s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
		s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
		asked := func() bool {
			_ = s.sent()
			s.script(pb.WrapperMessage_TYPE_AUTH_REQUEST, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol")})
			return strings.Contains(s.sent(), "subscribe carol@"+transport)
		}
		refuse := `<presence type="unsubscribed" from="` + alice + `" to="carol@` + transport + `"/>`
		write := `<message type="chat" from="` + desktop + `" to="carol@` + transport + `"><body>hi</body></message>`
		typing := `<message type="chat" from="` + desktop + `" to="carol@` + transport + `"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`
		for i, step := range []struct {
			stanza string
			asks   bool
		}{{"", true}, {refuse, false}, {typing, false}, {write, true}, {refuse, false}, {write, true}} {
			if step.stanza != "" {
				s.user(step.stanza)
			}
			if got := asked(); got != step.asks {
				t.Errorf("step %d: the user is asked: %v", i, got)
			}
		}
		s.user(refuse)
		s.user(write)
		s.buddy(&pb.Buddy{BuddyName: proto.String("carol")})
		if sent := s.sent(); strings.Contains(sent, "subscribe carol@") {
			t.Errorf("the script offers the contact: %s", sent)
		}
	})
}

// TestContactsAskTenTimesAMinute has scripts that offer the same contact again and again, while
// the client accepts it.
func TestContactsAskTenTimesAMinute(t *testing.T) {
	exchange := `<query xmlns="http://jabber.org/protocol/disco#info"><feature var="http://jabber.org/protocol/rosterx"/></query>`
	for _, c := range []struct {
		name, caps string
		offer      func(s *stage)
	}{
		{"auth_request", "", func(s *stage) {
			s.script(pb.WrapperMessage_TYPE_AUTH_REQUEST, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol")})
		}},
		{"buddy_changed", "", func(s *stage) { s.buddy(&pb.Buddy{BuddyName: proto.String("carol")}) }},
		{"item exchange", `<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="http://client" ver="v1"/>`, func(s *stage) {
			s.buddy(&pb.Buddy{BuddyName: proto.String("carol")})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			withAlice(t, settings.Service{}, "", c.caps, nil, func(s *stage) {
				asked := func() (count int) {
					for range 50 {
						c.offer(s)
						for _, n := range s.out.take() {
							text, err := n.Text(1 << 10)
							switch {
							case err != nil:
								t.Fatal(err)
							case n.Name == "iq":
								s.user(result(exchange)(n))
							case stanza.Attr(n, "type") == "subscribe", strings.Contains(text, `action="add"`):
								count++
							}
						}
						for _, n := range s.out.take() { // after the client has said what it understands
							if n.Name == "message" {
								count++
							}
						}
						s.user(`<presence type="subscribed" from="` + alice + `" to="carol@` + transport + `"/>`)
						s.script(pb.WrapperMessage_TYPE_BUDDY_REMOVED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol")})
					}
					return count
				}
				for _, when := range []string{"in the first minute", "in the second"} {
					if n := asked(); n != 10 {
						t.Errorf("%s, carol asks %d times", when, n)
					}
					time.Sleep(time.Minute)
				}
			})
		})
	}
}

// TestUsersAddALimitedNumberOfContacts has a user with almost as many contacts as possible. The
// script is not limited.
func TestUsersAddALimitedNumberOfContacts(t *testing.T) {
	withAlice(t, settings.Service{}, "", "", nil, func(s *stage) {
		err := s.router.For(alice, func(u *router.User) {
			for i := range roster.MaxContacts - 1 { // not stored, to be quick
				name := fmt.Sprint("c", i)
				roster.Of(u)[name] = &roster.Contact{Contact: users.Contact{Name: name, Subscribed: true}, Status: pb.StatusType_STATUS_TYPE_NONE}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, c := range []struct{ typ, name, sent, got string }{
			{"subscribe", "last", "subscribed last@echo.localhost alice@localhost\nunavailable last@echo.localhost/bot alice@localhost", "buddy_changed"},
			{"subscribe", "more", "unsubscribed more@echo.localhost alice@localhost", ""},
			{"subscribed", "more", "", ""},
			{"subscribe", "c0", "subscribed c0@echo.localhost alice@localhost\nunavailable c0@echo.localhost/bot alice@localhost", ""},
		} {
			s.user(`<presence type="` + c.typ + `" from="` + alice + `" to="` + c.name + `@` + transport + `"/>`)
			s.want(c.typ+" to "+c.name, s.sent(), c.sent)
			s.want("the script, after "+c.typ+" to "+c.name, s.got(), c.got)
		}
		s.buddy(&pb.Buddy{BuddyName: proto.String("friend")})
		if stored := s.stored(); len(stored) != 2 || stored["friend"].Name == "" || stored["last"].Name == "" {
			t.Errorf("%d contacts are stored", len(stored))
		}
	})
}

// TestContactThatAsksIsStoredWhenTheUserAccepts plays both answers to AUTH_REQUEST. The
// server would let the transport change the roster, but the user decides.
func TestContactThatAsksIsStoredWhenTheUserAccepts(t *testing.T) {
	for answer, want := range map[string]string{"subscribed": "buddy_changed", "unsubscribed": "buddy_removed"} {
		t.Run(answer, func(t *testing.T) {
			withAlice(t, settings.Service{}, grant, "", nil, func(s *stage) {
				s.script(pb.WrapperMessage_TYPE_AUTH_REQUEST, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Alias: proto.String("Carol")})
				s.want("the request", s.sent(), "subscribe carol@echo.localhost alice@localhost")
				if stored := s.stored(); len(stored) != 0 {
					t.Errorf("stored before the answer: %v", stored)
				}
				s.user(`<presence type="` + answer + `" from="` + alice + `" to="carol@` + transport + `"/>`)
				s.want("the answer", s.got(), want)
				if c := s.stored()["carol"]; c.Subscribed != (answer == "subscribed") || c.Subscribed && c.Alias != "Carol" {
					t.Errorf("stored: %+v", c)
				}
			})
		})
	}
}

// TestFlagsOfContacts has contacts that Spectrum stored, and a new one.
func TestFlagsOfContacts(t *testing.T) {
	contacts := []*users.Contact{
		{Name: "old@net", Subscribed: true},
		{Name: "new@net", Subscribed: true, Flags: users.FlagEscaped},
		{Name: "ignored", Subscribed: true, Flags: users.FlagIgnored | users.FlagEscaped},
	}
	for _, escaping := range []bool{true, false} {
		withAlice(t, settings.Service{JIDEscaping: escaping}, "", "", contacts, func(s *stage) {
			_ = s.sent()
			for _, c := range contacts {
				s.buddy(&pb.Buddy{BuddyName: &c.Name})
			}
			s.want("JIDs stay", s.sent(), `available old%net@echo.localhost/bot alice@localhost`+"\n"+`available new\40net@echo.localhost/bot alice@localhost`)
			s.buddy(&pb.Buddy{BuddyName: proto.String("old@net"), Blocked: proto.Bool(true)})
			s.want("a blocked contact is offline", s.sent(), `unavailable old%net@echo.localhost/bot alice@localhost`)
			s.buddy(&pb.Buddy{BuddyName: proto.String("third@net")})
			stored := s.stored()
			if f := stored["old@net"].Flags; f != users.FlagBlocked {
				t.Errorf("flags of a blocked contact: %v", f)
			}
			if f := stored["third@net"].Flags; (f == users.FlagEscaped) != escaping {
				t.Errorf("flags of a new contact with jid_escaping %v: %v", escaping, f)
			}
		})
	}
}

// TestRestartsOfTheServerCauseNoStorm restarts the server many times while users come and
// go, and counts all that is sent.
func TestRestartsOfTheServerCauseNoStorm(t *testing.T) {
	const people, contacts, restarts = 20, 50, 30
	store := gateway.Memory(t)
	name := func(i int) string { return fmt.Sprintf("u%d@localhost", i) }
	for i := range people {
		add(t, store, name(i), fmt.Sprint(i%2))
	}
	synctest.Test(t, func(t *testing.T) {
		s := onStage(t, store, settings.Service{}, settings.User{})
		defer s.stop()
		count := map[string]int{}
		tally := func() {
			for line := range strings.Lines(s.sent()) {
				kind, rest, _ := strings.Cut(line, " ")
				if strings.HasPrefix(rest, transport) {
					kind += " of the transport"
				}
				count[kind]++
			}
			for typ := range strings.FieldsSeq(s.got()) {
				count[typ]++
			}
		}
		s.router.StreamOpened()
		for i := range people {
			s.user(`<presence from="` + name(i) + `/a" to="` + transport + `"/>`)
			s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(name(i)))
			for c := range contacts {
				s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(name(i)), BuddyName: proto.String(fmt.Sprint("c", c)), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
			}
		}
		tally()
		for what, want := range map[string]int{"login": people, "subscribe": people * contacts, "available": people * contacts, "available of the transport": people} {
			if count[what] != want {
				t.Errorf("at the start, %s: %d, not %d", what, count[what], want)
			}
		}
		clear(count)
		for n := range restarts {
			s.router.StreamOpened()
			synctest.Wait() // a server answers only after the probe
			for i := range people {
				if i%4 != n%4 { // the others have gone, until the next restart
					s.user(stillThere(name(i) + "/a"))
				}
			}
			time.Sleep(time.Minute)
			for i := range people {
				s.user(`<presence from="` + name(i) + `/a" to="` + transport + `"/>`)
				s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(name(i)))
			}
			tally()
		}
		// In each restart a quarter of the people have gone: those with even numbers end
		// their session in half of the restarts.
		gone := people / 4 * restarts
		for what, want := range map[string]int{
			"subscribe": 0, "subscribed": 0, "probe": 0, "probe of the transport": people * restarts,
			"login": count["logout"], "logout": gone / 2,
		} {
			if count[what] != want {
				t.Errorf("over %d restarts, %s: %d, not %d", restarts, what, count[what], want)
			}
		}
		// The contacts of those who return are shown once.
		if got, most := count["available"], gone*contacts; got > most {
			t.Errorf("over %d restarts, presence of contacts: %d, more than %d", restarts, got, most)
		}
		if got, most := count["available of the transport"], people*restarts+gone; got > most {
			t.Errorf("over %d restarts, presence of the transport: %d, more than %d", restarts, got, most)
		}
	})
}

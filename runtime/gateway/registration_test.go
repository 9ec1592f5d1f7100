package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const (
	registerQuery = `<query xmlns="jabber:iq:register"/>`
	removal       = `<query xmlns="jabber:iq:register"><remove/></query>`
)

// registration returns a request with the plain elements.
func registration(name, password string) string {
	return `<query xmlns="jabber:iq:register"><username>` + name + `</username><password>` + password + `</password></query>`
}

// filledForm returns a request with a data form. fields are names and values, in turn.
func filledForm(fields ...string) string {
	return `<query xmlns="jabber:iq:register">` + submitted("jabber:iq:register", fields...) + `</query>`
}

// submitted returns a data form that a user has filled in.
func submitted(kind string, fields ...string) string {
	var b strings.Builder
	b.WriteString(`<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden"><value>` + kind + `</value></field>`)
	for i := 0; i < len(fields); i += 2 {
		b.WriteString(`<field var="` + fields[i] + `"><value>` + fields[i+1] + `</value></field>`)
	}
	return b.String() + `</x>`
}

// fieldsOf returns the values of the fields in a form, by their names.
func fieldsOf(t *testing.T, parent *xmltree.Node) map[string]*xmltree.Node {
	t.Helper()
	x := stanza.Child(parent, stanza.DataForm, "x")
	if x == nil {
		t.Fatalf("there is no form in %v", parent)
	}
	all := map[string]*xmltree.Node{}
	for _, n := range stanza.Children(x) {
		if n.Name == "field" {
			all[n.Get("var")] = n
		}
	}
	return all
}

func (s *scene) account() users.Account {
	s.t.Helper()
	a, err := s.store.Find(s.ctx, alice)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func TestRegistrationForm(t *testing.T) {
	s := play(t, "[registration]\ninstructions=Your nick.\nusername_label=Nick\npassword_label=Secret\nlanguage=cs\nnotify_jid=boss@localhost\nnotify_jid=help@localhost\n")
	q := s.result("get", transport, registerQuery)
	if stanza.ChildText(q, stanza.Register, "instructions") != "Your nick." || stanza.Child(q, stanza.Register, "registered") != nil {
		t.Errorf("the form: %v", q)
	}
	fields := fieldsOf(t, q)
	for name, label := range map[string]string{"username": "Nick", "password": "Secret", "language": "Language"} {
		if fields[name] == nil || fields[name].Get("label") != label {
			t.Errorf("the field %s is not labelled %s: %v", name, label, fields[name])
		}
	}
	if fields["unregister"] != nil {
		t.Error("a stranger can unregister")
	}
	s.result("set", transport, filledForm("username", "bob", "password", "hunter2", "language", "de"))
	for _, boss := range []string{"boss@localhost", "help@localhost"} {
		s.expect("a notice to "+boss, func(n *xmltree.Node) bool {
			return n.Name == "message" && n.Get("to") == boss && stanza.ChildText(n, "", "body") == "registered: "+alice
		})
	}
	if c := s.refused("set", transport, filledForm("username", "bob", "unregister", "yes")); c != stanza.NotAcceptable {
		t.Errorf("a field that is no boolean: %s", c)
	}
	if a := s.account(); a.Name != "bob" || a.Password != "hunter2" || a.Language != "de" {
		t.Errorf("the account: %+v", a)
	}
	q = s.result("get", transport, registerQuery)
	if stanza.Child(q, stanza.Register, "registered") == nil || stanza.ChildText(q, stanza.Register, "username") != "bob" || stanza.ChildText(q, stanza.Register, "password") != "" {
		t.Errorf("the form of a registered user: %v", q)
	}
	s.result("set", transport, filledForm("unregister", "1"))
	s.expect("a notice", func(n *xmltree.Node) bool {
		return n.Name == "message" && stanza.ChildText(n, "", "body") == "unregistered: "+alice
	})
	if _, err := s.store.Find(s.ctx, alice); err == nil {
		t.Error("the user is still registered")
	}
}

func TestRegistrationIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, config, payload string
		want                  stanza.Condition
	}{
		{"no username", "", registration("", "pw"), stanza.NotAcceptable},
		{"blank username", "", registration("  ", "pw"), stanza.NotAcceptable},
		{"no password", "", registration("bob", ""), stanza.NotAcceptable},
		{"own JID", "", registration(alice, "pw"), stanza.NotAcceptable},
		{"own full JID", "", filledForm("username", desktop, "password", "pw"), stanza.NotAcceptable},
		{"too long a password", "", registration("bob", strings.Repeat("x", 5000)), stanza.NotAcceptable},
		{"pattern", "[registration]\nallowed_usernames=[a-z]+\n", registration("b0b", "pw"), stanza.NotAcceptable},
		{"pattern of a part", "[registration]\nallowed_usernames=b\n", registration("bob", "pw"), stanza.NotAcceptable},
		{"pattern after the mask", "[registration]\nusername_mask=$username@net\nallowed_usernames=[a-z]+\n", registration("bob", "pw"), stanza.NotAcceptable},
		{"closed", "[registration]\nenable_public_registration=0\n", registration("bob", "pw"), stanza.NotAllowed},
		{"foreign server", "[service]\nallowed_servers=example.net\n", registration("bob", "pw"), stanza.Forbidden},
		{"remove a stranger", "", removal, stanza.RegistrationRequired},
		{"remove and more", "", `<query xmlns="jabber:iq:register"><remove/><username>x</username></query>`, stanza.BadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, c.config)
			if got := s.refused("set", transport, c.payload); got != c.want {
				t.Errorf("%s, not %s", got, c.want)
			}
			if _, err := s.store.Find(s.ctx, alice); err == nil {
				t.Error("the user is registered")
			}
		})
	}
}

func TestRegistrationOfAllowedServersIsOpenWhenThePublicOneIsClosed(t *testing.T) {
	s := play(t, "[registration]\nenable_public_registration=0\n[service]\nallowed_servers=localhost\n")
	s.result("get", transport, registerQuery)
	s.result("set", transport, registration("bob", "pw"))
}

func TestUsernameMaskAppliesOnce(t *testing.T) {
	s := play(t, "[registration]\nusername_mask=$username@net\nallowed_usernames=[a-z]+@net\n")
	s.result("set", transport, registration("bob", "pw"))
	shown := stanza.ChildText(s.result("get", transport, registerQuery), stanza.Register, "username")
	s.result("set", transport, registration(shown, "other"))
	if a := s.account(); a.Name != "bob@net" || a.Password != "other" {
		t.Errorf("the account: %+v", a)
	}
}

// TestChangedPasswordLogsInAgain changes the password of a user. Their server shows no presence,
// because it has no subscription.
func TestChangedPasswordLogsInAgain(t *testing.T) {
	refused := func(s *scene) {
		s.online()
		s.script(pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED.Enum()})
		delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
	}
	for _, c := range []struct {
		name, config string
		before       func(s *scene)
		online       bool // the user has a client
		login        bool // at once
	}{
		{"online", "", (*scene).online, true, true},
		{"online, stays connected", "[settings]\nstay_connected=1\n", (*scene).online, true, true},
		{"without clients, stays connected", "[settings]\nstay_connected=1\n", func(s *scene) {
			s.online()
			s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
		}, false, true},
		{"only in a room", "", func(s *scene) {
			s.register()
			s.user(`<presence from="` + desktop + `" to="#den@` + transport + `/me"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
			delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
		}, true, true},
		{"refused, stays connected", "[settings]\nstay_connected=1\n", refused, false, true},
		{"refused", "", refused, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, c.config)
			c.before(s)
			s.result("set", transport, registration("bob", "hunter2")) // nothing new
			s.result("set", transport, registration("bob", "hunter3"))
			if !c.login {
				s.expect("a probe", presence(transport, "probe"))
				s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
			}
			if login := delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN); login.GetPassword() != "hunter3" {
				t.Error("the login has the old password")
			}
			s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
			if status := delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED); (status.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY) != (c.online || !c.login) {
				t.Errorf("the status: %v", status)
			}
			s.user(`<message type="chat" id="m" from="` + desktop + `" to="carol@` + transport + `"><body>hi</body></message>`)
			delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE)
		})
	}
}

// TestNetworkWithoutPasswords has a script that announces that it needs none.
func TestNetworkWithoutPasswords(t *testing.T) {
	s := play(t, "")
	s.announce("[registration]\nneedPassword=0\n")
	if q := s.result("get", transport, registerQuery); stanza.Child(q, stanza.Register, "password") != nil || fieldsOf(t, q)["password"] != nil {
		t.Errorf("the form asks for a password: %v", q)
	}
	s.result("set", transport, `<query xmlns="jabber:iq:register"><username>bob</username></query>`)
	s.result("set", transport, `<query xmlns="jabber:iq:register"><username>bob</username></query>`)
	s.user(`<iq type="set" id="eve" from="eve@localhost/x" to="` + transport + `"><query xmlns="jabber:iq:register"><username>bob</username></query></iq>`)
	if e := stanza.ErrorOf(s.expect("the answer to eve", answer("eve"))); e == nil || e.Condition != stanza.Conflict {
		t.Errorf("eve takes the name of alice: %v", e)
	}
}

func TestAutomaticRegistration(t *testing.T) {
	for _, c := range []struct{ name, config, announced, presence, want string }{
		{"config", "[registration]\nauto_register=1\n", "", `<presence from="` + desktop + `" to="` + transport + `"/>`, alice},
		{"script", "", "[registration]\nneedRegistration=0\n", `<presence from="` + desktop + `" to="` + transport + `"/>`, alice},
		{"room", "[registration]\nauto_register=1\n", "", `<presence from="` + desktop + `" to="#room@` + transport + `/Nick"><x xmlns="http://jabber.org/protocol/muc"/></presence>`, "Nick"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, c.config)
			if c.announced != "" {
				s.announce(c.announced)
			}
			s.user(c.presence)
			if login := delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN); login.GetLegacyName() != c.want || login.GetSettings().GetValue()["enable_transport"] != "1" {
				t.Errorf("login: %v", login)
			}
			if a := s.account(); a.Name != c.want {
				t.Errorf("the account: %+v", a)
			}
		})
	}
}

// TestAutomaticallyRegisteredUserChangesTheLanguage keeps the bare JID as the username and has no
// password.
func TestAutomaticallyRegisteredUserChangesTheLanguage(t *testing.T) {
	s := play(t, "[registration]\nauto_register=1\n")
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	if password := fieldsOf(t, s.result("get", transport, registerQuery))["password"]; stanza.Child(password, stanza.DataForm, "required") != nil {
		t.Error("the form requires a password that the user does not have")
	}
	s.result("set", transport, filledForm("username", alice, "language", "de"))
	if a := s.account(); a.Name != alice || a.Password != "" || a.Language != "de" {
		t.Errorf("the account: %+v", a)
	}
	if c := s.refused("set", transport, filledForm("username", "bob")); c != stanza.NotAcceptable {
		t.Errorf("another username without a password: %s", c)
	}
}

// TestAutomaticRegistrationHasTheSameRules joins a room as a nickname, which becomes the username. Eve
// has registered bob before.
func TestAutomaticRegistrationHasTheSameRules(t *testing.T) {
	for _, c := range []struct {
		name, config, nick, want string
		refusal                  stanza.Condition
	}{
		{"pattern", "allowed_usernames=[a-z]+\n", "carol", "carol", ""},
		{"pattern that does not match", "allowed_usernames=[a-z]+\n", "Carol 12!", "", stanza.NotAcceptable},
		{"mask", "username_mask=$username@net\nallowed_usernames=[a-z]+@net\n", "carol", "carol@net", ""},
		{"no username", "", " ", "", stanza.NotAcceptable},
		{"name of another user", "needPassword=0\n", "bob", "", stanza.Conflict},
		{"masked name of another user", "needPassword=0\nusername_mask=$usernameb\n", "bo", "", stanza.Conflict},
		{"name of another user, with passwords", "", "bob", "bob", ""},
		{"users may not register by themselves", "enable_public_registration=0\n", "carol", "carol", ""},
		{"foreign server", "[service]\nallowed_servers=example.net\n", "carol", "", stanza.Forbidden},
		{"VIPs only", "[service]\nvip_only=1\n", "carol", "", stanza.RegistrationRequired},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "[registration]\nauto_register=1\nnotify_jid=boss@localhost\n"+c.config)
			if _, err := s.store.Register(s.ctx, users.Account{JID: "eve@localhost", Name: "bob"}, nil); err != nil {
				t.Fatal(err)
			}
			s.user(`<presence id="j" from="` + desktop + `" to="#den@` + transport + `/` + c.nick + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
			if c.refusal != "" {
				n := s.expect("the refusal", func(n *xmltree.Node) bool { return n.Get("id") == "j" })
				if e := stanza.ErrorOf(n); e == nil || e.Condition != c.refusal {
					t.Errorf("the refusal: %v", e)
				}
				if a, err := s.store.Find(s.ctx, alice); err == nil {
					t.Errorf("the user is registered: %+v", a)
				}
				return
			}
			if login := delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN); login.GetLegacyName() != c.want {
				t.Errorf("the login: %v", login)
			}
			s.expect("a notice to the admin", func(n *xmltree.Node) bool {
				return n.Name == "message" && n.Get("to") == "boss@localhost" && stanza.ChildText(n, "", "body") == "registered: "+alice
			})
		})
	}
}

// TestUnregisteringForgetsTheStores expects that at once, and again when the logout of the
// script has ended. A failure does not keep the account.
func TestUnregisteringForgetsTheStores(t *testing.T) {
	forgotten := make(chan string, 2)
	s := play(t, "", func(s *scene) {
		s.forget = func(_ context.Context, jid string) error {
			forgotten <- jid
			return users.ErrUnavailable
		}
	})
	s.online()
	s.result("set", transport, removal)
	if jid := <-forgotten; jid != alice {
		t.Errorf("forgotten: %s", jid)
	}
	s.passes(10 * time.Second)
	select {
	case <-forgotten:
	case <-s.ctx.Done():
		t.Error("what the script writes at the logout stays")
	}
}

// TestUnregistrationThatFailsChangesNothing has a database that refuses to remove the account,
// as a full one or one that cannot be written does.
func TestUnregistrationThatFailsChangesNothing(t *testing.T) {
	for _, isOnline := range []bool{true, false} {
		t.Run(fmt.Sprintf("online %v", isOnline), func(t *testing.T) {
			s := play(t, "", usersIn(t.TempDir()))
			if isOnline {
				s.online()
			} else {
				s.register()
			}
			id := s.account().ID
			if err := s.store.Save(s.ctx, id, &users.Contact{Name: "dora", Subscribed: true}); err != nil {
				t.Fatal(err)
			}
			if isOnline {
				s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("dora"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
				delivered[*pb.Buddy](s, pb.WrapperMessage_TYPE_BUDDY_CHANGED)
				s.user(`<presence type="subscribed" from="` + alice + `" to="dora@` + transport + `"/>`)
				delivered[*pb.Buddy](s, pb.WrapperMessage_TYPE_BUDDY_CHANGED)
			}
			s.handled()
			file := database.New(database.Source{Engine: database.SQLite, Path: s.store.String()})
			defer func() { _ = file.Close() }()
			if _, err := file.Exec(s.ctx, "CREATE TRIGGER refuse BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'refused'); END"); err != nil {
				t.Fatal(err)
			}
			before := len(s.server.Stanzas())
			if c := s.refused("set", transport, removal); c != stanza.ResourceConstraint {
				t.Errorf("the answer: %s", c)
			}
			s.handled()
			for _, n := range s.server.Stanzas()[before:] {
				if n.Name == "presence" && n.Get("type") != "probe" { // the start probes all users
					t.Errorf("the user receives %v", n)
				}
			}
			select {
			case p := <-s.payloads:
				t.Errorf("the script receives %v", p.typ)
			default:
			}
			if stored, err := s.store.Contacts(s.ctx, id); err != nil || len(stored) != 1 || !stored[0].Subscribed {
				t.Errorf("the contacts: %v %v", stored, err)
			}

			if _, err := file.Exec(s.ctx, "DROP TRIGGER refuse"); err != nil {
				t.Fatal(err)
			}
			s.result("set", transport, removal)
			if isOnline {
				s.expect("dora is offline", presence("dora@"+transport, "unavailable"))
				delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
			}
			s.expect("the transport lets go", presence(transport, "unsubscribed"))
			s.expect("dora lets go", presence("dora@"+transport, "unsubscribed"))
		})
	}
}

// TestRegistrationWithoutDatabase closes the database, as an outage does.
func TestRegistrationWithoutDatabase(t *testing.T) {
	s := play(t, "")
	s.online()
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ typ, payload string }{
		{"get", registerQuery},
		{"set", registration("bob", "top-secret-7")},
		{"set", filledForm("username", "bob", "password", "top-secret-7")},
		{"set", removal},
	} {
		n := s.ask(c.typ, transport, c.payload)
		if e := stanza.ErrorOf(n); e == nil || e.Condition != stanza.ResourceConstraint || stanza.Child(n, "", "error").Get("type") != "wait" {
			t.Errorf("%s: %v", c.payload, n)
		}
	}
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("carol"), Message: proto.String("hi")})
	s.expect("alice is still online", message("carol@"+transport))
	for _, secret := range []string{"top-secret-7", "hunter2"} {
		if strings.Contains(s.logged.String(), secret) {
			t.Errorf("the log contains a password:\n%s", s.logged.String())
		}
	}
}

package gateway_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// commandNodes returns the commands that alice sees.
func (s *scene) commandNodes() []string {
	s.t.Helper()
	var nodes []string
	for _, item := range stanza.Children(s.result("get", transport, `<query xmlns="http://jabber.org/protocol/disco#items" node="http://jabber.org/protocol/commands"/>`)) {
		nodes = append(nodes, item.Get("node"))
	}
	return nodes
}

func commandXML(attributes, content string) string {
	return `<command xmlns="http://jabber.org/protocol/commands" ` + attributes + `>` + content + `</command>`
}

// begin starts a command with a form and returns the fields and the session.
func (s *scene) begin(node string) (fields map[string]*xmltree.Node, session string) {
	s.t.Helper()
	c := s.result("set", transport, commandXML(`node="`+node+`" action="execute"`, ""))
	if c.Get("status") != "executing" || c.Get("sessionid") == "" || c.Get("node") != node {
		s.t.Fatalf("%s: %v", node, c.Attr)
	}
	return fieldsOf(s.t, c), c.Get("sessionid")
}

// complete runs a command with a form. It returns its note.
func (s *scene) complete(node string, fields ...string) string {
	s.t.Helper()
	_, session := s.begin(node)
	c := s.result("set", transport, commandXML(`node="`+node+`" action="complete" sessionid="`+session+`"`, submitted("", fields...)))
	if c.Get("status") != "completed" || c.Get("sessionid") != session {
		s.t.Fatalf("%s: %v", node, c.Attr)
	}
	return stanza.ChildText(c, stanza.Commands, "note")
}

func TestCommandsOfUsers(t *testing.T) {
	s := play(t, "")
	if got := s.commandNodes(); !slices.Equal(got, []string{"register"}) {
		t.Errorf("the commands of a stranger: %v", got)
	}
	info := s.result("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info" node="register"/>`)
	if n := stanza.Child(info, stanza.DiscoInfo, "identity"); n == nil || n.Get("type") != "command-node" || !slices.Contains(vars(info), stanza.Commands) {
		t.Errorf("the command: %v", info)
	}
	for _, node := range []string{"settings", "unregister", "change"} {
		if c := s.refused("set", transport, commandXML(`node="`+node+`"`, "")); c != stanza.Forbidden {
			t.Errorf("%s of a stranger: %s", node, c)
		}
		if c := s.refused("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info" node="`+node+`"/>`); c != stanza.Forbidden {
			t.Errorf("the description of %s for a stranger: %s", node, c)
		}
	}
	s.complete("register", "username", "bob", "password", "hunter2")
	if got := s.commandNodes(); !slices.Equal(got, []string{"change", "unregister", "settings"}) {
		t.Errorf("the commands of a user: %v", got)
	}
	s.complete("change", "username", "bobby", "password", "hunter3")
	if a := s.account(); a.Name != "bobby" || a.Password != "hunter3" {
		t.Errorf("the account: %+v", a)
	}
	s.complete("unregister", "confirm", "0")
	s.account()
	_, session := s.begin("unregister")
	if c := s.refused("set", transport, commandXML(`node="unregister" sessionid="`+session+`"`, submitted("", "confirm", "yes"))); c != stanza.BadRequest {
		t.Errorf("a confirmation that is no boolean: %s", c)
	}
	s.complete("unregister", "confirm", "1")
	if _, err := s.store.Find(s.ctx, alice); err == nil {
		t.Error("the user is still registered")
	}
}

func TestSettingsCommand(t *testing.T) {
	s := play(t, "[settings]\nsend_headlines=1\n")
	s.online()
	fields, _ := s.begin("settings")
	for name, want := range map[string]string{"enable_transport": "1", "stay_connected": "0", "send_headlines": "1"} {
		if got := stanza.ChildText(fields[name], stanza.DataForm, "value"); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	s.complete("settings", "stay_connected", "true", "send_headlines", "0", "other", "1")
	stored, err := s.store.Settings(s.ctx, s.account().ID)
	if err != nil || stored["stay_connected"] != "1" || stored["send_headlines"] != "0" || stored["enable_transport"] != "1" || stored["other"] != "" {
		t.Errorf("the settings: %v %v", stored, err)
	}
	s.complete("settings", "enable_transport", "0")
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
	s.complete("settings", "enable_transport", "1")
	s.expect("a probe", presence(transport, "probe"))
}

// TestSettingThatIsNeitherTrueNorFalse sends one wrong and one right value. Neither is stored.
func TestSettingThatIsNeitherTrueNorFalse(t *testing.T) {
	s := play(t, "")
	s.register()
	_, session := s.begin("settings")
	e := stanza.ErrorOf(s.ask("set", transport, commandXML(`node="settings" sessionid="`+session+`"`, submitted("", "stay_connected", "1", "send_headlines", "banana"))))
	if e == nil || e.App.Name != "bad-payload" || !strings.Contains(e.Text, "send_headlines") {
		t.Errorf("a wrong value: %v", e)
	}
	account, err := s.store.Find(s.ctx, alice)
	if err != nil {
		t.Fatal(err)
	}
	if values, err := s.store.Settings(s.ctx, account.ID); err != nil || values["stay_connected"] == "1" {
		t.Errorf("the settings are %v, %v", values, err)
	}
}

// TestSettingsCommandTakesEffectAtOnce turns stay_connected off without another client.
func TestSettingsCommandTakesEffectAtOnce(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1\n")
	s.online()
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED)
	s.complete("settings", "stay_connected", "0")
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
}

// TestStepsOfACommandThatAreWrong checks the errors of XEP-0050, section 4.4. SESSION stands
// for the id of a session.
func TestStepsOfACommandThatAreWrong(t *testing.T) {
	s := play(t, "")
	_, session := s.begin("register")
	form := submitted("", "username", "bob", "password", "pw")
	reply := func(payload string) *stanza.Error {
		return stanza.ErrorOf(s.ask("set", transport, strings.ReplaceAll(payload, "SESSION", session)))
	}
	wrong := []struct{ name, payload, want string }{
		{"unknown node", commandXML(`node="x"`, ""), "item-not-found"},
		{"no node", commandXML(``, ""), "item-not-found"},
		{"unknown action", commandXML(`node="register" action="x"`, ""), "bad-request malformed-action"},
		{"unknown action in a session", commandXML(`node="register" action="x" sessionid="SESSION"`, form), "bad-request malformed-action"},
		{"back", commandXML(`node="register" action="prev" sessionid="SESSION"`, form), "bad-request bad-action"},
		{"forward", commandXML(`node="register" action="next" sessionid="SESSION"`, form), "bad-request bad-action"},
		{"the end before the begin", commandXML(`node="register" action="complete"`, ""), "bad-request bad-action"},
		{"unknown session", commandXML(`node="register" action="complete" sessionid="1"`, form), "bad-request bad-sessionid"},
		{"a changed session", commandXML(`node="register" action="complete" sessionid="SESSION8"`, form), "bad-request bad-sessionid"},
		{"no form", commandXML(`node="register" action="complete" sessionid="SESSION"`, ""), "bad-request bad-payload"},
		{"a form without a field", commandXML(`node="register" sessionid="SESSION"`, submitted("", "username", "bob")), "bad-request bad-payload"},
	}
	for _, c := range wrong {
		e := reply(c.payload)
		if e == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		got := string(e.Condition)
		if e.App.Name != "" {
			got += " " + e.App.Name
		}
		if got != c.want || e.App.Name != "" && e.App.Space != stanza.Commands {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
	for name, payload := range map[string]string{
		"action": commandXML(`node="register" action="cancel" sessionid="SESSION"`, ""),
		"form":   commandXML(`node="register" sessionid="SESSION"`, `<x xmlns="jabber:x:data" type="cancel"/>`),
	} {
		_, session := s.begin("register")
		if c := s.result("set", transport, strings.ReplaceAll(payload, "SESSION", session)); c.Get("status") != "canceled" {
			t.Errorf("%s: %v", name, c.Attr)
		}
		if e := stanza.ErrorOf(s.ask("set", transport, commandXML(`node="register" sessionid="`+session+`"`, form))); e == nil || e.App.Name != "bad-sessionid" {
			t.Errorf("%s: a session that is canceled: %v", name, e)
		}
	}
	if _, err := s.store.Find(s.ctx, alice); err == nil {
		t.Error("the user is registered")
	}
	s.passes(2 * time.Hour)
	if e := reply(commandXML(`node="register" action="complete" sessionid="SESSION"`, form)); e == nil || e.Condition != stanza.NotAllowed || e.App.Name != "session-expired" {
		t.Errorf("an old session: %v", e)
	}
	_, session = s.begin("register")
	_, other := s.begin("register")
	s.result("set", transport, commandXML(`node="register" sessionid="`+session+`"`, form))
	if session == other {
		t.Error("two sessions have the same id")
	}
	if e := stanza.ErrorOf(s.ask("set", transport, commandXML(`node="unregister" sessionid="`+session+`"`, form))); e == nil || e.App.Name != "bad-sessionid" {
		t.Errorf("a session that is complete: %v", e)
	}
	_, of := s.begin("settings")
	if e := reply(commandXML(`node="unregister" sessionid="`+of+`"`, submitted("", "confirm", "1"))); e == nil || e.App.Name != "bad-sessionid" {
		t.Errorf("the session of another command: %v", e)
	}
}

func TestCommandsOfAdmins(t *testing.T) {
	const admin = "http://jabber.org/protocol/admin"
	s := play(t, "[service]\nadmin_jid="+alice+"\n")
	s.online()
	s.user(`<iq type="set" id="eve" from="eve@localhost/x" to="` + transport + `">` + registration("evil", "pw") + `</iq>`)
	s.expect("eve registers", answer("eve"))
	s.user(`<iq type="set" id="eve2" from="eve@localhost/x" to="` + transport + `">` + commandXML(`node="`+admin+`#get-online-users-list"`, "") + `</iq>`)
	if e := stanza.ErrorOf(s.expect("the answer to eve", answer("eve2"))); e == nil || e.Condition != stanza.Forbidden {
		t.Errorf("eve is an admin: %v", e)
	}
	for node, want := range map[string][]string{"registered": {alice, "eve@localhost"}, "online": {alice}} {
		c := s.result("set", transport, commandXML(`node="`+admin+`#get-`+node+`-users-list"`, ""))
		var got []string
		for _, value := range stanza.Children(fieldsOf(t, c)[node+"userjids"]) {
			got = append(got, stanza.Body(value))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s users: %v", node, got)
		}
	}
	s.complete(admin+"#announce", "announcement", "Maintenance at 5")
	s.expect("the announcement", func(n *xmltree.Node) bool {
		return n.Name == "message" && n.Get("to") == alice && n.Get("from") == transport && stanza.ChildText(n, "", "body") == "Maintenance at 5"
	})
	_, session := s.begin(admin + "#delete-user")
	misspelt := submitted("", "accountjids", "eve@localhost</value><value>evil@localhost")
	e := stanza.ErrorOf(s.ask("set", transport, commandXML(`node="`+admin+`#delete-user" sessionid="`+session+`"`, misspelt)))
	if e == nil || !strings.Contains(e.Text, "evil@localhost is not registered") {
		t.Errorf("a JID that is not registered: %v", e)
	}
	if _, err := s.store.Find(s.ctx, "eve@localhost"); err != nil {
		t.Errorf("eve is deleted together with a misspelt JID: %v", err)
	}
	s.complete(admin+"#delete-user", "accountjids", "Eve@Localhost")
	s.expect("eve is deleted", func(n *xmltree.Node) bool {
		return n.Name == "presence" && n.Get("to") == "eve@localhost" && n.Get("type") == "unsubscribed"
	})
	if _, err := s.store.Find(s.ctx, "eve@localhost"); err == nil {
		t.Error("eve is still registered")
	}
}

func TestSearchFindsContacts(t *testing.T) {
	s := play(t, "")
	if c := s.refused("set", transport, `<query xmlns="jabber:iq:search"><nick>x</nick></query>`); c != stanza.RecipientUnavailable {
		t.Errorf("a stranger searches: %s", c)
	}
	s.online()
	for name, alias := range map[string]string{"carol": "Carol", "dave": "Uncle CARlo", "eve": ""} {
		s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: &name, Alias: &alias, Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
		s.expect(name, presence(name+"@"+transport, ""))
	}
	if f := fieldsOf(t, s.result("get", transport, `<query xmlns="jabber:iq:search"/>`)); f["nick"] == nil {
		t.Error("the form has no field nick")
	}
	var got []string
	for _, item := range stanza.Children(s.result("set", transport, `<query xmlns="jabber:iq:search"><nick>car</nick></query>`)) {
		got = append(got, item.Get("jid")+" "+stanza.ChildText(item, stanza.Search, "nick"))
	}
	if want := []string{"carol@" + transport + " Carol", "dave@" + transport + " Uncle CARlo"}; !slices.Equal(got, want) {
		t.Errorf("found: %v", got)
	}
	q := s.result("set", transport, `<query xmlns="jabber:iq:search">`+submitted("jabber:iq:search", "nick", "EVE")+`</query>`)
	if item := stanza.Child(stanza.Child(q, stanza.DataForm, "x"), stanza.DataForm, "item"); item == nil || stanza.Body(stanza.Children(stanza.Children(item)[0])[0]) != "eve@"+transport {
		t.Errorf("found in a form: %v", q)
	}
	if q := s.result("set", transport, `<query xmlns="jabber:iq:search"><x xmlns="jabber:x:data" type="cancel"/></query>`); q != nil {
		t.Errorf("a search that the user cancels: %v", q)
	}
	if c := s.refused("set", transport, `<query xmlns="jabber:iq:search"><nick> </nick></query>`); c != stanza.NotAcceptable {
		t.Errorf("an empty search: %s", c)
	}
}

func TestClientsAskForTheJIDOfAContact(t *testing.T) {
	s := play(t, "[gateway_responder]\nprompt=Nick\nlabel=Enter a nick.\n")
	q := s.result("get", transport, `<query xmlns="jabber:iq:gateway"/>`)
	if stanza.ChildText(q, stanza.Gateway, "prompt") != "Nick" || stanza.ChildText(q, stanza.Gateway, "desc") != "Enter a nick." {
		t.Errorf("the question: %v", q)
	}
	for prompt, want := range map[string]string{
		"carol":              "carol@" + transport,
		" carol@net.org ":    `carol\40net.org@` + transport,
		`carol\40net.org`:    `carol\40net.org@` + transport,
		"carol@" + transport: "carol@" + transport,
		"a b":                `a\20b@` + transport,
	} {
		q := s.result("set", transport, `<query xmlns="jabber:iq:gateway"><prompt>`+prompt+`</prompt></query>`)
		if got := stanza.ChildText(q, stanza.Gateway, "jid"); got != want {
			t.Errorf("%s: %s, not %s", prompt, got, want)
		}
	}
	for _, name := range []string{"a\u200eb", strings.Repeat("@", 400)} {
		if c := s.refused("set", transport, `<query xmlns="jabber:iq:gateway"><prompt>`+name+`</prompt></query>`); c != stanza.JIDMalformed {
			t.Errorf("%.20q: %s", name, c)
		}
	}
	if c := s.refused("set", transport, `<query xmlns="jabber:iq:gateway"/>`); c != stanza.NotAcceptable {
		t.Errorf("no name: %s", c)
	}
}

// TestTypedNamesKeepTheNamesOfTheScript asks for the JIDs of names in another case than that of
// the script, of the roster, and of a room that the user has been invited to.
func TestTypedNamesKeepTheNamesOfTheScript(t *testing.T) {
	s := play(t, "")
	s.online()
	s.fromContact("Carol")
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("dave"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
	s.script(pb.WrapperMessage_TYPE_INVITATION, &pb.Invitation{UserName: proto.String(alice), BuddyName: proto.String("Carol"), Room: proto.String("Lounge")})
	s.handled()
	for _, c := range []struct{ typed, to, want string }{
		{"CAROL", "carol", "Carol"},
		{"DAVE", "dave", "dave"},
		{"Eve", "eve", "Eve"},
		{"EVE", "eve", "EVE"},
	} {
		s.result("set", transport, `<query xmlns="jabber:iq:gateway"><prompt>`+c.typed+`</prompt></query>`)
		if m := s.writes(c.to+"@"+transport, "chat", "m1", "<body>hi</body>"); m.GetBuddyName() != c.want {
			t.Errorf("after the user has typed %s, a message is for %s, not %s", c.typed, m.GetBuddyName(), c.want)
		}
	}
	s.fromContact("eve")
	if m := s.writes("eve@"+transport, "chat", "m1", "<body>hi</body>"); m.GetBuddyName() != "eve" {
		t.Errorf("a message is for %s, which the script does not know", m.GetBuddyName())
	}
	s.result("set", transport, `<query xmlns="jabber:iq:gateway"><prompt>lounge</prompt></query>`)
	if category, _ := s.identity("lounge@" + transport); category != "conference" {
		t.Errorf("the room is a %s", category)
	}
}

// fromContact lets a contact write to alice.
func (s *scene) fromContact(name string) {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: &name, Message: proto.String("hi")})
	s.expect("a message of "+name, func(n *xmltree.Node) bool {
		return n.Name == "message" && strings.HasPrefix(stanza.Attr(n, "from"), name+"@")
	})
}

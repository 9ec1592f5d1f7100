//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

const nonASCII = "héllo wörld – 你好 🌍 <&> \"quoted\"\nsecond line"

// TestEcho has all steps of followsUser under Spectrum.
func TestEcho(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{})
	b.followsUser()
	for _, line := range []string{logBackend, logPing, logXMPP} {
		b.waitSpectrumLog(line)
	}
}

// followsUser follows a user of scripts/echo.lua from the discovery of the transport to its
// removal. inRoom are further steps in a room.
func (b *bed) followsUser(inRoom ...func(c *client)) {
	b.t.Helper()
	alice := b.client("alice")
	alice.available()

	alice.discovers()
	alice.seesRegistrationForm()
	alice.register()
	alice.accept()
	alice.waitOnline()
	alice.wait("echo is online", presence(b.contact("echo"), ""))
	alice.looksAtRoster()

	alice.converses()
	alice.getsReceipt()
	alice.exchangesChatStates()
	alice.usesMarkup()
	alice.looksAtVCard()

	alice.joinsRoom()
	alice.speaksInRoom()
	alice.setsTopic()
	for _, step := range inRoom {
		step(alice)
	}
	alice.leavesRoom()

	alice.unregisters()
}

func (c *client) discovers() {
	t := c.bed.t
	t.Helper()
	c.step("looks for the transport")
	info := c.do(command{"do": "disco_info", "to": c.bed.jid})
	if len(info.Identities) == 0 || info.Identities[0]["category"] != "gateway" || info.Identities[0]["name"] != "Echo transport" {
		t.Errorf("identities: %v", info.Identities)
	}
	if !slices.Contains(info.Features, "jabber:iq:register") {
		t.Errorf("the features lack registration: %v", info.Features)
	}
	c.do(command{"do": "disco_items", "to": c.bed.jid})
}

func (c *client) seesRegistrationForm() {
	t := c.bed.t
	t.Helper()
	c.step("asks how to register")
	form := c.do(command{"do": "register_form", "to": c.bed.jid})
	for _, field := range []string{"username", "password"} {
		if _, ok := form.Fields[field]; !ok {
			t.Errorf("%s is missing from the form: %v", field, form.Fields)
		}
	}
	if form.Registered {
		t.Error("the user is registered before the registration")
	}
}

// looksAtRoster accepts the contact of the script. Prosody answers the contact's
// subscription request with an `unavailable`, which makes Spectrum close the chat. After
// looksAtRoster, no such answer is on the way.
func (c *client) looksAtRoster() {
	t := c.bed.t
	t.Helper()
	c.befriend("echo")
	c.step("looks at the roster")
	roster := c.do(command{"do": "roster"}).Roster
	for _, jid := range []string{c.bed.jid, c.bed.contact("echo")} {
		if !slices.ContainsFunc(roster, func(i rosterItem) bool { return i.JID == jid }) {
			t.Errorf("%s is not in the roster: %+v", jid, roster)
		}
	}
	if c.bed.setsSubscriptions() {
		if i := slices.IndexFunc(roster, func(i rosterItem) bool { return i.JID == c.bed.contact("echo") }); i >= 0 && roster[i].Name != "Echo" {
			t.Errorf("the contact's name in the roster is %q, not Echo", roster[i].Name)
		}
		return
	}
	request := c.waitFrom(0, "echo's request", presence(c.bed.contact("echo"), "subscribe"))
	if request.Nickname != "Echo" {
		t.Errorf("the contact's nickname is %q, not Echo", request.Nickname)
	}
}

func (c *client) converses() {
	t := c.bed.t
	t.Helper()
	for _, text := range []string{"hello", nonASCII} {
		answer := c.say("echo", text)
		if answer.Body != text || answer.Type != "chat" {
			t.Errorf("%q came back as %s %q", text, answer.Type, answer.Body)
		}
	}
	// A contact outside the roster also echoes. An @ in its name is \40 in its JID.
	if answer := c.say(`carol\40net.org`, "hello carol"); answer.Body != "hello carol" {
		t.Errorf("carol answers %q", answer.Body)
	}
}

func (c *client) getsReceipt() {
	c.bed.t.Helper()
	c.step("asks for a receipt")
	c.do(command{
		"do": "message", "to": c.bed.contact("echo"), "body": "did it arrive?",
		"stanza_id": "message-1", "request_receipt": true,
	})
	c.wait("a receipt", func(e event) bool {
		return e.Event == "message" && bare(e.From) == c.bed.contact("echo") && e.Received == "message-1"
	})
	c.wait("the echo", messageFrom(c.bed.contact("echo")))
}

func (c *client) exchangesChatStates() {
	c.bed.t.Helper()
	for _, state := range []string{"composing", "paused", "active"} {
		c.step("is %s", state)
		c.do(command{"do": "message", "to": c.bed.contact("echo"), "state": state})
		c.wait("echo is "+state, chatState(c.bed.contact("echo"), state))
	}
}

func (c *client) usesMarkup() {
	t := c.bed.t
	t.Helper()
	c.step("writes with markup")
	c.do(command{
		"do": "message", "to": c.bed.contact("echo"), "body": "is it bold & new?",
		"html": `<p>is it <strong style="color:red">bold &amp; new</strong>?</p>`,
	})
	answer := c.wait("the echo", messageFrom(c.bed.contact("echo")))
	if answer.Body != "is it bold & new?" || !strings.Contains(answer.HTML, `strong style="color:red">bold &amp; new</`) {
		t.Errorf("the markup came back as %q, %q", answer.Body, answer.HTML)
	}
}

func (c *client) looksAtVCard() {
	t := c.bed.t
	t.Helper()
	c.step("looks at echo's vCard")
	if card := c.do(command{"do": "vcard", "to": c.bed.contact("echo")}).VCard; card == nil || !strings.EqualFold(card.Fullname, "echo") {
		t.Errorf("vCard: %+v", card)
	}
}

func (c *client) joinsRoom() {
	t := c.bed.t
	t.Helper()
	c.join(c.bed.room(), "alice")
	c.wait("echo is in the room", occupant(c.bed.room(), "echo"))
	if n := len(c.seen(occupant(c.bed.room(), "alice"))); n != 1 {
		t.Errorf("received %d presences from the room", n)
	}
}

func (c *client) speaksInRoom() {
	t := c.bed.t
	t.Helper()
	c.step("speaks in the room")
	c.do(command{"do": "message", "to": c.bed.room(), "type": "groupchat", "body": nonASCII})
	said := c.wait("it is said in the room", messageFrom(c.bed.room()))
	if said.Body != nonASCII || said.Type != "groupchat" || !inRoom(resource(said.From)) {
		t.Errorf("%s, from %q: %q", said.Type, resource(said.From), said.Body)
	}
}

func (c *client) setsTopic() {
	t := c.bed.t
	t.Helper()
	c.step("sets the topic")
	c.do(command{"do": "message", "to": c.bed.room(), "type": "groupchat", "subject": "Thème du jour"})
	set := c.wait("the topic is set", func(e event) bool {
		return e.Event == "message" && bare(e.From) == c.bed.room() && e.HasSubject
	})
	if set.Subject != "Thème du jour" || set.Type != "groupchat" || !inRoom(resource(set.From)) {
		t.Errorf("%s, from %q: %q", set.Type, resource(set.From), set.Subject)
	}
}

// inRoom reports whether a nickname is in the room. A message without a nickname has a blank
// instead.
func inRoom(nick string) bool { return nick == "alice" || nick == "echo" }

func (c *client) leavesRoom() {
	c.bed.t.Helper()
	c.step("leaves the room")
	c.do(command{"do": "presence", "to": c.bed.room() + "/alice", "type": "unavailable"})
	c.wait("is out of the room", func(e event) bool {
		return e.Event == "presence" && e.From == c.bed.room()+"/alice" && e.Type == "unavailable"
	})
	c.bed.waitSpectrumLog(`Going to left room #room@irc\.example\.net`)
}

func (c *client) unregisters() {
	t := c.bed.t
	t.Helper()
	c.step("unregisters")
	c.do(command{"do": "unregister", "to": c.bed.jid})
	c.wait("the transport goes offline", presence(c.bed.jid, "unavailable"))
	if c.bed.config.privileges {
		c.bed.until("the transport is not in the roster", func() bool { return c.rosterItem(c.bed.jid) == nil })
	} else {
		c.wait("the transport lets go", presence(c.bed.jid, "unsubscribe"))
	}
	if form := c.do(command{"do": "register_form", "to": c.bed.jid}); form.Registered {
		t.Error("the user is still registered")
	}
	c.bed.waitSpectrumLog("Unregistering user " + c.jid)
}

// join enters a room and waits for the user's own presence in it.
func (c *client) join(room, nick string) {
	c.bed.t.Helper()
	c.step("joins %s", room)
	c.do(command{"do": "join", "room": room, "nick": nick})
	c.wait("is in the room", func(e event) bool {
		return occupant(room, nick)(e) && slices.Contains(e.MUC.Codes, 110)
	})
}

// occupant matches the presence of an occupant.
func occupant(room, nick string) func(event) bool {
	return func(e event) bool {
		return e.Event == "presence" && e.Type == "" && e.From == room+"/"+nick && e.MUC != nil
	}
}

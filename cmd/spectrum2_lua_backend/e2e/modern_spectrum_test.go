//go:build e2e

package e2e_test

import (
	"regexp"
	"strings"
	"testing"
)

// modernSpectrumScript sends modern messages when the user says "go", and reports each message of the
// user with an id of the network.
const modernSpectrumScript = `local spectrum = require "spectrum"
local on = {}
spectrum.backend_config { features = { muc = true, receipts = true } }

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end

function on.join_room(session, m)
  session:participant_changed { room = m.room, nickname = "Carol", status = "online" }
  session:participant_changed { room = m.room, nickname = m.nickname, flag = { "me" }, status = "online" }
end

function on.conv_message(session, m)
  local name, nick = m.buddy_name, m.buddy_name:find("#", 1, true) and "Carol" or nil
  session:sent { id = m.id, network_id = "own-" .. m.message }
  session:conv_message { buddy_name = name, nickname = nick, message = "first", id = "1" }
  session:conv_message { buddy_name = name, nickname = nick, message = "second", id = "2", replaces = "1" }
  session:conv_message { buddy_name = name, nickname = nick, message = "yes", id = "3",
    reply_to = { id = "own-" .. m.message, author = nick or name, text = m.message }, spoiler = "hint", lang = "en" }
  session:conv_message { buddy_name = name, nickname = nick, message = "", id = "4", xhtml = "<b>a</b>",
    attachment = { { url = "https://a.example/x.png", name = "x.png", size = 5, mime_type = "image/png" } } }
  session:reaction { buddy_name = name, nickname = nick, id = "own-" .. m.message, emoji = { "👍" } }
  session:displayed { buddy_name = name, nickname = nick, id = "own-" .. m.message }
  session:retraction { buddy_name = name, nickname = nick, id = "1" }
  if nick then
    session:moderation { room = name, nickname = nick, id = "2", reason = "spam" }
  end
  session:conv_message_ack { buddy_name = name, message = "", id = "own-" .. m.message }
  session:conv_message { buddy_name = name, nickname = nick, message = "end" }
  session:conv_message { buddy_name = "user_1", message = "no JID", id = "9", reply_to = { id = "8", text = "why?" } }
end

function on.reaction(session, m) session:invitation { room = m.buddy_name } end

return on
`

// TestModernMessagesUnderSpectrum checks what of modern messages reaches clients through
// Spectrum, which knows none of them.
func TestModernMessagesUnderSpectrum(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: modernSpectrumScript})
	b.waitLog("backend-1.log", `these have no effect under Spectrum.*: on\.reaction, session:invitation\.`)
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")

	contact := b.contact("echo")
	alice.step("writes to a contact")
	alice.do(command{"do": "message", "to": contact, "body": "go", "stanza_id": "c1", "request_receipt": true})
	alice.seesAll(contact+"/bot", []string{
		`id="n:1"`, `<body>first</body>`, ``,
		`<replace xmlns="urn:xmpp:message-correct:0" id="n:1" />`, `<body>second</body>`, ``,
		`<reply xmlns="urn:xmpp:reply:0" `, `id="c1"`, `<body>&gt; go`, `<spoiler xmlns="urn:xmpp:spoiler:0">hint</spoiler>`, ``,
		`<file-sharing xmlns="urn:xmpp:sfs:0"`, `<x xmlns="jabber:x:oob"><url>https://a.example/x.png</url>`, `<b>a</b>`, ``,
		`<reactions xmlns="urn:xmpp:reactions:0" id="c1"><reaction>👍</reaction></reactions>`, ``,
		`<displayed xmlns="urn:xmpp:chat-markers:0" id="c1" />`, ``,
		`<retract xmlns="urn:xmpp:message-retract:1" id="n:1" />`, ``,
		`<received xmlns="urn:xmpp:receipts" id="c1" />`, ``,
		`<body>end</body>`,
	})
	plain := alice.wait("a message of a contact whose name is no JID", messageFrom(b.contact("user_1")))
	if plain.Body != "> why?\nno JID" || plain.ID != "" {
		t.Errorf("it is %s", plain.XML)
	}

	alice.join(b.room(), "alice")
	alice.step("writes in a room")
	alice.do(command{"do": "message", "to": b.room(), "type": "groupchat", "body": "hello", "stanza_id": "c2"})
	own := alice.wait("the own message", func(e event) bool { return e.Event == "message" && e.From == b.room()+"/alice" })
	if own.Body != "hello" || own.Type != "groupchat" || !regexp.MustCompile(`<stanza-id xmlns="urn:xmpp:sid:0" (by="`+b.room()+`" id="n:own-hello"|id="n:own-hello" by="`+b.room()+`") />`).MatchString(own.XML) {
		t.Errorf("the user's message returns as %s", own.XML)
	}
	alice.seesAll(b.room()+"/Carol", []string{
		`id="n:1"`, `<stanza-id xmlns="urn:xmpp:sid:0"`, ``,
		`<replace xmlns="urn:xmpp:message-correct:0" id="n:1" />`, ``,
		`<reply xmlns="urn:xmpp:reply:0" `, `id="n:own-hello"`, ``,
		`<file-sharing xmlns="urn:xmpp:sfs:0"`, ``,
		`<reactions xmlns="urn:xmpp:reactions:0" id="n:own-hello">`, ``,
		`<displayed xmlns="urn:xmpp:chat-markers:0" id="n:own-hello" />`, ``,
		`<retract xmlns="urn:xmpp:message-retract:1" id="n:1" />`, ``,
		`<body>end</body>`,
	})
	alice.wait("the moderation", func(e event) bool {
		return e.From == b.room() && strings.Contains(e.XML, `<moderated xmlns="urn:xmpp:message-moderate:1" by="`+b.room()+`/Carol"`)
	})
	if n := len(alice.seen(func(e event) bool { return e.Event == "message" && e.From == b.room()+"/alice" })); n != 1 {
		t.Errorf("the user's message is shown %d times", n)
	}
}

// seesAll checks the messages of a JID, in order. Each one contains some texts; an empty text
// begins the next message.
func (c *client) seesAll(from string, texts []string) {
	c.bed.t.Helper()
	c.wait("the end", func(e event) bool { return e.From == from && e.Body == "end" })
	all := c.seen(func(e event) bool { return e.Event == "message" && e.From == from })
	i := 0
	for _, text := range texts {
		switch {
		case text == "":
			i++
		case i >= len(all):
			c.bed.t.Fatalf("%s has sent only %d messages", from, len(all))
		case !strings.Contains(all[i].XML, text):
			c.bed.t.Errorf("message %d of %s does not contain %s: %s", i+1, from, text, all[i].XML)
		}
	}
	if len(all) != i+1 {
		c.bed.t.Errorf("%s has sent %d messages, not %d", from, len(all), i+1)
	}
}

//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// modernScript gives ids to all messages, and says in words what it gets. A network that is
// one contact, echo, and one room with the occupant echo.
const modernScript = `local crypto = require "spectrum.crypto"
local on = {}

local function new_id() return "net-" .. crypto.random_bytes(8, "hex") end

-- A conversation: a chat, or a room with its occupant.
local function at(name, fields)
  fields.buddy_name = name
  if name:find("^#") and not name:find("/") then fields.nickname = "echo" end
  return fields
end

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end

function on.join_room(session, m)
  session:participant_changed { room = m.room, nickname = "echo", status = "online" }
  session:participant_changed { room = m.room, nickname = m.nickname, status = "online", flag = { "me", "moderator" } }
  session:room_subject_changed { buddy_name = m.room, nickname = "echo", message = "modern" }
end

function on.conv_message(session, m)
  local id = m.replaces or new_id()
  if m.message == "refuse me" then
    session:sent { id = m.id, error = "The network refuses this." }
    return
  end
  session:sent { id = m.id, network_id = id }
  local text = id .. " says " .. m.message
  if m.replaces then text = text .. ", correcting " .. m.replaces end
  if m.reply_to then text = text .. ", answering " .. m.reply_to.id .. ": " .. (m.reply_to.text or "") end
  for _, file in ipairs(m.attachment or {}) do text = text .. ", with " .. file.name .. " of " .. file.size .. " bytes" end
  session:conv_message(at(m.buddy_name, {
    message = text, id = new_id(), attachment = m.attachment, reply_to = { id = id, author = session.user, text = m.message },
  }))
end

function on.reaction(session, m)
  session:reaction(at(m.buddy_name, { id = m.id, emoji = m.emoji }))
end

function on.displayed(session, m)
  session:displayed(at(m.buddy_name, { id = m.id }))
end

function on.retraction(session, m)
  session:conv_message(at(m.buddy_name, { message = m.id .. " is gone", id = new_id() }))
end

function on.moderation(session, m)
  session:moderation { room = m.room, id = m.id, nickname = m.nickname, reason = m.reason }
end

function on.invitation(session, m)
  session:invitation { room = "#other@irc.example.net", buddy_name = m.buddy_name, reason = m.reason }
end

return on
`

// place is where a client uses modern messages.
type place struct {
	c     *client
	to    string // the JID of the contact or the room
	kind  string // the type of messages
	echo  string // the JID of who answers
	isIn  bool   // in a room
	other *client
}

// id returns the id by which clients refer to a message.
func (p *place) id(e event) string {
	if p.isIn {
		return e.StanzaID
	}
	return e.ID
}

// sends sends a message that a plugin builds.
func (p *place) sends(kind string, fields command) {
	p.c.bed.t.Helper()
	p.c.step("%s in %s", kind, p.to)
	all := command{"do": "modern", "kind": kind, "to": p.to, "type": p.kind}
	for name, value := range fields {
		all[name] = value
	}
	p.c.do(all)
}

// hears waits for a message of echo.
func (p *place) hears(what string, match func(e event) bool) event {
	p.c.bed.t.Helper()
	is := func(e event) bool {
		return e.Event == "message" && e.Type == p.kind && strings.HasPrefix(e.From, p.echo) && match(e)
	}
	if p.other != nil {
		p.other.wait(what, is)
	}
	return p.c.wait(what, is)
}

// usesEverything sends each kind of message and looks at the answers.
func (p *place) usesEverything() {
	t := p.c.bed.t
	t.Helper()
	p.sends("plain", command{"body": "hello", "stanza_id": "c1"})
	own := "c1"
	if p.isIn {
		shown := p.c.wait("the room shows the message", func(e event) bool { return e.Event == "message" && e.ID == "c1" && e.StanzaID != "" })
		own = shown.StanzaID
	}
	answer := p.hears("an answer", func(e event) bool { return strings.HasSuffix(e.Answer, " says hello") })
	if answer.Reply != own || answer.Quoted != "> hello\n" || p.id(answer) == "" {
		t.Errorf("the answer to %q: %s", own, answer.XML)
	}
	first, _, _ := strings.Cut(answer.Answer, " ")

	p.sends("correct", command{"body": "hullo", "about": "c1"})
	p.hears("the correction", func(e event) bool { return e.Answer == first+" says hullo, correcting "+first })
	p.sends("react", command{"about": p.id(answer), "emoji": []string{"👍", "💘"}})
	p.hears("the reaction", func(e event) bool {
		return e.Reactions == p.id(answer) && slices.Equal(slices.Sorted(slices.Values(e.Emoji)), []string{"👍", "💘"})
	})
	p.sends("react", command{"about": p.id(answer), "emoji": []string{}})
	p.hears("no reaction", func(e event) bool { return e.Reactions == p.id(answer) && len(e.Emoji) == 0 })
	p.sends("react", command{"about": "unknown", "emoji": []string{"👎"}})
	p.sends("reply", command{"body": "fine", "about": p.id(answer), "author": answer.From, "quoted": answer.Answer})
	p.hears("the answer to the reply", func(e event) bool {
		return strings.Contains(e.Answer, " says fine, answering net-") && strings.HasSuffix(e.Answer, ": "+answer.Answer)
	})
	p.sends("displayed", command{"about": p.id(answer)})
	p.hears("the marker", func(e event) bool { return e.Displayed == p.id(answer) })
	p.sends("file", command{"url": "https://files.example.org/a.txt", "name": "a.txt", "data": "12345"})
	file := p.hears("the file", func(e event) bool { return e.File != nil })
	if *file.File != (sharedFile{Name: "a.txt", Type: "text/plain", Size: 5}) || !strings.HasSuffix(file.Answer, ", with a.txt of 5 bytes") {
		t.Errorf("the file: %s", file.XML)
	}

	p.sends("correct", command{"body": "not mine", "about": p.id(answer), "stanza_id": "x1"})
	p.refused("x1", "forbidden")
	p.sends("retract", command{"about": p.id(answer), "stanza_id": "x2"})
	p.refused("x2", "forbidden")
	p.sends("plain", command{"body": "refuse me", "stanza_id": "x3"})
	p.refused("x3", "not-acceptable")
	p.sends("retract", command{"about": own})
	p.hears("the retraction", func(e event) bool { return e.Body == first+" is gone" })
	if n := p.c.count(func(e event) bool { return slices.Contains(e.Emoji, "👎") }); n > 0 {
		t.Error("a reaction to an unknown message comes back")
	}
}

// refused waits for the error of a message.
func (p *place) refused(id, condition string) {
	p.c.bed.t.Helper()
	p.c.wait("an error", func(e event) bool {
		return e.Event == "message" && e.Type == "error" && e.ID == id && e.Error != nil && e.Error.Condition == condition
	})
}

// TestServeModern uses corrections, replies, reactions, retractions, markers and files in a
// chat, in a room, and in private messages of the room. All answers go to two clients.
func TestServeModern(t *testing.T) {
	onServers(t, bedConfig{script: modernScript}, func(b *bed) {
		alice := b.clientAt("alice", "desk")
		alice.online()
		alice.befriend("echo")
		phone := b.clientAt("alice", "phone")
		phone.available()
		phone.wait("the transport is online for both clients", presence(b.jid, ""))
		chat := &place{c: alice, to: b.contact("echo"), kind: "chat", echo: b.contact("echo"), other: phone}
		info := alice.do(command{"do": "disco_info", "to": b.contact("echo") + "/bot"})
		for _, feature := range []string{"urn:xmpp:reactions:0", "urn:xmpp:message-correct:0", "urn:xmpp:message-retract:1", "urn:xmpp:reply:0"} {
			if !slices.Contains(info.Features, feature) {
				t.Errorf("the contact lacks the feature %s: %v", feature, info.Features)
			}
		}
		chat.usesEverything()

		alice.join(b.room(), "alice")
		phone.join(b.room(), "alice")
		room := &place{c: alice, to: b.room(), kind: "groupchat", echo: b.room() + "/echo", isIn: true, other: phone}
		room.usesEverything()
		answer := alice.seen(func(e event) bool { return strings.HasPrefix(e.From, room.echo) && e.StanzaID != "" })[0]
		alice.step("removes a message of somebody else")
		alice.do(command{"do": "iq", "type": "set", "to": b.room(), "xml": `<moderate xmlns="urn:xmpp:message-moderate:1" id="` + answer.StanzaID +
			`"><retract xmlns="urn:xmpp:message-retract:1"/><reason>spam</reason></moderate>`})
		for _, c := range []*client{alice, phone} {
			c.wait("the message is gone", func(e event) bool { return e.From == b.room() && e.Retract == answer.StanzaID })
		}
		private := &place{c: alice, to: b.room() + "/echo", kind: "chat", echo: b.room() + "/echo", other: phone}
		private.usesEverything()

		alice.step("invites a contact")
		alice.do(command{"do": "raw", "xml": `<message to="` + b.room() + `"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="` + b.contact("echo") + `"><reason>come</reason></invite></x></message>`})
		alice.wait("an invitation", func(e event) bool {
			return e.Event == "message" && bare(e.From) == "#other%irc.example.net@"+b.jid && strings.Contains(e.XML, `from="`+b.contact("echo")+`"`)
		})
	})
}

//go:build e2e

package e2e_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Ergo deletes messages only for their authors, who must have an account.
const ergoConfig = `
network: { name: e2e }
server:
  name: irc.example.net
  listeners: { "%[1]s:6667": {} }
  casemapping: ascii
  max-sendq: 1M
  lookup-hostnames: false
  ip-limits: { count: false, throttle: false }
datastore: { path: "%[2]s" }
accounts:
  authentication-enabled: true
  login-via-pass-command: true
  registration: { enabled: true, bcrypt-cost: 4 }
  login-throttling: { enabled: false }
  multiclient: { enabled: true, allowed-by-default: true, always-on: disabled }
  nick-reservation: { enabled: true, method: strict }
channels: { registration: { enabled: false } }
fakelag: { enabled: false }
limits:
  nicklen: 20
  identlen: 20
  realnamelen: 150
  channellen: 64
  awaylen: 390
  kicklen: 390
  topiclen: 390
  whowas-entries: 10
  multiline: { max-bytes: 4096, max-lines: 20 }
history:
  enabled: true
  channel-length: 100
  client-length: 100
  chathistory-maxmessages: 100
  retention: { allow-individual-delete: true }
`

// startErgo starts an IRC server that has IRCv3's modern messages.
func startErgo(t *testing.T, b *bed) *ircServer {
	t.Helper()
	b.requires("usr/bin/ergochat")
	host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), 1+rand.IntN(250), 1+rand.IntN(250))
	b.write("ergo.yaml", fmt.Sprintf(ergoConfig, host, b.inside("ergo.db")))
	s := &ircServer{bed: b, host: host}
	s.process = b.start("ergochat", "ergochat", "run", "--conf", b.inside("ergo.yaml"))
	b.helpers = append(b.helpers, s.process)
	b.waitAddress(s.address())
	return s
}

// account creates an account and disconnects.
func (s *ircServer) account(name, password string) {
	u := s.user(name)
	u.send("NS REGISTER %s", password)
	u.wait("Account created")
	u.send("QUIT")
	u.close()
}

// TestServeErgo uses modern messages between two XMPP users and a client of IRC, through
// scripts/irc.lua and a server that supports them.
func TestServeErgo(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{
		jid: "irc.localhost", users: []string{"alice", "dora"}, serve: true,
		file: "scripts/irc.lua", files: ircModules(t), sections: "[irc]\nflood_seconds = 0.1",
	})
	server := startErgo(t, b)
	for _, name := range []string{"alice", "dora"} {
		server.account(name, legacyPassword)
	}
	b.config.service = "irc_server=" + server.address()
	b.configureSpectrum()
	b.startSpectrum()
	b.waitSpectrum()
	carol := server.user("carol", "CAP REQ :message-tags batch draft/multiline draft/message-redaction server-time", "CAP END")
	carol.join("#room")

	room := "#room@" + b.jid
	alice, dora := b.client("alice"), b.client("dora")
	for _, c := range []*client{alice, dora} {
		c.onlineAs(c.name)
		c.join(room, c.name)
	}
	alice.wait("dora is in the room", occupant(room, "dora"))
	phone := b.clientAt("alice", "phone")
	phone.available()
	phone.join(room, "alice")

	s := &ergoScene{t: t, server: server, room: room, alice: alice, phone: phone, dora: dora, carol: carol}
	s.inRoom()
	s.inPrivate()
	b.nothingWrong()
}

type ergoScene struct {
	t                  *testing.T
	server             *ircServer
	room               string // its JID
	alice, phone, dora *client
	carol              *ircUser
}

// modern sends a message to the room that a plugin builds.
func (s *ergoScene) modern(c *client, kind string, fields command) {
	s.t.Helper()
	for _, each := range []*client{s.alice, s.dora, s.phone} {
		each.step("%s of %s", kind, c.name)
	}
	s.carol.step()
	all := command{"do": "modern", "kind": kind, "to": s.room, "type": "groupchat"}
	for name, value := range fields {
		all[name] = value
	}
	c.do(all)
}

// all waits for an event at all three clients, and returns it.
func (s *ergoScene) all(what string, match func(e event) bool) event {
	s.t.Helper()
	s.dora.wait(what, match)
	s.phone.wait(what, match)
	return s.alice.wait(what, match)
}

// says has a user write to the room, and returns the message as all clients see it.
func (s *ergoScene) says(c *client, body string) event {
	s.t.Helper()
	s.modern(c, "plain", command{"body": body})
	return s.all(body, func(e event) bool { return saidIn(s.room, c.name, body)(e) && e.StanzaID != "" })
}

// inRoom uses everything in the room.
func (s *ergoScene) inRoom() {
	s.t.Helper()
	hello := s.says(s.alice, "hello")
	s.carol.wait("PRIVMSG #room :hello")

	s.modern(s.dora, "reply", command{"body": "welcome", "about": hello.StanzaID, "author": hello.From, "quoted": "hello"})
	s.carol.wait("+draft/reply=", "PRIVMSG #room :alice: welcome")
	s.alice.wait("the answer", func(e event) bool { return e.Reply == hello.StanzaID && e.Answer == "alice: welcome" })

	s.modern(s.dora, "react", command{"about": hello.StanzaID, "emoji": []string{"👍", "🎉"}})
	s.all("two reactions", func(e event) bool {
		return e.From == s.room+"/dora" && e.Reactions == hello.StanzaID && slices.Equal(e.Emoji, []string{"🎉", "👍"})
	})
	s.modern(s.dora, "react", command{"about": hello.StanzaID, "emoji": []string{"🎉"}})
	s.all("one reaction", func(e event) bool { return e.Reactions == hello.StanzaID && slices.Equal(e.Emoji, []string{"🎉"}) })
	s.carol.wait("+draft/unreact=👍", "TAGMSG #room")

	lines := "one\n\n" + strings.Repeat("word ", 150) + "end"
	long := s.says(s.alice, lines)
	s.carol.wait(" BATCH ", "draft/multiline")
	s.modern(s.alice, "correct", command{"body": "hullo", "about": hello.ID})
	s.dora.wait("the correction is a message", saidIn(s.room, "alice", "* hullo"))

	s.modern(s.alice, "retract", command{"about": long.StanzaID})
	s.all("the message is gone", func(e event) bool { return e.From == s.room+"/alice" && e.Retract == long.StanzaID })
	s.carol.wait("REDACT #room ")

	s.fromIRC()
	s.markers()
}

// fromIRC reads what a client of IRC writes to the room.
func (s *ergoScene) fromIRC() {
	s.t.Helper()
	id := s.says(s.alice, "now carol").StanzaID
	network := tagOf(s.carol.wait("PRIVMSG #room :now carol"), "msgid")
	s.carol.send("@+draft/reply=%s PRIVMSG #room :yes?", network)
	answer := s.all("carol's answer", func(e event) bool { return e.From == s.room+"/carol" && e.Reply == id && e.Answer == "yes?" })
	if answer.StanzaID == "" || answer.Quoted != "> now carol\n" {
		s.t.Errorf("the answer: %s", answer.XML)
	}
	s.carol.send("@+draft/react=❤;+draft/reply=%s TAGMSG #room", network)
	s.all("carol's reaction", func(e event) bool {
		return e.From == s.room+"/carol" && e.Reactions == id && slices.Equal(e.Emoji, []string{"❤"})
	})
	s.carol.send("BATCH +1 draft/multiline #room")
	for _, line := range []string{"first", "", "last"} {
		s.carol.send("@batch=1 PRIVMSG #room :%s", line)
	}
	s.carol.send("BATCH -1")
	s.all("carol's lines", saidIn(s.room, "carol", "first\n\nlast"))
}

// markers has a second IRC client of alice read the room.
func (s *ergoScene) markers() {
	s.t.Helper()
	last := s.says(s.dora, "read this")
	other := s.server.user("alice", "PASS alice:"+legacyPassword, "CAP REQ :draft/read-marker", "CAP END")
	other.step()
	s.modern(s.alice, "displayed", command{"about": last.StanzaID})
	other.wait("MARKREAD #room timestamp=")
	newer := s.says(s.dora, "and this")
	other.step()
	other.send("MARKREAD #room timestamp=2999-01-01T00:00:00.000Z")
	s.alice.wait("alice has read it elsewhere", func(e event) bool { return e.From == s.room+"/alice" && e.Displayed == newer.StanzaID })
}

// inPrivate uses private messages between alice and dora.
func (s *ergoScene) inPrivate() {
	s.t.Helper()
	to, from := command{"to": s.room + "/dora", "type": "chat"}, s.room+"/alice"
	with := func(fields command) command {
		all := maps.Clone(to)
		maps.Copy(all, fields)
		return all
	}
	s.modern(s.alice, "plain", with(command{"body": "psst", "stanza_id": "p1"}))
	psst := s.dora.wait("a private message", func(e event) bool { return e.From == from && e.Body == "psst" && e.ID != "" })

	back := command{"to": from, "type": "chat"}
	s.modern(s.dora, "react", command{"to": from, "type": "chat", "about": psst.ID, "emoji": []string{"👀"}})
	s.alice.wait("the reaction", func(e event) bool {
		return e.From == s.room+"/dora" && e.Reactions == "p1" && slices.Equal(e.Emoji, []string{"👀"})
	})
	maps.Copy(back, command{"body": "what?", "about": psst.ID, "author": psst.From, "quoted": "psst"})
	s.modern(s.dora, "reply", back)
	s.alice.wait("the answer", func(e event) bool { return e.Reply == "p1" && e.Answer == "what?" })
	s.modern(s.alice, "retract", with(command{"about": "p1"}))
	s.dora.wait("the message is gone", func(e event) bool { return e.From == from && e.Retract == psst.ID })
}

// tagOf returns the value of a tag of a line.
func tagOf(line, name string) string {
	tags, _, _ := strings.Cut(strings.TrimPrefix(line, "@"), " ")
	for _, tag := range strings.Split(tags, ";") {
		if value, ok := strings.CutPrefix(tag, name+"="); ok {
			return value
		}
	}
	return ""
}

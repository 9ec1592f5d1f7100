//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// before is what a client knows of a conversation before a restart.
type before struct {
	own, answer event
	first       string // the network's id of the own message
}

// begins sends a message that gets an answer, and one that is withdrawn.
func (p *place) begins() (known before) {
	p.c.bed.t.Helper()
	id := p.kind + "-1"
	p.sends("plain", command{"body": "hello", "stanza_id": id})
	known.own = p.own(id)
	known.answer = p.hears("an answer", func(e event) bool { return strings.HasSuffix(e.Answer, " says hello") })
	known.first, _, _ = strings.Cut(known.answer.Answer, " ")
	p.sends("plain", command{"body": "oops", "stanza_id": p.kind + "-2"})
	oops := p.own(p.kind + "-2")
	p.hears("an answer", func(e event) bool { return strings.HasSuffix(e.Answer, " says oops") })
	p.sends("retract", command{"about": p.id(oops)})
	p.hears("the retraction", func(e event) bool { return strings.HasSuffix(e.Body, " is gone") })
	return known
}

// own returns a message of the client as a room shows it, or its id in a chat.
func (p *place) own(id string) event {
	p.c.bed.t.Helper()
	if !p.isIn {
		return event{ID: id}
	}
	return p.c.wait("the room shows the message", func(e event) bool { return e.Event == "message" && e.ID == id && e.StanzaID != "" })
}

// goesOn uses the messages from before the restart.
func (p *place) goesOn(known before) {
	p.c.bed.t.Helper()
	p.sends("react", command{"about": p.id(known.answer), "emoji": []string{"👍"}})
	p.hears("a reaction to the answer", func(e event) bool {
		return e.Reactions == p.id(known.answer) && slices.Equal(e.Emoji, []string{"👍"})
	})
	p.sends("react", command{"about": p.id(known.own), "emoji": []string{"💘"}})
	p.hears("a reaction to the own message", func(e event) bool { return e.Reactions == p.id(known.own) && slices.Equal(e.Emoji, []string{"💘"}) })
	p.sends("correct", command{"body": "hullo", "about": known.own.ID})
	p.hears("the correction", func(e event) bool { return e.Answer == known.first+" says hullo, correcting "+known.first })
	p.sends("correct", command{"body": "not mine", "about": p.id(known.answer), "stanza_id": "x1"})
	p.refused("x1", "forbidden")
	p.sends("retract", command{"about": p.id(known.own)})
	p.hears("the retraction", func(e event) bool { return e.Body == known.first+" is gone" })
}

// moderates has the room remove the answer from before the restart, and looks at what the
// archive has in its place.
func (p *place) moderates(known before) {
	t := p.c.bed.t
	t.Helper()
	p.c.step("removes a message of somebody else from %s", p.to)
	p.c.do(command{"do": "iq", "type": "set", "to": p.to, "xml": `<moderate xmlns="urn:xmpp:message-moderate:1" id="` + known.answer.StanzaID +
		`"><retract xmlns="urn:xmpp:message-retract:1"/><reason>spam</reason></moderate>`})
	for _, c := range []*client{p.c, p.other} {
		c.wait("the message is gone", func(e event) bool { return e.From == p.to && e.Retract == known.answer.StanzaID })
		all := c.do(command{"do": "archive", "to": p.to}).Archived
		at := slices.IndexFunc(all, func(m archived) bool { return m.StanzaID == known.answer.StanzaID })
		if at < 0 {
			t.Fatalf("the archive lacks the tombstone of the message %s: %+v", known.answer.StanzaID, all)
		}
		m := all[at]
		if !m.Retracted || m.Body != "" || m.From != p.echo || m.Moderator != p.to || m.Reason != "spam" {
			t.Errorf("the tombstone of a moderated message: %+v", m)
		}
	}
}

// archive reads the archive at a JID in pages from both ends, and returns one word for each
// message: the third or last one of its text without the quotation, † for a tombstone, - for a
// retraction, and . for another message without a text.
func (c *client) archive(to, with string) string {
	t := c.bed.t
	t.Helper()
	c.step("reads the archive of %s", to)
	ask := command{"do": "archive", "to": to}
	if with != "" {
		ask["with"] = with
	}
	all := c.do(ask).Archived
	ask["reverse"] = true
	if backwards := c.do(ask).Archived; !slices.Equal(all, backwards) {
		t.Errorf("the archive of %s from its end: %+v\nnot %+v", to, backwards, all)
	}
	var words []string
	for _, m := range all {
		if m.ID == "" || m.Stamp == "" || m.From == "" {
			t.Errorf("a message of the archive: %+v", m)
		}
		fields := strings.Fields(m.Body[strings.LastIndex(m.Body, "\n")+1:])
		switch {
		case m.Retracted:
			words = append(words, m.Body+"†")
		case m.Retract:
			words = append(words, "-")
		case len(fields) == 0:
			words = append(words, ".")
		default:
			words = append(words, strings.TrimSuffix(fields[min(2, len(fields)-1)], ","))
		}
	}
	return strings.Join(words, " ")
}

// TestServeArchive has two clients that use messages from before a restart of serve, read
// the archives of a chat, of all chats and of a room, and get the history of the room. A
// message that the room removes is a tombstone in its archive.
func TestServeArchive(t *testing.T) {
	onServersWith(t, bedConfig{script: modernScript, sections: "[settings]\nstay_connected=1"}, func(b *bed) {
		clients := func() (chat, room *place) {
			desk, phone := b.clientAt("alice", "desk"), b.clientAt("alice", "phone")
			return &place{c: desk, to: b.contact("echo"), kind: "chat", echo: b.contact("echo"), other: phone},
				&place{c: desk, to: b.room(), kind: "groupchat", echo: b.room() + "/echo", isIn: true, other: phone}
		}
		chat, room := clients()
		chat.c.online()
		chat.c.befriend("echo")
		chat.other.available()
		chat.other.wait("the transport is online for both clients", presence(b.jid, ""))
		room.c.join(b.room(), "alice")
		room.other.join(b.room(), "alice")
		inChat, inRoom := chat.begins(), room.begins()
		chat.c.stop()
		chat.other.stop()
		b.stopSpectrum()
		b.startSpectrum()
		b.waitSpectrum()

		chat, room = clients()
		for _, c := range []*client{chat.c, chat.other} {
			c.available()
			c.wait("the transport is online", presence(b.jid, ""))
			c.wait("the contact is online", presence(b.contact("echo"), ""))
			c.join(b.room(), "alice")
			c.wait("the subject", func(e event) bool { return e.Subject == "modern" && bare(e.From) == b.room() })
			old := c.seen(func(e event) bool {
				return e.Event == "message" && bare(e.From) == b.room() && e.Stamp != "" && e.Body != ""
			})
			if len(old) == 0 || old[0].Body != "hello" || old[0].From != b.room()+"/alice" || old[0].StanzaID != inRoom.own.StanzaID || old[0].ID != inRoom.own.ID {
				t.Errorf("the history of the room: %+v", old)
			}
			for _, e := range old {
				if e.Body == "oops" {
					t.Error("the history of the room has a message that was withdrawn")
				}
			}
		}
		chat.goesOn(inChat)
		room.goesOn(inRoom)
		room.moderates(inRoom)

		const want = "† hello † oops - gone . . . . † hullo - gone" // . are reactions
		const moderated = "† † † oops - gone . . . . † hullo - gone -"
		for _, c := range []struct{ to, with, want string }{
			{b.contact("echo"), "", want},
			{b.jid, b.contact("echo"), want},
			{b.jid, "", want},
			{b.room(), "", moderated},
			{b.contact("nobody"), "", ""},
		} {
			for _, client := range []*client{chat.c, chat.other} {
				if got := client.archive(c.to, c.with); got != c.want {
					t.Errorf("the archive of %s with %q: %s\nnot %s", c.to, c.with, got, c.want)
				}
			}
		}
	})
}

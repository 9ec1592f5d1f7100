//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// bookmarkScript bookmarks a room, and says in words what it learns of bookmarks.
const bookmarkScript = `
local on = {}

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", status = "online" }
  session:bookmark { room = "#room@irc.example.net", name = "The <room>", nickname = "al", autojoin = true }
end

function on.bookmark(session, m)
  local text = m.removed and "removed" or (m.name or "no name") .. ", " .. (m.nickname or "no nickname") .. ", " .. tostring(m.autojoin)
  session:conv_message { buddy_name = "echo", message = m.room .. ": " .. text }
end

function on.conv_message(session, m)
  session:bookmark { room = "#room@irc.example.net", removed = true }
end

return on
`

// bookmarks requests the client's own bookmarks, and waits until they match.
func (c *client) bookmarks(what string, match func(xml string) bool) {
	c.bed.t.Helper()
	c.bed.until(what, func() bool {
		return match(c.do(command{"do": "published", "node": "urn:xmpp:bookmarks:1"}).XML)
	})
}

// TestServeBookmarks has a script that bookmarks a room for a user, who renames it.
func TestServeBookmarks(t *testing.T) {
	onServers(t, bedConfig{script: bookmarkScript}, func(b *bed) {
		if !b.config.privileges {
			alice := b.client("alice")
			alice.online()
			return // nothing is sent, and the server has nothing to complain about
		}
		alice := b.clientAt("alice", "desk")
		alice.online()
		alice.bookmarks("the room is bookmarked", func(xml string) bool {
			return strings.Contains(xml, `id="`+b.room()+`"`) && strings.Contains(xml, `autojoin="true"`) &&
				strings.Contains(xml, `name="The &lt;room&gt;"`) && strings.Contains(xml, `<nick>al</nick>`)
		})
		alice.step("renames the bookmark, and adds another room")
		for _, item := range []string{
			`<item id="` + b.room() + `"><conference xmlns="urn:xmpp:bookmarks:1" name="Mine" autojoin="false"><nick>al</nick></conference></item>`,
			`<item id="#other%irc.example.net@` + b.jid + `"><conference xmlns="urn:xmpp:bookmarks:1"/></item>`,
		} {
			alice.do(command{"do": "iq", "type": "set", "xml": `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="urn:xmpp:bookmarks:1">` + item + `</publish></pubsub>`})
		}
		phone := b.clientAt("alice", "phone")
		phone.available()
		says := func(c *client, text string) {
			t.Helper()
			c.wait("the script says: "+text, func(e event) bool { return e.Event == "message" && e.Body == text })
		}
		says(phone, "#other@irc.example.net: no name, no nickname, false")
		says(phone, "#room@irc.example.net: Mine, al, false")
		phone.step("has the script remove the bookmark")
		phone.do(command{"do": "message", "to": b.contact("echo"), "body": "remove"})
		phone.bookmarks("the room is not bookmarked", func(xml string) bool {
			return !strings.Contains(xml, b.room()) && strings.Contains(xml, "#other%irc.example.net@")
		})
	})
}

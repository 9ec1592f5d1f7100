//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// TestServeUsers has a user with two clients, and a user of a second domain with the same name.
func TestServeUsers(t *testing.T) {
	other := "alice@" + secondDomain
	onServers(t, bedConfig{users: []string{"alice", other}}, func(b *bed) {
		desk, phone, second := b.clientAt("alice", "desk"), b.clientAt("alice", "phone"), b.client(other)
		phone.available()
		desk.online()
		desk.befriend("echo")
		phone.wait("the transport is online for both clients", presence(b.jid, ""))
		second.onlineAs("carol")
		second.befriend("echo")

		// The contact of the roster is online for both. Messages come back to the user.
		phone.waitFrom(0, "echo is online", presence(b.contact("echo"), ""))
		phone.echoes()
		desk.echoes()
		second.echoes()

		// Both clients are in the room under one nickname.
		desk.join(b.room(), "alice")
		phone.join(b.room(), "alice")
		desk.speaksInRoom()
		phone.step("hears")
		desk.sayIn(b.room(), "for both")
		forBoth := func(e event) bool { return messageFrom(b.room())(e) && e.Body == "for both" }
		phone.wait("what the other client says", forBoth)
		desk.wait("what it says itself", forBoth)
		phone.step("leaves")
		phone.do(command{"do": "presence", "to": b.room() + "/alice", "type": "unavailable"})
		phone.wait("is out of the room", gone(b.room(), "alice", 110))
		desk.speaksInRoom()

		// One client leaves; the other one stays online.
		phone.do(command{"do": "disconnect"})
		desk.echoes()
		for _, e := range desk.seen(presence(b.jid, "unavailable")) {
			b.t.Errorf("the transport goes offline when one of two clients leaves: %s", e.XML)
		}
		if n := second.count(func(e event) bool { return strings.HasPrefix(e.From, "#") }); n != 0 {
			b.t.Errorf("the user of the second domain receives %d stanzas of the first one's room", n)
		}
		second.unregisters()
		desk.echoes()
	})
}

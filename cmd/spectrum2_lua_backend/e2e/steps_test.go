//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
)

// Steps of scenarios. A step with an effect waits for it.

const (
	legacyName     = "bob"
	legacyPassword = "hunter2"
	roomName       = "#room@irc.example.net" // its name in the script
)

func (b *bed) contact(name string) string { return name + "@" + b.jid }

// room returns the JID of roomName.
func (b *bed) room() string { return "#room%irc.example.net@" + b.jid }

// available does what clients do after a login. It requests the roster, because otherwise the
// server would not send subscriptions, and sends presence.
func (c *client) available() {
	c.bed.t.Helper()
	c.step("is available")
	c.do(command{"do": "roster"})
	c.do(command{"do": "presence"})
	c.wait("own presence", func(e event) bool { return e.Event == "presence" && bare(e.From) == c.jid })
}

// register registers with the transport and waits until it is safe to continue.
//
// The transport asks for a subscription, and Prosody answers at once with an `unavailable` from
// the bare JID, which would undo a login with Spectrum. The transport's own `unavailable` shows
// that it has handled that answer.
func (c *client) register() {
	c.bed.t.Helper()
	c.registerAs(legacyName)
}

func (c *client) registerAs(name string) {
	c.bed.t.Helper()
	jid := c.bed.jid
	c.step("registers at %s", jid)
	c.do(command{"do": "register", "to": jid, "fields": map[string]string{
		"username": name, "password": legacyPassword,
	}})
	c.wait("the transport asks for a subscription", presence(jid, "subscribe"))
	if c.bed.xmpp().probes {
		c.wait("the transport has handled the server's answer", presence(jid, "unavailable"))
	}
}

// accept accepts the transport's subscription request. The server then sends the client's
// presence to the transport, and Spectrum logs the user in.
func (c *client) accept() {
	c.bed.t.Helper()
	c.step("accepts the transport")
	c.do(command{"do": "presence", "to": c.bed.jid, "type": "subscribed"})
}

// online registers and logs in.
func (c *client) online() {
	c.bed.t.Helper()
	c.onlineAs(legacyName)
}

// onlineAs is like online, with a name on the network.
func (c *client) onlineAs(name string) {
	c.bed.t.Helper()
	c.available()
	c.registerAs(name)
	c.accept()
	c.waitOnline()
}

// waitOnline waits for the transport's presence, which follows CONNECTED.
func (c *client) waitOnline() {
	c.bed.t.Helper()
	c.wait("the transport is online", presence(c.bed.jid, ""))
}

// goOffline logs the user out of the transport, and goOnline logs in again.
func (c *client) goOffline() {
	c.bed.t.Helper()
	c.step("logs out of the transport")
	c.do(command{"do": "presence", "to": c.bed.jid, "type": "unavailable"})
	c.wait("the transport is offline", presence(c.bed.jid, "unavailable"))
}

func (c *client) goOnline() {
	c.bed.t.Helper()
	c.step("logs in to the transport")
	c.do(command{"do": "presence", "to": c.bed.jid, "caps": true})
	c.waitOnline()
}

// befriend accepts a contact of the transport, five seconds after the transport announced it,
// and subscribes to it. If the server allows it, the transport puts it into the roster itself.
func (c *client) befriend(name string) {
	c.bed.t.Helper()
	jid := c.bed.contact(name)
	if c.bed.setsSubscriptions() {
		c.waitFrom(0, name+" is in the roster", func(e event) bool {
			return e.Event == "iq" && slices.ContainsFunc(e.Roster, func(i rosterItem) bool {
				return i.JID == jid && i.Subscription == "both"
			})
		})
		return
	}
	c.waitFrom(0, name+" asks for a subscription", presence(jid, "subscribe"))
	c.do(command{"do": "presence", "to": jid, "type": "subscribed"})
	c.do(command{"do": "presence", "to": jid, "type": "subscribe"})
	c.wait(name+" accepts", presence(jid, "subscribed"))
}

// say writes to a contact and returns the first answer.
func (c *client) say(name, body string) event {
	c.bed.t.Helper()
	c.step("writes %q to %s", body, name)
	c.do(command{"do": "message", "to": c.bed.contact(name), "body": body})
	return c.wait("an answer from "+name, messageFrom(c.bed.contact(name)))
}

// echoes checks that messages reach the script and return.
func (c *client) echoes() {
	c.bed.t.Helper()
	const text = "still there? ✓"
	if e := c.say("echo", text); e.Body != text {
		c.bed.t.Errorf("the echo of %q is %q", text, e.Body)
	}
}

// Matches for wait.

func presence(from, kind string) func(event) bool {
	return func(e event) bool { return e.Event == "presence" && bare(e.From) == from && e.Type == kind }
}

// messageFrom matches a message with a body.
func messageFrom(from string) func(event) bool {
	return func(e event) bool { return e.Event == "message" && bare(e.From) == from && e.Body != "" }
}

func chatState(from, state string) func(event) bool {
	return func(e event) bool {
		return e.Event == "message" && bare(e.From) == from && e.Body == "" && e.State == state
	}
}

func bare(jid string) string {
	bare, _, _ := strings.Cut(jid, "/")
	return bare
}

func resource(jid string) string {
	_, resource, _ := strings.Cut(jid, "/")
	return resource
}

//go:build e2e

package e2e_test

import (
	"strings"
)

// What a scenario is made of. A step that has to lead to something waits for it.

const (
	legacyName     = "bob"
	legacyPassword = "hunter2"
	roomName       = "#room@irc.example.net" // as the script sees it
)

func (b *bed) contact(name string) string { return name + "@" + b.jid }

// room is the JID that stands for roomName.
func (b *bed) room() string { return "#room%irc.example.net@" + b.jid }

// available does what clients do once they are logged in: it gets the roster,
// without which the server would not tell of subscriptions, and broadcasts its
// presence.
func (c *client) available() {
	c.bed.t.Helper()
	c.step("is available")
	c.do(command{"do": "roster"})
	c.do(command{"do": "presence"})
	c.wait("own presence", func(e event) bool { return e.Event == "presence" && bare(e.From) == c.jid })
}

// register registers at the transport and waits until it may be spoken to.
//
// Spectrum asks for a subscription, and Prosody answers at once with an
// `unavailable` from the bare JID. Whatever logs the user in before Spectrum
// has seen that is undone by it. Its echo shows when it has.
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
	c.wait("Spectrum has seen what the server says to that", presence(jid, "unavailable"))
}

// accept accepts the transport's subscription request: the server then sends it
// the client's presence, and Spectrum logs the user in.
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

// onlineAs does it with this name on the legacy network.
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

// goOffline and goOnline log the user out of the transport and in again.
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

// befriend accepts a contact that the transport shows, five seconds after it
// was first told of it, and subscribes to it.
func (c *client) befriend(name string) {
	c.bed.t.Helper()
	jid := c.bed.contact(name)
	c.waitFrom(0, name+" asks for a subscription", presence(jid, "subscribe"))
	c.do(command{"do": "presence", "to": jid, "type": "subscribed"})
	c.do(command{"do": "presence", "to": jid, "type": "subscribe"})
	c.wait(name+" accepts", presence(jid, "subscribed"))
}

// say writes to a contact and returns the first message that comes back.
func (c *client) say(name, body string) event {
	c.bed.t.Helper()
	c.step("writes %q to %s", body, name)
	c.do(command{"do": "message", "to": c.bed.contact(name), "body": body})
	return c.wait("an answer from "+name, messageFrom(c.bed.contact(name)))
}

// echoes checks that the way to the script and back is open.
func (c *client) echoes() {
	c.bed.t.Helper()
	const text = "still there? ✓"
	if e := c.say("echo", text); e.Body != text {
		c.bed.t.Errorf("%q came back as %q", text, e.Body)
	}
}

// What wait looks for.

func presence(from, kind string) func(event) bool {
	return func(e event) bool { return e.Event == "presence" && bare(e.From) == from && e.Type == kind }
}

// messageFrom is a message with a body.
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

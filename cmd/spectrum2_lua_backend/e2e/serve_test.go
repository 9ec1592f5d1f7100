//go:build e2e

package e2e_test

import "testing"

// serveBeds are the XMPP servers that serve is tested with.
var serveBeds = []struct {
	name   string
	config bedConfig
}{
	{"Prosody", bedConfig{serve: true}},
	{"Prosody with privileges", bedConfig{serve: true, privileges: true}},
	{"ejabberd", bedConfig{serve: true, xmpp: "ejabberd"}},
	{"ejabberd with privileges", bedConfig{serve: true, xmpp: "ejabberd", privileges: true}},
}

// onServers runs a test of serve with each XMPP server. At the end, no server may have logged
// a protocol error.
func onServers(t *testing.T, change bedConfig, test func(b *bed)) {
	onServersWith(t, change, func(b *bed) {
		test(b)
		b.streamHolds()
	})
}

// onServersWith is like onServers for a test that opens several streams.
func onServersWith(t *testing.T, change bedConfig, test func(b *bed)) {
	t.Helper()
	t.Parallel()
	for _, server := range serveBeds {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			config := change
			config.serve, config.xmpp, config.privileges = true, server.config.xmpp, server.config.privileges
			b := newBed(t, config)
			test(b)
			b.nothingWrong()
		})
	}
}

// nothingWrong fails the test if the XMPP server has logged a protocol error.
func (b *bed) nothingWrong() {
	b.t.Helper()
	for _, line := range b.protocolErrors() {
		b.t.Errorf("the XMPP server logs a protocol error: %s", line)
	}
}

// TestServe is TestEcho without Spectrum.
func TestServe(t *testing.T) {
	onServers(t, bedConfig{}, func(b *bed) { b.followsUser((*client).asksForNickname) })
}

// asksForNickname changes the nickname in the room and back, which Spectrum 2.2.1 does not pass on.
func (c *client) asksForNickname() {
	c.bed.t.Helper()
	for _, nick := range []string{"alicia", "alice"} {
		c.step("wants to be %s in the room", nick)
		c.do(command{"do": "presence", "to": c.bed.room() + "/" + nick})
		c.wait("the old nickname is gone", func(e event) bool {
			return e.Event == "presence" && bare(e.From) == c.bed.room() && e.Type == "unavailable" && hasCode(e, 303) && e.MUC.Nick == nick
		})
		c.wait("the new nickname is there", func(e event) bool { return occupant(c.bed.room(), nick)(e) && hasCode(e, 110) })
	}
}

// TestServeNasty is TestNasty without Spectrum.
func TestServeNasty(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{serve: true, script: nastyScript})
	alice := b.client("alice")
	defer b.streamHolds()
	alice.meetsNastyScript()
}

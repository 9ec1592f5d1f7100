//go:build e2e

package e2e_test

import "testing"

// TestServe is TestEcho without Spectrum. Its steps are those that serve supports.
func TestServe(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{serve: true})
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
	alice.asksForNickname()
	alice.leavesRoom()

	alice.unregisters()
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
	alice.online()
	alice.wait("echo is online", presence(b.contact("echo"), ""))
	alice.befriend("echo")
	alice.hearsNastyTexts()
	alice.seesPhotos()
	alice.echoes()
}

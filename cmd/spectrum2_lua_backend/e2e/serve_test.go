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

	alice.joinsRoom()
	alice.speaksInRoom()
	alice.setsTopic()
	alice.leavesRoom()

	alice.unregisters()
}

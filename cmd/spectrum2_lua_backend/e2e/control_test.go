//go:build e2e

package e2e_test

import (
	"testing"
)

// libcommuni is the path of Debian's C++ backend for IRC, in the chroot.
const libcommuni = "/usr/libexec/spectrum2_libcommuni_backend"

// TestLibcommuni is the control experiment: a C++ backend on the same bed. If it fails, too,
// the fault is not in our backend.
func TestLibcommuni(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{inChroot: libcommuni})
	server := startIRC(t, b)
	carol := server.user("carol")
	carol.join("#room")
	b.config.service = "irc_server=" + server.address()
	b.configureSpectrum()
	b.startSpectrum()
	b.waitSpectrum()

	alice := b.client("alice")
	alice.online()
	room := "#room@" + b.jid
	alice.join(room, legacyName)
	alice.wait("carol is in the room", occupant(room, "carol"))
	carol.wait("JOIN :#room")
	alice.do(command{"do": "message", "to": room, "type": "groupchat", "body": "hello carol"})
	carol.wait("PRIVMSG #room :hello carol")
	alice.step("is answered")
	carol.send("PRIVMSG #room :hello ålice")
	alice.wait("carol answers", saidIn(room, "carol", "hello ålice"))
}

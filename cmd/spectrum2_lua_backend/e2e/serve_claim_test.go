//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// TestServeMigration registers a user with Spectrum, uses the registration with serve, and with
// Spectrum again. serve refuses to start while Spectrum serves the JID.
func TestServeMigration(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{})
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	alice.echoes()

	if err := copyFile(b.tool(), b.path("spectrum2-lua"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := b.command(b.inside("spectrum2-lua"), "serve", b.inside("transport.cfg")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "spectrum2") || !strings.Contains(string(out), b.jid) {
		t.Errorf("serve beside Spectrum: %v\n%s", err, out)
	}
	alice.echoes()

	for _, serve := range []bool{true, false} {
		alice.step("moves: serve is %v", serve)
		opened := b.streamsOpened()
		b.stopSpectrum()
		alice.wait("the transport goes offline", presence(b.jid, "unavailable"))
		alice.step("is with the other program: serve is %v", serve)
		b.config.serve = serve
		b.startSpectrum()
		b.until("the transport is back", func() bool { return b.streamsOpened() > opened })
		alice.wait("the transport is online", presence(b.jid, ""))
		alice.wait("the contact is online", presence(b.contact("echo"), ""))
		if n := len(alice.seen(func(e event) bool { return e.Type == "subscribe" })); n != 0 {
			t.Errorf("%d requests for subscriptions that the user has", n)
		}
		alice.echoes()
	}
	if form := alice.do(command{"do": "register_form", "to": b.jid}); !form.Registered {
		t.Error("the user is not registered any more")
	}
}

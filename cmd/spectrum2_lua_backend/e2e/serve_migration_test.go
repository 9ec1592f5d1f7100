//go:build e2e

package e2e_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/database/e2e/dbserver"
)

// migrationScript is an echo that logs what the database says about a user at the login.
const migrationScript = `local on = {}
function on.login(session, m)
  local s = session.settings
  print("login of " .. session.user .. " as " .. m.legacy_name .. (m.password == "hunter2" and " with the password" or " with another password") ..
    " stay_connected=" .. s.stay_connected .. " send_headlines=" .. s.send_headlines)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", group = { "Lua", "B\u{00fc}ro" }, status = "online" }
end
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
end
return on
`

// TestServeMigration registers a user with Spectrum, uses the registration with serve, and with
// Spectrum again, on each database. The user is online with the same contact and settings
// after each change. serve refuses to start while Spectrum serves the JID.
func TestServeMigration(t *testing.T) {
	onDatabases(t, func(t *testing.T, _ *dbserver.Server, section string) {
		b := newBed(t, bedConfig{database: section, script: migrationScript, sections: "[settings]\nstay_connected=1"})
		if err := copyFile(b.tool(), b.path("spectrum2-lua"), 0o755); err != nil {
			t.Fatal(err)
		}
		alice := b.client("alice")
		alice.online()
		alice.befriend("echo")
		alice.echoes()
		b.loggedInAs(0, "stay_connected=1 send_headlines=0")

		out, err := b.command(b.inside("spectrum2-lua"), "serve", b.inside("transport.cfg")).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "spectrum2") || !strings.Contains(string(out), b.jid) {
			t.Errorf("serve beside Spectrum: %v\n%s", err, out)
		}
		alice.echoes()

		b.config.sections = "" // the setting of the user stays
		b.configureSpectrum()
		alice.moves(true, "stay_connected=1 send_headlines=0")
		alice.do(command{"do": "iq", "type": "set", "to": b.jid, "xml": changedSettings})
		alice.moves(false, "stay_connected=0 send_headlines=1")
		if form := alice.do(command{"do": "register_form", "to": b.jid}); !form.Registered {
			t.Error("the user is not registered any more")
		}
	})
}

const changedSettings = `<command xmlns="http://jabber.org/protocol/commands" node="settings" action="execute">
<x xmlns="jabber:x:data" type="submit">
<field var="stay_connected"><value>0</value></field><field var="send_headlines"><value>1</value></field>
</x></command>`

// loggedInAs waits for the login of alice with the settings. It ignores the first from bytes
// of the log.
func (b *bed) loggedInAs(from int, settings string) {
	b.t.Helper()
	b.waitLogAfter("backend-1.log", from, "login of alice@localhost as "+legacyName+" with the password "+settings)
}

// moves ends the transport and starts the other program: serve, or Spectrum. The user keeps
// the contact and the settings.
func (c *client) moves(serve bool, settings string) {
	c.bed.t.Helper()
	b := c.bed
	c.step("moves: serve is %v", serve)
	opened := b.streamsOpened()
	b.stopSpectrum()
	if b.config.serve { // Spectrum closes the connection with data unread, so its last presences may be lost
		c.wait("the transport goes offline", presence(b.jid, "unavailable"))
	}
	c.step("is with the other program: serve is %v", serve)
	b.config.serve = serve
	from := len(b.log("backend-1.log"))
	b.startSpectrum()
	b.until("the transport is back", func() bool { return b.streamsOpened() > opened })
	b.loggedInAs(from, settings)
	c.wait("the transport is online", presence(b.jid, ""))
	c.wait("the contact is online", presence(b.contact("echo"), ""))
	if n := len(c.seen(func(e event) bool { return e.Type == "subscribe" })); n != 0 {
		b.t.Errorf("%d requests for subscriptions that the user has", n)
	}
	c.echoes()
}

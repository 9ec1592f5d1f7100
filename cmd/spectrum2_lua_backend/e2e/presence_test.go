//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// mirrorScript shows a contact with the user's own status and idle time. Spectrum ignores
// the idle time.
const mirrorScript = `local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "mirror", alias = "Mirror", status = "online", idle_since = 1700000000 }
end
function on.status_changed(session, m)
  session:buddy_changed { buddy_name = "mirror", status = m.status, status_message = m.status_message, idle_since = m.idle_since }
end
return on
`

func TestPresence(t *testing.T)      { testPresence(t, false) }
func TestServePresence(t *testing.T) { testPresence(t, true) }

func testPresence(t *testing.T, serve bool) {
	t.Parallel()
	b := newBed(t, bedConfig{serve: serve, script: mirrorScript})
	alice := b.client("alice")
	alice.online()
	alice.befriend("mirror")
	for _, show := range []string{"away", "xa", "dnd", "chat", ""} {
		status := "gone fishing 🐟 " + show
		alice.step("is %q", show)
		change := command{"do": "presence", "status": status}
		if show != "" {
			change["show"] = show
		}
		alice.do(change)
		alice.wait("the mirror shows it", func(e event) bool {
			return presence(b.contact("mirror"), "")(e) && e.Show == show && e.Status == status
		})
	}
	alice.step("is idle")
	alice.do(command{"do": "raw", "xml": `<presence><show>away</show><status>asleep</status><idle xmlns="urn:xmpp:idle:1" since="2024-01-02T03:04:05Z"/></presence>`})
	shown := alice.wait("the mirror is away", func(e event) bool {
		return presence(b.contact("mirror"), "")(e) && e.Show == "away" && e.Status == "asleep"
	})
	if idle := strings.Contains(shown.XML, `since="2024-01-02T03:04:05Z"`); idle != serve {
		t.Errorf("the mirror's idle time: %s", shown.XML)
	}
	alice.step("goes offline")
	alice.do(command{"do": "presence", "to": b.jid, "type": "unavailable"})
	alice.wait("the contacts go offline, too", presence(b.contact("mirror"), "unavailable"))
}

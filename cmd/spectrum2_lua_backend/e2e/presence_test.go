//go:build e2e

package e2e_test

import (
	"testing"
)

// mirrorScript shows a contact with the user's own status.
const mirrorScript = `local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "mirror", alias = "Mirror", status = "online" }
end
function on.status_changed(session, m)
  session:buddy_changed { buddy_name = "mirror", status = m.status, status_message = m.status_message }
end
return on
`

func TestPresence(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: mirrorScript})
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
	alice.step("goes offline")
	alice.do(command{"do": "presence", "to": b.jid, "type": "unavailable"})
	alice.wait("the contacts go offline, too", presence(b.contact("mirror"), "unavailable"))
}

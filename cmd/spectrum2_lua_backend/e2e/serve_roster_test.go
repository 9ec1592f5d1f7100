//go:build e2e

package e2e_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rosterItem returns an item of the user's roster, or nil.
func (c *client) rosterItem(jid string) *rosterItem {
	c.bed.t.Helper()
	roster := c.do(command{"do": "roster"}).Roster
	if i := slices.IndexFunc(roster, func(i rosterItem) bool { return i.JID == jid }); i >= 0 {
		return &roster[i]
	}
	return nil
}

// TestServeRosterWithPrivilege has a contact that is in the roster without a request, and
// does not return when the user removes it. The roster is empty when the user has unregistered.
func TestServeRosterWithPrivilege(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{serve: true, privileges: true})
	alice := b.client("alice")
	alice.online()
	echo := b.contact("echo")
	alice.waitFrom(0, "echo is online", presence(echo, ""))
	item := alice.rosterItem(echo)
	if item == nil || item.Subscription != "both" || item.Name != "Echo" || !slices.Equal(item.Groups, []string{"Lua"}) {
		t.Errorf("the contact in the roster: %+v", item)
	}
	if n := alice.count(presence(echo, "subscribe")); n != 0 {
		t.Errorf("%d requests for a subscription", n)
	}
	alice.echoes()

	alice.step("removes the contact")
	alice.do(command{"do": "roster_set", "jid": echo, "subscription": "remove"})
	alice.goOffline()
	alice.echoesAgain()
	alice.unregisters()
	b.until("the roster is empty", func() bool { return len(alice.do(command{"do": "roster"}).Roster) == 0 })
	if strings.Contains(b.log("prosody.log"), "without permission") {
		t.Error("the transport did what it may not do")
	}
}

// echoesAgain logs in again, which announces the contact again.
func (c *client) echoesAgain() {
	c.bed.t.Helper()
	c.goOnline()
	c.wait("echo is online", presence(c.bed.contact("echo"), ""))
	c.echoes()
}

// TestServeStaysConnected has a user whose session outlasts the client, the XMPP server and
// the process.
func TestServeStaysConnected(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{serve: true, sections: "[settings]\nstay_connected=1", script: `
local on = {}
function on.login(session)
  print("login of " .. session.user)
  session:connected()
  session:buddy_changed { buddy_name = "carol", status = "online" }
end
function on.logout(session) print("logout of " .. session.user) end
function on.status_changed(session, m) print("status " .. m.status) end
return on
`})
	count := func(text string) (n int) {
		logs, err := filepath.Glob(b.path("backend-*.log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, log := range logs {
			n += strings.Count(b.log(filepath.Base(log)), text)
		}
		return n
	}
	alice := b.client("alice")
	alice.online()
	alice.befriend("carol")
	alice.stop()
	b.until("the user is away", func() bool { return count("status away") == 1 })
	for range 2 {
		if _, err := b.server.stop(b.patience); err != nil {
			t.Fatal(err)
		}
		b.restartXMPP()
		b.waitSpectrum()
	}
	if logins, logouts := count("login of alice"), count("logout of alice"); logins != 1 || logouts != 0 {
		t.Errorf("after restarts of the XMPP server: %d logins and %d logouts", logins, logouts)
	}
	b.stopSpectrum()
	b.startSpectrum()
	b.until("the session starts with the process", func() bool { return count("login of alice") == 2 })
	alice = b.client("alice")
	alice.available()
	alice.wait("the transport is online", presence(b.jid, ""))
	alice.wait("carol is online", presence(b.contact("carol"), ""))
	b.until("the user is back", func() bool { return count("status online") == 2 })
	if n := count("login of alice"); n != 2 {
		t.Errorf("%d logins", n)
	}
	if n := alice.count(presence(b.contact("carol"), "subscribe")); n != 0 {
		t.Errorf("%d requests for a subscription after the restarts", n)
	}
}

//go:build e2e

package e2e_test

import (
	"strings"
	"syscall"
	"testing"

	"spectrumlua/runtime/database/e2e/dbserver"
)

// TestServeDatabaseOutage stops, kills and freezes the database while alice is online. She
// stays online, a registration fails with a temporary error, and bob is logged in when the
// database is back. Each outage has one line in the log.
func TestServeDatabaseOutage(t *testing.T) {
	t.Parallel()
	onDatabaseServers(t, func(t *testing.T, server *dbserver.Server, section string) {
		b := newBed(t, bedConfig{serve: true, database: section, users: []string{"alice", "bob", "carol"}})
		alice, bob, carol := b.client("alice"), b.client("bob"), b.client("carol")
		alice.online()
		alice.befriend("echo")
		bob.onlineAs("bobby")
		bob.goOffline()
		carol.available()
		before := alice.count(presence(b.jid, "unavailable"))
		for i, outage := range []struct {
			name       string
			begin, end func() error
		}{
			{"stopped", func() error { server.End(server.Kind.Stop); return nil }, server.Start},
			{"killed", func() error { server.End(syscall.SIGKILL); return nil }, server.Start},
			{"frozen", func() error { server.Freeze(t); return nil }, func() error { server.Thaw(); return nil }},
		} {
			if err := outage.begin(); err != nil {
				t.Fatal(err)
			}
			carol.step("registers while the database is %s", outage.name)
			refused := carol.try(command{"do": "register", "to": b.jid, "fields": map[string]string{"username": "carol", "password": legacyPassword}}).Error
			if refused == nil || refused.Type != "wait" || refused.Condition != "resource-constraint" {
				t.Errorf("while the database is %s, a registration fails with %+v", outage.name, refused)
			}
			alice.echoes()
			bob.step("logs in while the database is %s", outage.name)
			bob.do(command{"do": "presence", "to": b.jid})
			bob.wait("the reason", messageFrom(b.jid))
			b.until("the log has the outage", func() bool { return strings.Count(b.log("backend-1.log"), "an outage of the database") > i })

			bob.step("the database is back")
			if err := outage.end(); err != nil {
				t.Fatal(err)
			}
			bob.waitOnline()
			b.until("the log says so", func() bool { return strings.Count(b.log("backend-1.log"), "the database can be reached again") > i })
			alice.echoes()
			carol.step("registers")
			carol.do(command{"do": "register", "to": b.jid, "fields": map[string]string{"username": "carol", "password": legacyPassword}})
			carol.do(command{"do": "unregister", "to": b.jid})
			bob.goOffline()
		}
		for line := range strings.Lines(b.log("backend-1.log")) {
			if strings.Contains(line, "messages cannot be archived") || strings.Contains(line, "ids of messages cannot be stored") {
				continue // they have lines of their own
			}
			if strings.Contains(line, "a call of the database failed, although") {
				continue // it began during an outage, and its time was over just after the end
			}
			if strings.Contains(line, " ERROR ") && !strings.Contains(line, "an outage of the database") || strings.Contains(line, " WARN ") {
				t.Errorf("the log of serve: %s", line)
			}
			if strings.Contains(line, dbserver.Password) {
				t.Errorf("a password in the log: %s", line)
			}
		}
		if n := alice.count(presence(b.jid, "unavailable")) - before; n != 0 {
			t.Errorf("alice sees the transport offline %d times", n)
		}
		b.streamHolds()
	})
}

//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"
)

const managerConfig = `[service]
config_directory=%[1]s/manager
admin_username=admin
admin_password=secret
port=0
[database]
type=sqlite3
database=%[1]s/manager.sqlite
`

// TestManager sends the commands in docs/admin/operations.md to the real Spectrum.
func TestManager(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{})
	alice := b.client("alice")
	alice.online()
	b.write("manager.cfg", fmt.Sprintf(managerConfig, b.inside(".")))
	if err := errors.Join(os.Mkdir(b.path("manager"), 0o755), os.Symlink("../transport.cfg", b.path("manager/echo.cfg"))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command []string
		want    string
	}{
		{[]string{"list"}, `^echo\.localhost$`},
		{[]string{b.jid, "status"}, `^Running \(1 users connected using 2 backends\)$`}, // the connection of the command counts, too
		{[]string{b.jid, "uptime"}, `^\d+$`},
		{[]string{b.jid, "backends_count"}, `^2$`},
		{[]string{b.jid, "crashed_backends_count"}, `^0$`},
		{[]string{b.jid, "online_users_count"}, `^1$`},
		{[]string{b.jid, "has_online_user", "alice@localhost"}, `^1$`},
		{[]string{b.jid, "res_memory"}, `^\d+$`},
		{[]string{b.jid, "messages_from_xmpp"}, `^\d+$`},
		{[]string{b.jid, "nonsense"}, `^Error: Unknown variable or command$`},
		{[]string{b.jid, "variables"}, `^online_users_count - "Number of online users" Value: "1" `},
	} {
		arg := append([]string{"timeout", "10", "spectrum2_manager", "-c", b.inside("manager.cfg")}, c.command...)
		out, err := b.command(arg...).CombinedOutput()
		t.Logf("$ spectrum2_manager %v\n%s(%v)", c.command, out, err)
		if !regexp.MustCompile("(?m)" + c.want).Match(out) {
			t.Errorf("%v: %q, want %s", c.command, out, c.want)
		}
	}
	// docs/admin/operations.md warns of this command.
	_ = b.command("timeout", "5", "spectrum2_manager", "-c", b.inside("manager.cfg"), b.jid, "online_users").Run()
	if !b.spectrum.ended() {
		t.Error("Spectrum survives online_users: the warning is out of date")
	}
}

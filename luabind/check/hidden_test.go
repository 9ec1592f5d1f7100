package check

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHidden has the places that a service of Debian's sees, and does not.
func TestHidden(t *testing.T) {
	home := t.TempDir()
	for _, place := range []string{home, filepath.Dir(home)} {
		if err := os.Chmod(place, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, home, "home/alice/link.lua", "return {}")
	link := filepath.Join(home, "etc", "link.lua")
	write(t, home, "etc/seen.lua", "return {}")
	if err := os.Symlink(filepath.Join(home, "home/alice/link.lua"), link); err != nil {
		t.Fatal(err)
	}
	write(t, home, "etc/private.lua", "return {}")
	if err := os.Chmod(filepath.Join(home, "etc/private.lua"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(hiddenFolders)
	t.Cleanup(func() { hiddenFolders = before })
	for _, c := range []struct{ name, path, want string }{
		{"below /home", "/home/alice/x.lua", "so it cannot see the script in /home (ProtectHome): put it where the config file is, below /etc/spectrum2"},
		{"below /root", "/root/x.lua", "cannot see the script in /root (ProtectHome)"},
		{"below /tmp", "/tmp/x/x.lua", "cannot see the script in /tmp (PrivateTmp)"},
		{"below /etc", "/etc/spectrum2/transports/x.lua", ""},
		{"a folder of a like name", "/homes/x.lua", ""},
	} {
		t.Run(c.name, func(t *testing.T) { says(t, c.path, c.want) })
	}
	hiddenFolders = map[string]string{filepath.Join(home, "home"): "ProtectHome"}
	t.Run("a link to a home", func(t *testing.T) { says(t, link, "home (ProtectHome)") })
	t.Run("its owner's alone", func(t *testing.T) {
		says(t, filepath.Join(home, "etc/private.lua"), "only its owner and group may read")
	})
	t.Run("what all may read", func(t *testing.T) {
		above := hidden(filepath.Join(home, "../../x.lua")) // TMPDIR may be this user's alone
		says(t, filepath.Join(home, "etc/seen.lua"), above)
	})
}

func says(t *testing.T, path, want string) {
	t.Helper()
	if got := hidden(path); (got == "") != (want == "") || !strings.Contains(got, want) {
		t.Errorf("%s: %q, want %q", path, got, want)
	}
}

//go:build e2e && packages

package e2e_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPackagesSpectrum installs the backend beside Debian's Spectrum 2 and follows docs/admin,
// as TestPackagesServe does.
func TestPackagesSpectrum(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(root, "usr/bin/spectrum2")); err != nil {
		t.Skip("NOT TESTED: the Debian archive did not provide Spectrum 2")
	}
	const config = "/etc/spectrum2/transports/lua.cfg"
	m := startMachine(t, root)
	m.follow("docs/guide/without-spectrum.md", "## 1. Prosody")
	m.put(packages(t)...)
	m.follow("docs/admin/install.md", "### On Debian, with Spectrum 2")
	m.shows("stat -c '%a %U:%G' "+config, "640 root:_spectrum2")
	m.exists(true, "/usr/share/man/man1/spectrum2_lua_backend.1.gz", config+".example")

	alice := m.client("alice", "wonderland")
	alice.online()
	alice.echoes()
	m.shows("ps -o user:20= -C spectrum2_lua_ba", "_spectrum2")
	m.shows("grep -c hunter2 /var/log/spectrum2/echo.localhost/spectrum2.log || true", "0")

	text := m.run("cat " + config)
	alice.step("waits for the upgrade")
	m.put(nextVersion(t, ".1", addLine(t, config+".example", "# A new line of the package."))...)
	m.follow("docs/admin/upgrade.md", "## With Spectrum 2")
	m.shows("cat "+config, text)
	m.shows("tail -n 1 "+config+".example", "# A new line of the package.")
	alice.goOnline()
	alice.echoes()

	m.run("apt purge -y spectrum2-lua spectrum2-backend-lua")
	m.exists(false, "/usr/libexec/spectrum2_lua_backend", config+".example", "/etc/spectrum2-lua")
	m.exists(true, config, "/var/lib/spectrum2/echo.localhost/database.sql", "/usr/bin/spectrum2")
}

//go:build e2e && packages

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
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
	m.exports()
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
	m.exists(false, "/usr/lib/systemd/system/spectrum2-lua-exporter.service", "/etc/systemd/system/multi-user.target.wants/spectrum2-lua-exporter.service")
	if out, err := m.try("systemctl is-active spectrum2-lua-exporter"); err == nil {
		t.Errorf("the exporter runs without the package: %s", out)
	}
}

// exports follows docs/admin/monitor.md while alice is logged in, and scrapes the exporter.
func (m *machine) exports() {
	m.t.Helper()
	if out, err := m.try("systemctl is-enabled spectrum2-lua-exporter"); err == nil {
		m.t.Errorf("the package has enabled the exporter: %s", out)
	}
	const get = `python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:9151/metrics").read().decode())'`
	m.instead = map[string]string{"curl -s http://127.0.0.1:9151/metrics": get + " >/root/metrics"}
	m.followSome("docs/admin/monitor.md", "## Scrape transports under Spectrum 2", 1)
	scraped := m.run("cat /root/metrics")
	for _, want := range []string{
		`spectrum2_lua_processes{jid="echo.localhost"} 1`, `spectrum2_lua_users{jid="echo.localhost"} 1`,
		`spectrum2_lua_logins_total{jid="echo.localhost"} 1`, `spectrum2_lua_exporter_failures_total{jid="echo.localhost"} 0`,
	} {
		if !strings.Contains("\n"+scraped+"\n", "\n"+want+"\n") {
			m.t.Errorf("the exporter lacks %s:\n%s", want, scraped)
		}
	}
	m.shows("ps -o user:20= -p $(systemctl show -P MainPID spectrum2-lua-exporter)", "_spectrum2")
	m.run("systemd-analyze security --no-pager --threshold=20 spectrum2-lua-exporter") // tenths of a point
}

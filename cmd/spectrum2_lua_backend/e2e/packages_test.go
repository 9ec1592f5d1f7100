//go:build e2e && packages

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// stable returns the stable Debian of packages_provision.sh.
func stable(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("E2E_STABLE")
	if dir == "" {
		t.Fatal("E2E_STABLE is not set: use packages_run.sh")
	}
	return dir
}

// packages returns the paths of the packages under test for this machine.
func packages(t *testing.T) []string {
	t.Helper()
	return debs(t, runtime.GOARCH)
}

// debs returns the paths of the packages for Debian.
func debs(t *testing.T, arch string) []string {
	t.Helper()
	return []string{onePackage(t, "spectrum2-backend-lua_*_"+arch+".deb"), onePackage(t, "spectrum2-lua_*_"+arch+".deb")}
}

// put copies files to /root in the machine, in place of the packages that are there.
func (m *machine) put(files ...string) {
	m.t.Helper()
	for _, name := range files {
		if err := copyFile(name, m.path(filepath.Base(name)), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
	m.run("rm -f /root/*.deb /root/*.rpm && mv /e2e/spectrum2-* /root/")
}

// nextVersion builds packages of a later version from those under test. edit changes the tree
// of each.
func nextVersion(t *testing.T, suffix string, edit func(tree string)) []string {
	t.Helper()
	var next []string
	for _, name := range packages(t) {
		tree := debTree(t, name)
		version := field(t, name, "Version")
		control := filepath.Join(tree, "DEBIAN", "control")
		// Both the package's own version and that of the package it depends on.
		text := strings.ReplaceAll(string(read(t, control)), version, version+suffix)
		if err := os.WriteFile(control, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		edit(tree)
		to := filepath.Join(t.TempDir(), strings.Replace(filepath.Base(name), "_"+version+"_", "_"+version+suffix+"_", 1))
		if out, err := exec.Command("dpkg-deb", "-Znone", "-b", tree, to).CombinedOutput(); err != nil {
			t.Fatalf("dpkg-deb: %v\n%s", err, out)
		}
		next = append(next, to)
	}
	return next
}

// field returns a field of a package.
func field(t *testing.T, name, field string) string {
	t.Helper()
	out, err := exec.Command("dpkg-deb", "-f", name, field).Output()
	if err != nil {
		t.Fatalf("dpkg-deb -f %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// addLine returns a function for nextVersion that adds a line to a config of the package that
// has it.
func addLine(t *testing.T, config, line string) func(tree string) {
	return func(tree string) {
		t.Helper()
		file := filepath.Join(tree, config)
		content, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			return
		}
		if err == nil {
			err = os.WriteFile(file, append(content, line+"\n"...), 0o640)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The transport echo of the package, its files and its process.
const (
	echoConfig   = "/etc/spectrum2-lua/echo.cfg"
	echoDatabase = "/var/lib/spectrum2-lua/echo.localhost/database.sql"
	enabledEcho  = "/etc/systemd/system/multi-user.target.wants/spectrum2-lua@echo.service"
	mainProcess  = "systemctl show -P MainPID spectrum2-lua@echo"
)

// TestPackagesServe installs the package on a fresh Debian, follows docs/admin from the first
// command to the first message, and upgrades and removes it.
func TestPackagesServe(t *testing.T) {
	t.Parallel()
	m := startMachine(t, stable(t))
	m.follow("docs/guide/without-spectrum.md", "## 1. Prosody")
	m.put(packages(t)...)
	m.follow("docs/admin/install.md", "### On Debian, without Spectrum 2")
	m.hasFiles()

	alice := m.client("alice", "wonderland")
	alice.online()
	alice.echoes()

	m.backsUp(alice)
	m.upgrades(alice)
	m.isRemoved()
}

// TestPackagesLintian checks the packages with Debian's lintian. The packages have the exceptions,
// with reasons.
func TestPackagesLintian(t *testing.T) {
	t.Parallel()
	needs(t, "lintian")
	out, err := inStable(t, "exec lintian --allow-root ./*.deb", packages(t)...)
	if err != nil || len(out) > 0 {
		t.Errorf("lintian: %v\n%s", err, out)
	}
}

// hasFiles checks what the package has installed.
func (m *machine) hasFiles() {
	m.t.Helper()
	m.exists(true, "/usr/share/man/man1/spectrum2-lua.1.gz", "/usr/share/bash-completion/completions/spectrum2-lua",
		"/usr/share/spectrum2-lua/examples/echo.cfg", "/usr/share/doc/spectrum2-lua/docs/admin/install.md")
	for _, file := range []struct{ path, want string }{
		{"/etc/spectrum2-lua", "750 root:_spectrum2-lua"},
		{echoConfig, "640 root:_spectrum2-lua"},
		{"/var/lib/spectrum2-lua/echo.localhost", "750 _spectrum2-lua:_spectrum2-lua"},
	} {
		m.shows("stat -c '%a %U:%G' "+file.path, file.want)
	}
	m.shows("ps -o user:20= -p $("+mainProcess+")", "_spectrum2-lua")
	m.shows("systemctl is-active spectrum2-lua@echo", "active")
	m.shows("systemctl is-enabled spectrum2-lua@echo", "enabled")
	m.run("spectrum2-lua test /usr/share/spectrum2-lua/examples /usr/share/spectrum2-lua/scripts/echo_test.lua")
}

// backsUp follows docs/admin/backup.md: what changes after the backup is undone.
func (m *machine) backsUp(alice *client) {
	m.t.Helper()
	m.run("spectrum2-lua store set " + echoConfig + ` KEY '"before"'`)
	m.follow("docs/admin/backup.md", "## SQLite")
	m.run("spectrum2-lua store set " + echoConfig + ` KEY '"after"'`)
	alice.do(command{"do": "unregister", "to": alice.bed.jid})
	alice.step("waits for the restored transport")
	m.follow("docs/admin/backup.md", "### Restore")
	m.shows("spectrum2-lua store get "+echoConfig+" KEY", `"before"`)
	alice.goOnline()
	alice.echoes()
	m.follow("docs/admin/backup.md", "## Values of scripts only")
	m.shows("spectrum2-lua store get "+echoConfig+" KEY", `"before"`)
}

// upgrades follows docs/admin/upgrade.md. The config that the admin has changed stays, and the
// user stays registered.
func (m *machine) upgrades(alice *client) {
	m.t.Helper()
	config, process := m.run("cat "+echoConfig), m.run(mainProcess)
	alice.step("waits for the upgrade")
	m.put(nextVersion(m.t, ".1", func(string) {})...)
	m.follow("docs/admin/upgrade.md", "## With packages")
	m.restarted(process)
	m.shows("cat "+echoConfig, config)
	alice.goOnline()
	alice.echoes()

	m.put(packages(m.t)...)
	m.follow("docs/admin/upgrade.md", "## Back to the older version")
	m.shows("dpkg-query -W -f '${Version}' spectrum2-lua", field(m.t, packages(m.t)[1], "Version"))
	m.shows("cat "+echoConfig, config)

	m.put(nextVersion(m.t, ".2", addLine(m.t, echoConfig, "# A new line of the package."))...)
	m.follow("docs/admin/upgrade.md", "### Without questions")
	m.shows("cat "+echoConfig, config)
	m.exists(true, echoConfig+".dpkg-dist")
	alice.goOnline()
	alice.echoes()
}

// isRemoved follows the end of docs/admin/upgrade.md.
func (m *machine) isRemoved() {
	m.t.Helper()
	m.follow("docs/admin/upgrade.md", "## Removing it")
	m.exists(false, "/usr/bin/spectrum2-lua", "/usr/share/spectrum2-lua", "/usr/share/doc/spectrum2-lua")
	m.exists(true, echoConfig, echoDatabase)
	m.isStopped()
	m.follow("docs/admin/upgrade.md", "### With configs and data")
	m.exists(false, "/etc/spectrum2-lua", "/var/lib/spectrum2-lua", "/var/log/spectrum2-lua", enabledEcho)
}

// restarted checks that an upgrade has replaced a process of the transport.
func (m *machine) restarted(process string) {
	m.t.Helper()
	if now := m.run(mainProcess); now == process || now == "0" {
		m.t.Errorf("the upgrade does not restart the transport: process %s before, %s now", process, now)
	}
}

// isStopped checks that the transport does not run.
func (m *machine) isStopped() {
	m.t.Helper()
	if out, err := m.try("systemctl is-active spectrum2-lua@echo"); err == nil {
		m.t.Errorf("the transport runs without the package: %s", out)
	}
}

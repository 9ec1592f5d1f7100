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

// rpms returns the paths of the packages for RPM and for this machine.
func rpms(t *testing.T) []string {
	t.Helper()
	end := "." + architectures[runtime.GOARCH].rpm + ".rpm"
	return []string{onePackage(t, "spectrum2-lua-[0-9]*"+end), onePackage(t, "spectrum2-backend-lua-[0-9]*"+end)}
}

// nextRPM builds spectrum2-lua of a later version, with another line in its config.
func nextRPM(t *testing.T, suffix, line string) string {
	t.Helper()
	const recipe = "cmd/spectrum2-lua/internal/install/packages/spectrum2-lua.yaml"
	stage, deb := t.TempDir(), packages(t)[1]
	tree := filepath.Join(stage, "spectrum2-lua")
	if out, err := exec.Command("dpkg-deb", "-x", deb, tree).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, out)
	}
	addLine(t, echoConfig, line)(tree)
	text := strings.ReplaceAll(repositoryFile(t, recipe), "cmd/spectrum2-lua/internal/install/packages/echo.cfg", filepath.Join(tree, echoConfig))
	config := filepath.Join(stage, "spectrum2-lua.yaml")
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(stage, "spectrum2-lua-next.rpm")
	cmd := exec.CommandContext(t.Context(), "go", "run", os.Getenv("E2E_NFPM"), "package", "--config", config, "--packager", "rpm", "--target", to)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "ARCH="+runtime.GOARCH, "STAGE="+stage, "VERSION="+field(t, deb, "Version")+suffix)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nfpm: %v\n%s", err, out)
	}
	return to
}

// TestPackagesRPM installs, upgrades and removes the packages with Debian's rpm, and otherwise
// does what TestPackagesServe does. Debian's packages are not in the database of rpm, so it
// cannot know that /bin/sh exists.
func TestPackagesRPM(t *testing.T) {
	t.Parallel()
	needs(t, "rpm")
	m := startMachine(t, stable(t))
	const upgrade = "rpm --upgrade --nodeps /root/*.rpm"
	m.instead = map[string]string{
		"apt install ./spectrum2-lua_*_" + runtime.GOARCH + ".deb": upgrade,
		"apt remove spectrum2-lua":                                 "rpm --erase spectrum2-lua spectrum2-backend-lua",
	}
	m.follow("docs/guide/without-spectrum.md", "## 1. Prosody")
	m.put(rpms(t)...)
	m.follow("docs/admin/install.md", "### On Debian, without Spectrum 2")
	m.hasFiles()
	m.run("/usr/libexec/spectrum2_lua_backend --version")
	alice := m.client("alice", "wonderland")
	alice.online()
	alice.echoes()

	config, process := m.run("cat "+echoConfig), m.run(mainProcess)
	m.put(nextRPM(t, ".1", "# A new line of the package."))
	alice.step("waits for the upgrade")
	m.follow("docs/admin/upgrade.md", "## With packages")
	m.restarted(process)
	m.shows("cat "+echoConfig, config)
	m.shows("stat -c '%a %U:%G' "+echoConfig, "640 root:_spectrum2-lua")
	m.shows("tail -n 1 "+echoConfig+".rpmnew", "# A new line of the package.")
	alice.waitOnline() // the transport asks the server who is online
	alice.echoes()

	m.write("/etc/spectrum2-lua/mine.cfg", "# A config of the admin.\n")
	m.follow("docs/admin/upgrade.md", "## Removing it")
	m.isStopped()
	m.exists(false, "/usr/bin/spectrum2-lua", "/usr/libexec/spectrum2_lua_backend", "/usr/share/spectrum2-lua", enabledEcho)
	m.exists(true, "/etc/spectrum2-lua/mine.cfg", echoDatabase)
	m.shows("cat "+echoConfig+".rpmsave", config)
}

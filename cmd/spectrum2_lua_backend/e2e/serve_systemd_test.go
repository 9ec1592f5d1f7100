//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// systemdFiles are the files of TestServeUnderSystemd in the root, beside those of
// `make install`.
var systemdFiles = map[string]string{
	"etc/spectrum2/transports/mychat.cfg": `[service]
jid = mychat.localhost
password = secret
[lua]
script = mychat.lua
handler_timeout = 0.1
`,
	"etc/spectrum2/transports/mychat.lua": "return {}\n",
	"etc/prosody/conf.d/mychat.cfg.lua":   "Component \"mychat.localhost\"\n    component_secret = \"secret\"\n",
	"etc/systemd/system/spectrum2-lua@.service.d/e2e.conf": `[Service]
WatchdogSec=2
RestartSec=0
StandardError=append:/e2e/log
`,
	// The folder of the test need not be readable for Prosody's user.
	"etc/systemd/system/prosody.service.d/e2e.conf": "[Service]\nStandardOutput=null\nStandardError=null\n",
	"etc/systemd/system/e2e.target": `[Unit]
DefaultDependencies=no
Requires=e2e.service
`,
	"etc/systemd/system/e2e.service": `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash /e2e/systemd_steps.sh
ExecStopPost=/usr/bin/systemctl exit 0
StandardOutput=append:/e2e/out
StandardError=append:/e2e/err
`,
}

// TestServeUnderSystemd runs the installed unit under Debian's systemd, which is process 1 of
// its own namespaces and control group.
func TestServeUnderSystemd(t *testing.T) {
	t.Parallel()
	group, cleanup := controlGroup(t)
	defer cleanup()
	dir := t.TempDir()
	install(t, filepath.Join(dir, "add"), filepath.Join(dir, "bin"))
	for name, content := range systemdFiles {
		file := filepath.Join(dir, "add", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyFile("systemd_steps.sh", filepath.Join(dir, "systemd_steps.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "over"), 0o755); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup",
		"bash", "systemd.sh", root, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd()), Pdeathsig: syscall.SIGKILL}
	console, err := cmd.CombinedOutput()
	got := steps(string(read(t, filepath.Join(dir, "out"))))
	if err != nil || got["stop"] == "" {
		t.Fatalf("systemd ended too early: %v\n%s", err, console)
	}
	for name, want := range map[string]string{
		"verify":    "",
		"connected": "mychat.localhost: 0 users online",
		"reload":    "0 active 1",
		"watchdog":  "1 restart",
		"again":     "active mychat.localhost: 0 users online",
		"mistake":   "1 failed 78 0 restarts",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, not %q", name, got[name], want)
		}
	}
	if want := "0 active mychat.localhost: 0 users online; no connection to the XMPP server: "; !strings.HasPrefix(got["start"], want) {
		t.Errorf("start: %q, not %q", got["start"], want)
	}
	if n, err := strconv.ParseFloat(got["exposure"], 64); err != nil || n > 2 {
		t.Errorf("systemd-analyze security rates the unit with %q", got["exposure"])
	}
	fields := strings.Fields(got["stop"] + " ? ? ?")
	if ms, err := strconv.Atoi(fields[2]); fields[0] != "0" || fields[1] != "success" || err != nil || ms > 3000 {
		t.Errorf("stop: %q", got["stop"])
	}
	if t.Failed() {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		problems, _ := os.ReadFile(filepath.Join(dir, "err"))
		t.Logf("steps:\n%s\nconsole:\n%s\nlog:\n%s", problems, console, log)
	}
}

// install runs `make install`. destdir stands for /. The programs are built in bin.
func install(t *testing.T, destdir, bin string) {
	t.Helper()
	bin, err := filepath.Rel(repository, bin)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "make", "-C", repository, "install", "DESTDIR="+destdir, "PREFIX=/usr", "BIN="+bin).CombinedOutput()
	if err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
}

// steps reads the lines "name: value".
func steps(out string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		values[name] = value
	}
	return values
}

// controlGroup returns a new control group of version 2, in which systemd can create others.
func controlGroup(t *testing.T) (group *os.File, cleanup func()) {
	t.Helper()
	for _, mount := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(filepath.Join(mount, "cgroup.procs")); err != nil {
			continue
		}
		name, err := os.MkdirTemp(mount, "spectrum2-lua-e2e-"+strconv.Itoa(os.Getpid())+"-")
		if err != nil {
			t.Skipf("no control group can be created here: %v", err)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		return f, func() {
			_ = f.Close()
			removeGroups(name)
		}
	}
	t.Skip("there are no control groups of version 2 here")
	return nil, nil
}

// removeGroups removes a control group and those in it. It does nothing while they have
// processes.
func removeGroups(name string) {
	inner, _ := filepath.Glob(filepath.Join(name, "*/"))
	for _, n := range inner {
		removeGroups(n)
	}
	_ = syscall.Rmdir(name)
}

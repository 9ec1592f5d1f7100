//go:build e2e && packages

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spectrumlua/runtime/dependent"
)

// A machine is a fresh Debian with systemd as process 1, in namespaces of its own. What
// happens in it leaves the folder from which it was made as it is. It has no network.
type machine struct {
	t   *testing.T
	dir string // its folder /e2e, as this process sees it
	pid int    // of systemd
	// instead are commands for follow to run instead of those of a page.
	instead map[string]string
}

// machineFiles are the files of a machine, besides those of its folder.
var machineFiles = map[string]string{
	"etc/systemd/system/e2e.target": `[Unit]
Requires=basic.target e2e.service
After=basic.target
`,
	"etc/systemd/system/e2e.service": `[Unit]
Requires=basic.target
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/touch /e2e/ready
`,
	// Where admins use vi, the tests use this editor.
	"usr/local/bin/editor": `#!/bin/sh
sed -i 's/^password = change-me$/password = SECRET/' "$1"
`,
	// Packages behave as on a machine of an admin, and install their documentation.
	"usr/sbin/policy-rc.d":    "#!/bin/sh\nexit 0\n",
	"etc/dpkg/dpkg.cfg.d/e2e": "force-unsafe-io\n",
	// The admin answers the questions of apt with yes.
	"etc/apt/apt.conf.d/90e2e": "APT::Get::Assume-Yes \"true\";\n",
	"etc/hostname":             "e2e\n",
	"etc/hosts":                "127.0.0.1 localhost e2e\n",
}

// startMachine starts a machine from a folder with a Debian. It skips the test if there are
// no control groups here.
func startMachine(t *testing.T, from string) *machine {
	t.Helper()
	group, cleanup := controlGroup(t)
	m := &machine{t: t, dir: t.TempDir()}
	for name, content := range machineFiles {
		mode := os.FileMode(0o644)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		file := filepath.Join(m.dir, "add", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(m.dir, "over"), 0o755); err != nil {
		t.Fatal(err)
	}
	console, err := os.Create(m.path("console"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup",
		"bash", "systemd.sh", from, m.dir)
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	ended := make(chan error, 1)
	if err := dependent.Start(cmd, func() { ended <- cmd.Wait() }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			m.showLogs()
		}
		_ = cmd.Process.Kill() // --kill-child ends the others
		<-ended
		_ = console.Close()
		cleanup()
	})
	m.waitReady(cmd.Process.Pid, ended)
	return m
}

// waitReady waits until systemd has started, and finds its process.
func (m *machine) waitReady(parent int, ended chan error) {
	m.t.Helper()
	ok := m.poll(2*time.Minute, func() bool {
		select {
		case err := <-ended:
			ended <- err
			m.t.Fatalf("systemd ended too early: %v\n%s", err, tail(string(read(m.t, m.path("console"))), 40))
		default:
		}
		_, err := os.Stat(m.path("ready"))
		return err == nil
	})
	if !ok {
		m.t.Fatalf("systemd did not start:\n%s", tail(string(read(m.t, m.path("console"))), 40))
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if of, lives := parentOf(pid); lives && of == parent {
			m.pid = pid
		}
	}
	if m.pid == 0 {
		m.t.Fatal("systemd has no process")
	}
}

// path returns the path of a file of /e2e for this process.
func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

// poll calls so repeatedly until it returns true or the limit has passed.
func (m *machine) poll(limit time.Duration, so func() bool) bool {
	return (&bed{t: m.t}).poll(limit, so)
}

// command prepares a program in the machine.
func (m *machine) command(ctx context.Context, folder string, arg ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{
		"--target", strconv.Itoa(m.pid), "--mount", "--pid", "--net", "--uts", "--ipc", "--wd=" + filepath.Join("/proc", strconv.Itoa(m.pid), "root", folder), "--",
	}, arg...)...)
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root", "USER=root",
		"DEBIAN_FRONTEND=noninteractive", "PYTHONDONTWRITEBYTECODE=1",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// try runs a line of a shell in /root and returns its output.
func (m *machine) try(line string) (string, error) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 5*time.Minute)
	defer cancel()
	out, err := m.command(ctx, "root", "bash", "-c", line).CombinedOutput()
	m.t.Logf("# %s\n%s", line, out)
	return string(out), err
}

// run runs a line of a shell, which has to succeed, and returns its output.
func (m *machine) run(line string) string {
	m.t.Helper()
	out, err := m.try(line)
	if err != nil {
		m.t.Fatalf("%s: %v", line, err)
	}
	return strings.TrimSpace(out)
}

// shows runs a line whose output has to be want.
func (m *machine) shows(line, want string) {
	m.t.Helper()
	if got := m.run(line); got != want {
		m.t.Errorf("%s: %q, not %q", line, got, want)
	}
}

// exists checks which of the paths exist.
func (m *machine) exists(want bool, paths ...string) {
	m.t.Helper()
	for _, path := range paths {
		if _, err := m.try("test -e " + path); (err == nil) != want {
			m.t.Errorf("%s exists: %v, not %v", path, err == nil, want)
		}
	}
}

// write writes a file in the machine.
func (m *machine) write(path, content string) {
	m.t.Helper()
	if err := os.WriteFile(m.path("file"), []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
	m.run(fmt.Sprintf("install -D -m 0644 /e2e/file %s", path))
}

// client connects an XMPP account of the machine's Prosody.
func (m *machine) client(user, word string) *client {
	m.t.Helper()
	b := &bed{
		t: m.t, dir: m.path("client"), home: "/e2e/client", jid: "echo.localhost",
		password: word, certificate: "/etc/prosody/certs/localhost.crt",
		xmppPort: 5222, begin: time.Now(), patience: patience,
	}
	b.enter = func(arg []string) *exec.Cmd { return m.command(context.Background(), "e2e/client", arg...) }
	b.unmet = func(format string, args ...any) { m.t.Helper(); m.t.Fatalf(format, args...) }
	m.t.Cleanup(b.close)
	return b.client(user)
}

// showLogs shows the end of the logs.
func (m *machine) showLogs() {
	m.t.Logf("---- console\n%s", tail(string(read(m.t, m.path("console"))), 40))
	if m.pid == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, _ := m.command(ctx, "root", "bash", "-c",
		"systemctl --no-pager --failed; journalctl --no-pager -n 80 _TRANSPORT=stdout + _TRANSPORT=syslog + _TRANSPORT=journal; tail -n 20 /var/log/prosody/*.log /var/log/spectrum2/*/*.log /var/log/spectrum2/*/*/*.log").CombinedOutput()
	m.t.Logf("---- logs\n%s", out)
}

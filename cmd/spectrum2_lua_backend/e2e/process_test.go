//go:build e2e

package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"spectrumlua/runtime/dependent"
)

// marker names the bed in the environment of all its processes. It also identifies those
// that left their session and their parent.
const marker = "E2E_BED="

// A process is a program that runs in the chroot for a bed.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // why it ended; valid when done is closed
}

// command prepares a program in the chroot, in the bed's folder. The program has its own
// mount namespace with /proc, and dies with the test.
func (b *bed) command(arg ...string) *exec.Cmd {
	if b.enter != nil {
		cmd := b.enter(arg)
		cmd.Env = append(cmd.Env, marker+b.dir)
		return cmd
	}
	cmd := exec.Command("unshare", append([]string{
		"--mount", "--mount-proc", "--root=" + root, "--wd=" + b.inside("."), "--",
	}, arg...)...)
	cmd.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=" + b.inside("."),
		"PYTHONDONTWRITEBYTECODE=1", marker + b.dir,
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// start starts a program whose output goes to NAME.out in the bed's folder.
func (b *bed) start(name string, arg ...string) *process {
	b.t.Helper()
	out, err := os.OpenFile(b.path(name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		b.t.Fatal(err)
	}
	defer out.Close()
	cmd := b.command(arg...)
	cmd.Stdout, cmd.Stderr = out, out
	return b.launch(name, cmd)
}

func (b *bed) launch(name string, cmd *exec.Cmd) *process {
	b.t.Helper()
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	err := dependent.Start(cmd, func() {
		p.err = cmd.Wait()
		close(p.done)
	})
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	return p
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop sends SIGTERM to a process and returns how long it took to end. After the limit, it
// kills the process and returns an error.
func (p *process) stop(limit time.Duration) (time.Duration, error) {
	begin := time.Now()
	if p.ended() {
		return 0, nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return time.Since(begin), nil
	case <-time.After(limit):
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	return limit, fmt.Errorf("%s did not end within %v of SIGTERM", p.name, limit)
}

// A running process of a bed, as /proc shows it.
type running struct {
	pid    int
	parent int // at that time: the process may end, and then /proc does not name it
	args   []string
}

func (r running) String() string { return fmt.Sprintf("%d %s", r.pid, strings.Join(r.args, " ")) }

// processes returns all processes with the bed's marker, regardless of their parent.
func (b *bed) processes() []running {
	var found []running
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	want := []byte(marker + b.dir)
	for _, dir := range dirs {
		environment, err := os.ReadFile(dir + "/environ")
		if err != nil || !hasEntry(environment, want) {
			continue
		}
		line, err := os.ReadFile(dir + "/cmdline")
		pid, _ := strconv.Atoi(filepath.Base(dir))
		parent, lives := parentOf(pid)
		if err == nil && len(line) > 0 && lives {
			found = append(found, running{pid, parent, strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")})
		}
	}
	return found
}

// parentOf returns the parent of a process. It returns false if the process has ended.
func parentOf(pid int) (parent int, lives bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The name of the program, in parentheses, may contain anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, err == nil
}

func hasEntry(environment, want []byte) bool {
	for _, entry := range bytes.Split(environment, []byte{0}) {
		if bytes.Equal(entry, want) {
			return true
		}
	}
	return false
}

// copyFile copies a file and sets its mode.
func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

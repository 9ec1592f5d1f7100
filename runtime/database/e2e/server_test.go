//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spectrumlua/runtime/database"
)

const (
	// nobody is the user id of the servers.
	nobody   = 65534
	password = "hunter2"
	// patience limits the time in which a server starts or stops.
	patience = time.Minute
)

// kind holds the differences between the servers.
type kind struct {
	name     string
	scheme   string
	database string
	prepare  func(s *server) error
	command  func(s *server) []string
	// grant returns the command that creates the tests' user and database. It is nil
	// if prepare does that.
	grant func(s *server) []string
	stop  syscall.Signal // ends the server in order, without waiting for clients
}

var kinds = []*kind{
	{
		name: "postgresql", scheme: "postgres", database: "postgres",
		prepare: func(s *server) error {
			if err := os.WriteFile(s.outside("password"), []byte(password), 0o644); err != nil {
				return err
			}
			return s.run(s.postgres("initdb"), "-D", s.inside("data"), "-U", "bot", "-E", "UTF8", "--auth=scram-sha-256", "--pwfile="+s.inside("password"))
		},
		command: func(s *server) []string {
			return []string{s.postgres("postgres"), "-D", s.inside("data"), "-p", s.port, "-h", "127.0.0.1", "-k", s.inside("")}
		},
		stop: syscall.SIGINT,
	},
	{
		name: "mysql", scheme: "mysql", database: "bot",
		prepare: func(s *server) error {
			return s.run("/usr/bin/mariadb-install-db", "--no-defaults", "--datadir="+s.inside("data"),
				"--auth-root-authentication-method=normal", "--skip-test-db")
		},
		command: func(s *server) []string {
			return []string{"/usr/sbin/mariadbd", "--no-defaults", "--datadir=" + s.inside("data"), "--port=" + s.port,
				"--bind-address=127.0.0.1", "--socket=" + s.inside("socket"), "--pid-file=" + s.inside("pid")}
		},
		grant: func(s *server) []string {
			return []string{"/usr/bin/mariadb", "--no-defaults", "--socket=" + s.inside("socket"), "-u", "root", "-e",
				"CREATE DATABASE IF NOT EXISTS bot; CREATE USER IF NOT EXISTS bot@'%' IDENTIFIED BY '" + password + "'; GRANT ALL ON bot.* TO bot@'%'"}
		},
		stop: syscall.SIGTERM,
	},
}

// server is a server that the suite has started.
type server struct {
	kind *kind
	root string
	dir  string // below root, with a slash
	port string
	cmd  *exec.Cmd
	log  *os.File
}

// newServer prepares a server's data. It does not start the server.
func newServer(k *kind, root string) (*server, error) {
	dir, err := os.MkdirTemp(filepath.Join(root, "e2e"), k.name+"-")
	if err != nil {
		return nil, err
	}
	s := &server{kind: k, root: root, dir: strings.TrimPrefix(dir, root)}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, nobody, nobody)); err != nil {
		return nil, err
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(dir + ".log"); err != nil {
		return nil, err
	}
	return s, k.prepare(s)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// inside returns a path as the server sees it, below its root. outside returns the
// same path as the tests see it.
func (s *server) inside(name string) string { return filepath.Join(s.dir, name) }

func (s *server) outside(name string) string { return filepath.Join(s.root, s.dir, name) }

// postgres returns the path of a PostgreSQL program, for any version.
func (s *server) postgres(program string) string {
	found, _ := filepath.Glob(filepath.Join(s.root, "usr/lib/postgresql/*/bin", program))
	if len(found) == 0 {
		return program
	}
	return strings.TrimPrefix(found[0], s.root)
}

// inRoot returns a command that runs in the small Debian as an ordinary user. It is
// killed when the tests end.
func (s *server) inRoot(words ...string) *exec.Cmd {
	return &exec.Cmd{
		Path: words[0], Args: words, Dir: "/",
		Env:    []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=" + s.inside(""), "TMPDIR=" + s.inside("")},
		Stdout: s.log, Stderr: s.log,
		SysProcAttr: &syscall.SysProcAttr{
			Chroot: s.root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Pdeathsig: syscall.SIGKILL,
		},
	}
}

func (s *server) run(words ...string) error {
	if err := s.inRoot(words...).Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, s.tail())
	}
	return nil
}

// tail returns the end of the server's log.
func (s *server) tail() string {
	data, _ := os.ReadFile(s.log.Name())
	return string(bytes.TrimSpace(data[max(0, len(data)-4000):]))
}

// start starts the server and waits until it answers.
func (s *server) start() error {
	s.cmd = s.inRoot(s.kind.command(s)...)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for {
		err := s.answers()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer: %w\n%s", s.kind.name, err, s.tail())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// answers returns nil if the server runs a statement for the tests' user.
func (s *server) answers() error {
	if s.kind.grant != nil {
		if err := s.inRoot(s.kind.grant(s)...).Run(); err != nil {
			return err
		}
	}
	place, err := database.Parse(s.url(), "/")
	if err != nil {
		return err
	}
	db := database.New(place)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = db.Exec(ctx, "SELECT 1")
	return err
}

func (s *server) url() string {
	return fmt.Sprintf("%s://bot:%s@127.0.0.1:%s/%s", s.kind.scheme, password, s.port, s.kind.database)
}

// end sends a signal that ends the server, and waits for the end.
func (s *server) end(signal syscall.Signal) {
	if s.cmd == nil {
		return
	}
	s.thaw()
	if signal == syscall.SIGKILL { // PostgreSQL's child processes would run a little longer
		for _, pid := range s.processes() {
			_ = syscall.Kill(pid, signal)
		}
	}
	_ = s.cmd.Process.Signal(signal)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// remove ends the server and removes its files.
func (s *server) remove() {
	s.end(s.kind.stop)
	_ = s.log.Close()
	_ = os.Remove(s.log.Name())
	_ = os.RemoveAll(filepath.Join(s.root, s.dir))
}

// processes returns the server's process ids. PostgreSQL has a process for each
// connection.
func (s *server) processes() []int {
	pid := s.cmd.Process.Pid
	all := []int{pid}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// freeze suspends the server's processes until thaw or the end of the test.
func (s *server) freeze(t *testing.T) {
	t.Helper()
	t.Cleanup(s.thaw)
	for _, pid := range s.processes() {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(state(pid), "\nState:\tT") {
			time.Sleep(time.Millisecond)
		}
	}
}

// state returns the status file of a process.
func state(pid int) string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return string(status)
}

// thaw lets the server's processes continue.
func (s *server) thaw() {
	for _, pid := range s.processes() {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

// Package dbserver starts PostgreSQL and MariaDB for end-to-end tests, in the small Debian that
// runtime/database/e2e/provision.sh makes.
package dbserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/dependent"
)

const (
	// nobody is the user id of the servers.
	nobody = 65534
	// Password is the password of the user bot.
	Password = "hunter2"
	// patience limits the time in which a server starts or stops.
	patience = time.Minute
)

// Kind holds the differences between the servers.
type Kind struct {
	Name     string // of the engine
	Type     string // of [database]
	Scheme   string // of a URL
	Database string // that the user bot owns
	prepare  func(s *Server) error
	command  func(s *Server) []string
	// grant returns the command that creates the tests' user and database. It is nil
	// if prepare does that.
	grant func(s *Server) []string
	Stop  syscall.Signal // ends the server in order, without waiting for clients
}

// Kinds are the servers that tests use.
var Kinds = []*Kind{
	{
		Name: "postgresql", Type: "pqxx", Scheme: "postgres", Database: "postgres",
		prepare: func(s *Server) error {
			if err := os.WriteFile(s.outside("password"), []byte(Password), 0o644); err != nil {
				return err
			}
			return s.run(s.postgres("initdb"), "-D", s.inside("data"), "-U", "bot", "-E", "UTF8", "--auth=scram-sha-256", "--pwfile="+s.inside("password"))
		},
		command: func(s *Server) []string {
			return []string{s.postgres("postgres"), "-D", s.inside("data"), "-p", s.Port, "-h", "127.0.0.1", "-k", s.inside("")}
		},
		Stop: syscall.SIGINT,
	},
	{
		Name: "mysql", Type: "mysql", Scheme: "mysql", Database: "bot",
		prepare: func(s *Server) error {
			return s.run("/usr/bin/mariadb-install-db", "--no-defaults", "--datadir="+s.inside("data"),
				"--auth-root-authentication-method=normal", "--skip-test-db")
		},
		command: func(s *Server) []string {
			return []string{"/usr/sbin/mariadbd", "--no-defaults", "--datadir=" + s.inside("data"), "--port=" + s.Port,
				"--bind-address=127.0.0.1", "--socket=" + s.inside("socket"), "--pid-file=" + s.inside("pid")}
		},
		grant: func(s *Server) []string {
			return []string{"/usr/bin/mariadb", "--no-defaults", "--socket=" + s.inside("socket"), "-u", "root", "-e",
				"CREATE DATABASE IF NOT EXISTS bot; CREATE USER IF NOT EXISTS bot@'%' IDENTIFIED BY '" + Password + "'; GRANT ALL ON bot.* TO bot@'%'"}
		},
		Stop: syscall.SIGTERM,
	},
}

// Lock locks the folder, so that provision.sh leaves it unchanged until the result is closed.
// It removes the files of runs that were killed, if no other run uses the folder.
func Lock(root string) (io.Closer, error) {
	lock, err := os.Open(root + ".lock")
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		left, _ := filepath.Glob(filepath.Join(root, "e2e", "*"))
		for _, path := range left {
			_ = os.RemoveAll(path)
		}
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// Server is a server with its own data. Its methods are not safe for concurrent use.
type Server struct {
	Kind *Kind
	Port string
	root string
	dir  string // below root, with a slash
	cmd  *exec.Cmd
	wait func() error // for the end of cmd
	log  *os.File
}

// New prepares a server's data. It does not start the server.
func New(k *Kind, root string) (*Server, error) {
	dir, err := os.MkdirTemp(filepath.Join(root, "e2e"), k.Name+"-")
	if err != nil {
		return nil, err
	}
	s := &Server{Kind: k, root: root, dir: strings.TrimPrefix(dir, root)}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, nobody, nobody)); err != nil {
		return nil, err
	}
	if s.Port, err = FreePort(); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(dir + ".log"); err != nil {
		return nil, err
	}
	return s, s.Kind.prepare(s)
}

// Section returns the section [database] of a config, without the key prefix.
func (s *Server) Section(password, database string) string {
	return fmt.Sprintf("type=%s\nserver=127.0.0.1\nport=%s\nuser=bot\npassword=%s\ndatabase=%s\n", s.Kind.Type, s.Port, password, database)
}

// FreePort returns an unused port of the loopback interface.
func FreePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() //nolint:errcheck // only the port counts
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// inside returns a path as the server sees it, below its root. outside returns the
// same path as the tests see it.
func (s *Server) inside(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) outside(name string) string { return filepath.Join(s.root, s.dir, name) }

// postgres returns the path of a PostgreSQL program, for any version.
func (s *Server) postgres(program string) string {
	found, _ := filepath.Glob(filepath.Join(s.root, "usr/lib/postgresql/*/bin", program))
	if len(found) == 0 {
		return program
	}
	return strings.TrimPrefix(found[0], s.root)
}

// inRoot returns a command that runs in the small Debian as an ordinary user.
func (s *Server) inRoot(words ...string) *exec.Cmd {
	return &exec.Cmd{
		Path: words[0], Args: words, Dir: "/",
		Env:    []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=" + s.inside(""), "TMPDIR=" + s.inside("")},
		Stdout: s.log, Stderr: s.log,
		SysProcAttr: &syscall.SysProcAttr{
			Chroot: s.root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
		},
	}
}

func (s *Server) run(words ...string) error {
	if err := run(s.inRoot(words...)); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, s.tail())
	}
	return nil
}

func run(cmd *exec.Cmd) error {
	wait, err := start(cmd)
	if err != nil {
		return err
	}
	return wait()
}

// start starts a program, which dies with this process. wait waits for its end, once.
func start(cmd *exec.Cmd) (wait func() error, err error) {
	ended := make(chan error, 1)
	return func() error { return <-ended }, dependent.Start(cmd, func() { ended <- cmd.Wait() })
}

// tail returns the end of the server's log.
func (s *Server) tail() string {
	data, _ := os.ReadFile(s.log.Name())
	return string(bytes.TrimSpace(data[max(0, len(data)-4000):]))
}

// Running reports whether the server was started and not stopped.
func (s *Server) Running() bool { return s.cmd != nil }

// Start starts the server and waits until it answers. The server dies with this process.
func (s *Server) Start() error {
	s.cmd = s.inRoot(s.Kind.command(s)...)
	var err error
	if s.wait, err = start(s.cmd); err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for {
		err := s.answers()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer: %w\n%s", s.Kind.Name, err, s.tail())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// answers returns nil if the server runs a statement for the tests' user.
func (s *Server) answers() error {
	if s.Kind.grant != nil {
		if err := run(s.inRoot(s.Kind.grant(s)...)); err != nil {
			return err
		}
	}
	place, err := database.Parse(s.URL(), "/")
	if err != nil {
		return err
	}
	db := database.New(place)
	defer db.Close() //nolint:errcheck // nothing was written
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = db.Exec(ctx, "SELECT 1")
	return err
}

// URL returns the URL of the database, in the format of [lua] store.
func (s *Server) URL() string {
	return fmt.Sprintf("%s://bot:%s@127.0.0.1:%s/%s", s.Kind.Scheme, Password, s.Port, s.Kind.Database)
}

// End sends a signal that ends the server, and waits for the end.
func (s *Server) End(signal syscall.Signal) {
	if s.cmd == nil {
		return
	}
	s.Thaw()
	var all []int
	if signal == syscall.SIGKILL { // PostgreSQL's child processes would run a little longer
		_ = s.cmd.Process.Signal(syscall.SIGSTOP) // it starts no more of them
		all = s.processes()
		for _, pid := range all {
			_ = syscall.Kill(pid, signal)
		}
	}
	_ = s.cmd.Process.Signal(signal)
	_ = s.wait()
	s.cmd = nil
	for deadline := time.Now().Add(patience); slices.ContainsFunc(all, runs) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
}

// runs reports whether a process exists.
func runs(pid int) bool { return syscall.Kill(pid, 0) == nil }

// Remove ends the server and removes its files.
func (s *Server) Remove() {
	s.End(s.Kind.Stop)
	_ = s.log.Close()
	_ = os.Remove(s.log.Name())
	_ = os.RemoveAll(filepath.Join(s.root, s.dir))
}

// processes returns the server's process ids. PostgreSQL has a process for each
// connection.
func (s *Server) processes() []int {
	if s.cmd == nil {
		return nil
	}
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

// Freeze suspends the server's processes until thaw or the end of the test.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	t.Cleanup(s.Thaw)
	for _, pid := range s.processes() {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
		for running(state(pid)) {
			time.Sleep(time.Millisecond)
		}
	}
}

// running reports whether a process with this status neither is suspended nor has ended.
func running(status string) bool {
	return status != "" && !strings.Contains(status, "\nState:\tT") && !strings.Contains(status, "\nState:\tZ")
}

// state returns the status file of a process, or "" without the process.
func state(pid int) string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return string(status)
}

// Thaw lets the server's processes continue.
func (s *Server) Thaw() {
	for _, pid := range s.processes() {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

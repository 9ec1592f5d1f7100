//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spectrumlua/runtime/database/e2e/dbserver"
	"spectrumlua/runtime/dependent"
)

// spectrumRoot returns the Debian with Spectrum 2, and locks it for this process. It
// skips the test if the archive does not provide it today.
func spectrumRoot(t *testing.T) string {
	t.Helper()
	root := os.Getenv("E2E_ROOT")
	if _, err := os.Stat(filepath.Join(root, ".e2e-root")); root == "" || err != nil {
		t.Skip("Spectrum 2 is not available: E2E_ROOT names no folder of provision.sh")
	}
	lockSpectrum(t, root)
	return root
}

var lockOnce sync.Once

func lockSpectrum(t *testing.T, root string) {
	t.Helper()
	lockOnce.Do(func() {
		lock, err := os.OpenFile(root+".lock", os.O_RDWR|os.O_CREATE, 0o644) // stays open until the process ends
		if err == nil {
			err = syscall.Flock(int(lock.Fd()), syscall.LOCK_SH)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// spectrum is a Spectrum 2 whose XMPP server is the test.
type spectrum struct {
	t         *testing.T
	root, dir string // dir is the path for this process
	server    net.Listener
	cmd       *exec.Cmd
	ended     chan struct{} // closed when cmd has ended
}

const spectrumConfig = `
[service]
jid=echo.localhost
server_mode=0
server=127.0.0.1
port=%[1]s
password=secret
backend_host=127.0.0.1
backend_port=%[2]s
backend=%[3]s/backend
pidfile=%[3]s/pid
portfile=%[3]s/port
working_dir=%[3]s
[logging]
backend_config=%[3]s/logging.cfg
[lua]
script=script.lua
[database]
%[4]s
`

const backendLogging = `
log4j.rootLogger=DEBUG, R
log4j.appender.R=org.apache.log4j.FileAppender
log4j.appender.R.File=%s/backend.log
log4j.appender.R.layout=org.apache.log4j.PatternLayout
log4j.appender.R.layout.ConversionPattern=%%m%%n
`

// newSpectrum prepares a transport. DIR in its section [database] stands for its folder.
func newSpectrum(t *testing.T, section, script string) *spectrum {
	t.Helper()
	s := &spectrum{t: t, root: spectrumRoot(t)}
	// The folder is named by the process id, so that other tests know when it is stale.
	all := filepath.Join(s.root, "run", "e2e", strconv.Itoa(os.Getpid()))
	if err := os.MkdirAll(all, 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.dir, err = os.MkdirTemp(all, "spectrum-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		_ = os.RemoveAll(s.dir)
		_ = os.Remove(all) // succeeds after the last test
	})
	if s.server, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.server.Close() })
	_, port, _ := net.SplitHostPort(s.server.Addr().String())
	backendPort, err := dbserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", s.path("backend"), "spectrumlua/cmd/spectrum2_lua_backend")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	inside := strings.TrimPrefix(s.dir, s.root)
	for name, text := range map[string]string{
		"t.cfg":       fmt.Sprintf(spectrumConfig, port, backendPort, inside, strings.ReplaceAll(section, "DIR", inside)),
		"logging.cfg": fmt.Sprintf(backendLogging, inside),
		"script.lua":  script,
	} {
		if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *spectrum) path(name string) string { return filepath.Join(s.dir, name) }

// start starts Spectrum and waits for its component.
func (s *spectrum) start() *component {
	s.t.Helper()
	inside := strings.TrimPrefix(s.dir, s.root)
	s.cmd = exec.Command("unshare", "--mount", "--mount-proc", "--root="+s.root, "--wd="+inside, "--", "spectrum2", "-n", inside+"/t.cfg")
	s.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=" + inside}
	out, err := os.OpenFile(s.path("out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	s.cmd.Stdout, s.cmd.Stderr = out, out
	ended := make(chan struct{})
	s.ended = ended
	err = dependent.Start(s.cmd, func() {
		_ = s.cmd.Wait()
		close(ended)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	_ = s.server.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	return s.accept()
}

// stop stops Spectrum, if it runs.
func (s *spectrum) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.ended
	s.cmd = nil
}

// poll waits until a condition holds.
func (s *spectrum) poll(what string, condition func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			out, _ := os.ReadFile(s.path("out"))
			s.t.Fatalf("timeout: %s\n%s\n%s", what, out, s.log())
		}
	}
}

// log returns the log of the backends.
func (s *spectrum) log() string {
	text, _ := os.ReadFile(s.path("backend.log"))
	return string(text)
}

// accept plays the XMPP server for the component that Spectrum opens when its backend is
// connected.
func (s *spectrum) accept() *component {
	s.t.Helper()
	conn, err := s.server.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	c := &component{t: s.t, conn: conn, reader: bufio.NewReader(conn)}
	c.until("version='1.0'>", `version="1.0">`, "jabber:component:accept'>", `jabber:component:accept">`)
	c.send("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='echo.localhost' id='1'>")
	c.until("</handshake>")
	c.send("<handshake/>")
	return c
}

// component is the connection of a component.
type component struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func (c *component) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// until reads up to one of the texts and returns what it has read.
func (c *component) until(ends ...string) string {
	c.t.Helper()
	var got []byte
	for {
		b, err := c.reader.ReadByte()
		if err != nil {
			c.t.Fatalf("waiting for %q after %q: %v", ends, got, err)
		}
		got = append(got, b)
		for _, end := range ends {
			if strings.HasSuffix(string(got), end) {
				return string(got)
			}
		}
	}
}

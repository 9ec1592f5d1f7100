//go:build e2e

package e2e_test

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience limits each wait. It is long because the machine may be busy; only a failing test
// waits so long.
var patience = 90 * time.Second

// A bedConfig holds the differences from an ordinary transport.
type bedConfig struct {
	backend    string            // a program on this machine; default: the one under test
	inChroot   string            // or a program in the chroot: a C++ backend to compare with
	jid        string            // of the transport; echo.localhost if empty
	users      []string          // XMPP accounts at localhost, or JIDs; alice if empty
	xmpp       string            // the XMPP server: ejabberd, or Prosody if empty
	privileges bool              // the XMPP server grants privileges (XEP-0356)
	components []string          // more components of the XMPP server (Prosody only)
	quiet      bool              // for benchmarks: all programs log little, and their files are in memory
	guestOf    *bed              // the transport is a component of this bed's XMPP server
	together   int               // users in one backend; 10 if it is 0
	server     bool              // server mode: no XMPP server, clients log in to Spectrum
	serve      bool              // without Spectrum: spectrum2-lua serve takes its place
	script     string            // text of the Lua script …
	file       string            // … or its path in the repository; scripts/echo.lua if both are empty
	files      map[string]string // more files in the config's folder, by name
	service    string            // more lines for [service]
	lua        string            // more lines for [lua]
	database   string            // lines for [database]; an SQLite file if empty
	sections   string            // more sections
}

// A bed is one transport with all its programs, in its own folder in the chroot. It ends
// with its test.
type bed struct {
	t             *testing.T
	config        bedConfig
	dir           string // its path for this process
	jid           string
	xmppPort      int      // clients connect here
	componentPort int      // the XMPP server waits for Spectrum here
	backendPort   int      // and Spectrum for its backends here
	server        *process // the XMPP server
	spectrum      *process
	helpers       []*process // other programs of the test
	clients       []*client
	ircUsers      []*ircUser
	begin         time.Time
	patience      time.Duration                    // limits each wait
	unmet         func(format string, args ...any) // called when a wait times out
	// If the clients do not run in the chroot: their commands, the path of dir for them, the
	// password of the accounts, and the certificate of the XMPP server.
	enter                       func(arg []string) *exec.Cmd
	home, password, certificate string
}

// newBed starts a transport and waits until it is ready for clients.
func newBed(t *testing.T, config bedConfig) *bed {
	t.Helper()
	b := prepareBed(t, config)
	b.startSpectrum()
	b.waitSpectrum()
	return b
}

// prepareBed is like newBed, but does not start Spectrum.
func prepareBed(t *testing.T, config bedConfig) *bed {
	t.Helper()
	if config.jid == "" {
		config.jid = "echo.localhost"
	}
	if config.users == nil {
		config.users = []string{"alice"}
	}
	// For Spectrum, # starts a comment, also in a path.
	dir, err := os.MkdirTemp(runs, regexp.MustCompile(`\W+`).ReplaceAllString(t.Name(), "-")+"-")
	if err != nil {
		t.Fatal(err)
	}
	if config.quiet {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			t.Fatalf("mounting %s: %v", dir, err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Errorf("unmounting %s: %v", dir, err)
			}
			os.RemoveAll(dir)
		})
	}
	b := &bed{t: t, config: config, dir: dir, jid: config.jid, begin: time.Now(), patience: patience}
	b.unmet = func(format string, args ...any) { b.t.Helper(); b.t.Fatalf(format, args...) }
	t.Cleanup(b.close)
	b.xmppPort, b.componentPort, b.backendPort = freePort(t), freePort(t), freePort(t)
	if config.guestOf != nil {
		b.xmppPort, b.componentPort = config.guestOf.xmppPort, config.guestOf.componentPort
	}
	b.placeFiles()
	b.configureSpectrum()
	if !config.server && config.guestOf == nil {
		b.startXMPP()
	}
	return b
}

// placeFiles copies the program, the script and other files into the bed.
func (b *bed) placeFiles() {
	b.t.Helper()
	var err error
	switch from := b.config.backend; {
	case b.config.serve:
		tool := b.config.backend
		if tool == "" {
			tool = b.tool()
		}
		err = copyFile(tool, b.path("spectrum2-lua"), 0o755)
	case b.config.inChroot != "":
		err = os.Symlink(b.config.inChroot, b.path("backend"))
	case from != "":
		err = copyFile(from, b.path("backend"), 0o755)
	default:
		err = copyFile(backend, b.path("backend"), 0o755)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	script := b.config.script
	if script == "" {
		file := b.config.file
		if file == "" {
			file = "scripts/echo.lua"
		}
		script = repositoryFile(b.t, file)
	}
	b.write("script.lua", script)
	for name, content := range b.config.files {
		b.write(name, content)
	}
}

// path returns the path of a bed's file for this process; inside returns its path in the chroot.
func (b *bed) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bed) inside(name string) string {
	if b.home != "" {
		return filepath.Join(b.home, name)
	}
	return filepath.Join("/", strings.TrimPrefix(b.path(name), root))
}

// write replaces a file of the bed atomically.
func (b *bed) write(name, content string) {
	b.t.Helper()
	temporary := b.path(name + "~")
	err := os.MkdirAll(filepath.Dir(temporary), 0o755)
	if err == nil {
		err = os.WriteFile(temporary, []byte(content), 0o644)
	}
	if err == nil {
		err = os.Rename(temporary, b.path(name))
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func repositoryFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// close stops everything. If the test failed, it shows transcripts and logs. It may be
// called before the end of the test.
func (b *bed) close() {
	for _, c := range b.clients {
		c.stop()
	}
	b.clients = nil
	for _, u := range b.ircUsers {
		u.close()
		if b.t.Failed() {
			b.t.Logf("---- what %s saw on IRC\n%s", u.nick, u.transcript())
		}
	}
	b.stopSpectrum()
	if b.server != nil {
		b.helpers = append(b.helpers, b.server)
	}
	for _, p := range b.helpers {
		if _, err := p.stop(patience); err != nil {
			b.t.Error(err)
		}
	}
	b.server, b.helpers, b.ircUsers = nil, nil, nil
	if left := b.waitGone(); len(left) > 0 {
		b.blame("left at the end: %v", left)
		kill(left)
	}
	if b.t.Failed() {
		b.showLogs()
	}
	if os.Getenv("E2E_KEEP") == "" && !b.config.quiet {
		os.RemoveAll(b.dir)
	}
}

// kill kills processes that should have ended, so that they do not disturb what follows.
func kill(left []running) {
	for _, p := range left {
		if this, err := os.FindProcess(p.pid); err == nil {
			_ = this.Kill()
		}
	}
}

// blame reports an error of the backend. It fails the test only if the backend is ours.
func (b *bed) blame(format string, args ...any) {
	b.t.Helper()
	if b.config.inChroot != "" {
		b.t.Logf(format, args...)
		return
	}
	b.t.Errorf(format, args...)
}

func (b *bed) showLogs() {
	logs, _ := filepath.Glob(b.path("*.log"))
	outs, _ := filepath.Glob(b.path("*.out"))
	for _, file := range append(logs, outs...) {
		content, _ := os.ReadFile(file)
		if lines := tail(string(content), 80); lines != "" {
			b.t.Logf("---- the end of %s\n%s", filepath.Base(file), lines)
		}
	}
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if len(line) > 600 {
			lines[i] = line[:600] + "…"
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// poll calls so repeatedly until it returns true or the limit has passed.
func (b *bed) poll(limit time.Duration, so func() bool) bool {
	b.t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if so() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// until fails the test if so does not become true in time.
func (b *bed) until(what string, so func() bool) {
	b.t.Helper()
	if !b.poll(patience, so) {
		b.t.Fatalf("timed out after %v: %s", patience, what)
	}
}

func (b *bed) waitPort(port int) {
	b.t.Helper()
	b.waitAddress(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func (b *bed) waitAddress(address string) {
	b.t.Helper()
	b.until("something listens on "+address, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

var (
	portsMu   sync.Mutex
	portsUsed = map[int]bool{}
)

// freePort returns an unused port of the loopback interface. The port is outside the range
// that the system uses for outgoing connections, and is returned only once.
func freePort(t *testing.T) int {
	t.Helper()
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 1000 {
		port := 20000 + rand.IntN(10000)
		if portsUsed[port] {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		portsUsed[port] = true
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port")
	return 0
}

package claim_test

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/idna"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/claim"
)

// role is the environment variable that makes this program a process of a test. The
// process ends when its standard input does.
const role = "CLAIM_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "serve":
		c, err := config.Load(os.Args[1], config.Options{})
		if err == nil {
			_, err = claim.Take(c)
		}
		fmt.Println("ready", err)
	default:
		fmt.Println("ready")
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString(0)
}

// start starts this program in a role until the test or the returned function ends it.
func start(t *testing.T, as, program string, args ...string) (pid int, answer string, kill func()) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), role+"="+as)
	cmd.Dir = t.TempDir()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = stdin.Close()
	}
	t.Cleanup(kill)
	answer, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid, strings.TrimSpace(answer), kill
}

// spectrum starts a process with the name and the arguments of Spectrum 2.
func spectrum(t *testing.T, args ...string) (pid int) {
	t.Helper()
	link := filepath.Join(t.TempDir(), "spectrum2")
	if err := os.Symlink(self(t), link); err != nil {
		t.Fatal(err)
	}
	pid, _, _ = start(t, "spectrum", link, args...)
	return pid
}

func self(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// transport writes a config with a working directory and a pidfile of its own, and
// returns its path.
func transport(t *testing.T, jid string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "t.cfg")
	text := fmt.Sprintf("[service]\njid=%s\nworking_dir=%[2]s/work\npidfile=%[2]s/t.pid\n", jid, dir)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// add appends lines to a config.
func add(t *testing.T, path, lines string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(lines)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

// jid returns a JID that no other test uses at the same time.
func jid(t *testing.T) string {
	name, _, _ := strings.Cut(t.Name(), "/")
	return strings.ToLower(name) + strconv.Itoa(os.Getpid()) + ".example"
}

func take(t *testing.T, path string) (*claim.Claim, error) {
	t.Helper()
	c, err := config.Load(path, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := claim.Take(c)
	if err == nil {
		t.Cleanup(taken.Release)
	}
	return taken, err
}

// expectTaken checks that an error names the other process.
func expectTaken(t *testing.T, err error, words ...string) {
	t.Helper()
	var taken *claim.TakenError
	if !errors.As(err, &taken) {
		t.Fatalf("error %v", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error %q lacks %q", err, word)
		}
	}
}

func TestClaimIsFreeAfterRelease(t *testing.T) {
	path := transport(t, jid(t))
	for range 3 {
		c, err := take(t, path)
		if err != nil {
			t.Fatal(err)
		}
		c.Release()
		c.Release()
	}
}

func TestSecondGatewayNamesTheFirst(t *testing.T) {
	first, sameJID := transport(t, jid(t)), transport(t, jid(t))
	pid, answer, kill := start(t, "serve", self(t), first)
	if answer != "ready <nil>" {
		t.Fatal(answer)
	}
	for _, path := range []string{first, sameJID} {
		_, err := take(t, path)
		expectTaken(t, err, jid(t)+" is already served by pid "+strconv.Itoa(pid), first)
	}
	kill() // the system releases the claim of a killed process
	for _, path := range []string{first, sameJID} {
		c, err := take(t, path)
		if err != nil {
			t.Fatal(err)
		}
		c.Release()
	}
}

func TestOneJIDAtTwoServersIsFree(t *testing.T) {
	claim.ReplaceLookup(t, nil)
	path, elsewhere := transport(t, jid(t)), transport(t, jid(t))
	add(t, elsewhere, "server=xmpp.example\n")
	for _, path := range []string{path, elsewhere} {
		if _, err := take(t, path); err != nil {
			t.Error(err)
		}
	}
}

func TestSecondConfigInOneProcessIsRejected(t *testing.T) {
	if _, err := take(t, transport(t, jid(t))); err != nil {
		t.Fatal(err)
	}
	_, err := take(t, transport(t, jid(t)))
	expectTaken(t, err, "this process")
}

// TestAllSpellingsAreOneClaim claims a transport twice, the second time with another spelling.
func TestAllSpellingsAreOneClaim(t *testing.T) {
	claim.ReplaceLookup(t, map[string]string{"box.example": "127.0.1.1", "own.example": ownAddress(t), "xmpp.example": "192.0.2.1", "alias.example": "192.0.2.1"})
	tests := []struct {
		name         string
		jid          string // of the second config; "" for the same
		first, other string // lines of the configs
		free         bool
	}{
		{name: "JID in upper case", jid: strings.ToUpper(jid(t))},
		{name: "JID with fullwidth letters", jid: "ｔ" + jid(t)[1:]},
		{name: "JID with a dot at its end", jid: jid(t) + "."},
		{name: "another JID", jid: "x" + jid(t), free: true},
		{name: "localhost in upper case", other: "server=LOCALHOST\n"},
		{name: "localhost with a dot", other: "server=localhost.\n"},
		{name: "another loopback address", other: "server=127.0.0.2\n"},
		{name: "loopback of IPv6", other: "server=::1\n"},
		{name: "loopback of IPv4 in IPv6", other: "server=::ffff:127.0.0.1\n"},
		{name: "the unspecified address", other: "server=0.0.0.0\n"},
		{name: "the unspecified address of IPv6", other: "server=::\n"},
		{name: "a name of the loopback", other: "server=Box.example\n"},
		{name: "a name of this machine", other: "server=own.example\n"},
		{name: "an address of this machine", other: "server=" + ownAddress(t) + "\n"},
		{name: "port with a zero", other: "port=05347\n"},
		{name: "port with a sign", other: "port=+5347\n"},
		{name: "another port", other: "port=5348\n", free: true},
		{name: "another machine in upper case", first: "server=xmpp.example\n", other: "server=XMPP.example.\n"},
		{name: "address of another machine", first: "server=xmpp.example\n", other: "server=192.0.2.1\n"},
		{name: "two names of another machine", first: "server=xmpp.example\n", other: "server=alias.example\n"},
		{name: "a name that cannot be resolved", first: "server=unknown.example\n", other: "server=Unknown.example\n"},
		{name: "two machines", first: "server=xmpp.example\n", other: "server=192.0.2.2\n", free: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			first, other := transport(t, jid(t)), transport(t, cmp.Or(test.jid, jid(t)))
			add(t, first, test.first)
			add(t, other, test.other)
			if _, err := take(t, first); err != nil {
				t.Fatal(err)
			}
			if _, err := take(t, other); !test.free {
				expectTaken(t, err, jid(t))
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInternationalDomainsHaveOneClaim(t *testing.T) {
	if _, err := take(t, transport(t, "bücher"+jid(t))); err != nil {
		t.Fatal(err)
	}
	ascii, err := idna.Punycode.ToASCII("bücher" + jid(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = take(t, transport(t, ascii))
	expectTaken(t, err, "this process")
}

// ownAddress returns an address of this machine, if possible one that is not the loopback.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && !prefix.Addr().IsLoopback() && !prefix.Addr().IsLinkLocalUnicast() {
			return prefix.Addr().String()
		}
	}
	return "127.0.0.1"
}

func TestOtherJIDInTheSameFolderIsRejected(t *testing.T) {
	path := transport(t, jid(t))
	if _, err := take(t, path); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	other := path + ".other"
	if err := os.WriteFile(other, []byte(strings.Replace(string(text), "jid=", "jid=other.", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := take(t, other)
	expectFolder(t, err, jid(t), "spectrum2-lua serve for "+jid(t)+", pid "+strconv.Itoa(os.Getpid())+" on ", "config "+path, "a folder of its own")
}

// TestFolderIsLockedByAProcessThatIsNotSeen has processes in other containers and on other
// machines, which share only the folder.
func TestFolderIsLockedByAProcessThatIsNotSeen(t *testing.T) {
	for _, test := range []struct{ name, content, jid string }{
		{"of an earlier version", "spectrum2-lua serve, pid 7 on box, config /etc/x.cfg\n", ""},
		{"another JID", "spectrum2-lua serve for x.example, pid 7 on box, config /etc/x.cfg\n", "x.example"},
		{"without a name", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := transport(t, jid(t))
			lock(t, path, test.content)
			_, err := take(t, path)
			expectFolder(t, err, test.jid, cmp.Or(strings.TrimSpace(test.content), "another process, which holds the lock of "))
		})
	}
	path := transport(t, jid(t))
	lock(t, path, "spectrum2-lua serve for "+jid(t)+", pid 7 on box, config /etc/x.cfg\n")
	_, err := take(t, path)
	expectTaken(t, err, jid(t)+" is already served by", "pid 7 on box")
}

// lock locks the folder of a transport as another process does.
func lock(t *testing.T, path, content string) {
	t.Helper()
	dir := filepath.Join(filepath.Dir(path), "work")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, claim.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
}

// expectFolder checks that an error names the transport that uses the folder.
func expectFolder(t *testing.T, err error, jid string, words ...string) {
	t.Helper()
	var shared *claim.FolderError
	if !errors.As(err, &shared) || shared.JID != jid {
		t.Fatalf("error %v", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error %q lacks %q", err, word)
		}
	}
}

func TestRunningSpectrumIsFound(t *testing.T) {
	claim.ReplaceLookup(t, nil)
	path := transport(t, jid(t))
	sameJID, other, elsewhere := transport(t, jid(t)), transport(t, "other."+jid(t)), transport(t, jid(t))
	add(t, sameJID, "server=localhost\nport=5347\n")
	add(t, elsewhere, "port=5348\n")
	tests := []struct {
		name  string
		args  []string
		found bool
	}{
		{"its config", []string{path}, true},
		{"its config in the foreground", []string{"-n", "-d", path}, true},
		{"another config with the same JID", []string{sameJID}, true},
		{"another config", []string{other}, false},
		{"the same JID in upper case", []string{"-j", strings.ToUpper(jid(t)), sameJID}, true},
		{"the same JID in upper case, with a config that cannot be read", []string{"-j", strings.ToUpper(jid(t)), path + ".missing"}, true},
		{"the same JID at another server", []string{elsewhere}, false},
		{"the same JID as -j at another server", []string{"-j", jid(t), elsewhere}, false},
		{"the same JID as -j with a config that cannot be read", []string{"-j", jid(t), path + ".missing"}, true},
		{"another config with -j", []string{"-j", jid(t), other}, true},
		{"its config with another -j", []string{"--jid=x.example", path}, false},
		{"a config that cannot be read", []string{path + ".missing"}, false},
		{"its config with an override", []string{path, "--service.jid=x.example"}, false},
		{"no arguments", nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pid := spectrum(t, test.args...)
			_, err := take(t, path)
			if test.found {
				expectTaken(t, err, "pid "+strconv.Itoa(pid), "spectrum2 "+strings.Join(test.args, " "))
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestErrorHidesValuesOfTheOtherCommandLine(t *testing.T) {
	path := transport(t, jid(t))
	spectrum(t, "--service.password=hunter2", "--database.password", "hunter3", path)
	_, err := take(t, path)
	expectTaken(t, err, "spectrum2 --service.password=… --database.password … "+path)
}

func TestPidfileCountsOnlyWhileSpectrumRuns(t *testing.T) {
	path := transport(t, jid(t))
	pid := spectrum(t, "relative.cfg")
	tests := []struct {
		name, content string
		found         bool
	}{
		{"Spectrum", fmt.Sprintf("%d\n", pid), true},
		{"another program", fmt.Sprint(os.Getpid()), false},
		{"no process", "2147483646", false},
		{"no number", "x", false},
		{"a process group", "-1", false},
		{"empty", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "t.pid"), []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := take(t, path)
			if test.found {
				expectTaken(t, err, "pid "+strconv.Itoa(pid))
			} else if err != nil {
				t.Error(err)
			} else {
				c.Release()
			}
		})
	}
}

func TestUnusableWorkingDirIsAnError(t *testing.T) {
	path := transport(t, jid(t))
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "work"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := take(t, path)
	var taken *claim.TakenError
	if err == nil || errors.As(err, &taken) || !strings.Contains(err.Error(), "[service] working_dir") {
		t.Error(err)
	}
}

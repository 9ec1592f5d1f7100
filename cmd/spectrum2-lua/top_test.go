package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/pprof/profile"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/pb"
)

const topScript = `local spectrum = require "spectrum"
local on = {}
local function pause() spectrum.sleep(3600) end
function on.login(session)
  session:connected()
  session:spawn("poll", function()
    pause()
  end)
  session:spawn(function()
    pcall(spectrum.sleep, 3600)
  end)
  session:spawn(coroutine.wrap(function()
    spectrum.channel():receive()
  end))
end
function on.conv_message(session, m)
  session:conv_message(m)
  if m.message == "loop" then
    while true do end
  end
end
return on
`

var errStop = errors.New("the test has ended")

// logIn logs alice in, and returns when on.login has ended, if it does not wait after connected.
func (s *liveScene) logIn() *simulator.User {
	s.Helper()
	alice, err := s.Spectrum.Login("alice@localhost", "alice", "secret", nil)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := alice.Expect(s.Context(), pb.WrapperMessage_TYPE_CONNECTED, nil); err != nil {
		s.Fatal(err)
	}
	s.Scheduler().Do(func() {}) // on.login has ended
	return alice
}

func TestTopShowsWhatTasksWaitFor(t *testing.T) {
	s := openLive(t, topScript)
	s.logIn()
	code, output := s.command("top", s.cfg, "--once")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	for _, want := range []string{
		`process \d+: generation 1  users 1  CPU [0-9.]+%  script [0-9.]+%  memory \S+ MiB  messages/s 0\.0  mailboxes 0 \(0 B\)  queue 0 B  retries 0  errors 0\n`,
		`\nalice@localhost +online +\S+ +0\.0% +\d+ +\S+ +0 +0 B +3 +\d+\n`,
		`\n\(process\) +`,
		`\ntask poll \(live\.lua:6\) +alice@localhost +sleep +live\.lua:3 +\S+ +\d+\n`,
		`\ntask live\.lua:9 +alice@localhost +pcall +live\.lua:10 +`,
		`\ntask +alice@localhost +receive +live\.lua:13 +`,
	} {
		s.matches(output, want)
	}
	_, output = s.command("top", s.cfg, "--filter", "bob", "--sort", "user")
	if strings.Contains(output, "alice") || !strings.Contains(output, `Users: 0 of 0, by user, with "bob"`) {
		t.Errorf("--filter bob:\n%s", output)
	}
	s.expect(2, ".*--sort age: unknown column.*", "top", s.cfg, "--sort", "age")
	s.expect(2, ".*--rows 0: .*", "top", s.cfg, "--rows", "0")
	s.expect(2, ".*--every .*", "top", s.cfg, "--every", "1ms")
}

// TestTopNamesATaskThatDoesNotWait asks a process whose script computes.
func TestTopNamesATaskThatDoesNotWait(t *testing.T) {
	s := openLive(t, topScript, "handler_timeout = 600")
	alice := s.logIn()
	if err := alice.Say("bob", "loop"); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Expect(t.Context(), pb.WrapperMessage_TYPE_CONV_MESSAGE, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Scheduler().StopRunning(errStop)
	code, output := s.command("top", s.cfg)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.matches(output, `on\.conv_message of alice@localhost has been computing for \S+s\n`)
	s.matches(output, `the script computes without waiting, so its tasks cannot be listed\n`)
	s.matches(output, `\non\.conv_message +[0-9.]+% +\d`)
}

// terminalOf is the other side of a terminal.
type terminalOf struct {
	*testing.T
	master *os.File
	mu     sync.Mutex
	shown  string
	more   chan struct{}
}

func newTerminalOf(t *testing.T, master *os.File) *terminalOf {
	s := &terminalOf{T: t, master: master, more: make(chan struct{}, 1)}
	go func() {
		data := make([]byte, 4096)
		for {
			n, err := master.Read(data)
			s.mu.Lock()
			s.shown += string(data[:n])
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// types types keys after a text has appeared since the last call.
func (s *terminalOf) types(after, keys string) {
	s.Helper()
	patience := time.After(time.Minute)
	for {
		s.mu.Lock()
		_, rest, found := strings.Cut(s.shown, after)
		if found {
			s.shown = rest
		}
		shown := s.shown
		s.mu.Unlock()
		if found {
			break
		}
		select {
		case <-s.more:
		case <-patience:
			s.Fatalf("%q does not appear:\n%q", after, shown[max(0, len(shown)-4000):])
		}
	}
	if _, err := s.master.WriteString(keys); err != nil {
		s.Fatal(err)
	}
}

func TestTopOnATerminal(t *testing.T) {
	s := openLive(t, topScript)
	alice := s.logIn()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), slave.Close() }()
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 160}); err != nil {
		t.Fatal(err)
	}
	defer func(before *os.File) { topKeys = before }(topKeys)
	topKeys = slave
	screen := newTerminalOf(t, master)
	ended := make(chan int)
	go func() { ended <- run(t.Context(), []string{"top", s.cfg}, slave, slave) }()
	screen.types("task poll (live.lua:6)", "s")
	screen.types("by messages", "/")
	screen.types("users with: _", "alice\r")
	screen.types(`Users: 1 of 1, by messages, with "alice"`, "h") // the rows have been fetched again
	screen.types("Any key returns", " ")
	screen.types("h help", "r")
	screen.types("the script is generation 2", "ld")
	screen.types("the log level is debug", "k")
	screen.types("disconnect alice@localhost?", "y")
	screen.types("alice@localhost is disconnected", "q")
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	screen.types("\x1b[?1049l", "")
	if got := s.log.LevelName(); got != "debug" {
		t.Errorf("the level is %q", got)
	}
	if _, err := alice.Expect(t.Context(), pb.WrapperMessage_TYPE_DISCONNECTED, nil); err != nil {
		t.Error(err)
	}
}

const burningScript = `local spectrum = require "spectrum"
local on = {}
local function work()
  local sum = 0
  for i = 1, 100000 do
    sum = sum + i
  end
  return sum
end
local function burn()
  while true do
    pcall(work)
    spectrum.sleep(0.001)
  end
end
function on.login(session)
  session:connected()
  session:spawn("burner", burn)
end
return on
`

func TestProfileShowsWhereTheTimeGoes(t *testing.T) {
	s := openLive(t, burningScript)
	s.logIn()
	file := s.folder + "/lua.pb.gz"
	wanted := []string{
		`The script had the script lock for [0-9.]+% of 2s: [1-9]\d* of \d+ samples, from 1 process\.\n`,
		`\n +[0-9.]+% +[0-9.]+%  (work \()?live\.lua:3\)?\n`,
		`\n +[0-9.]+% +[0-9.]+%  live\.lua:[56]\n`,
		`\n +[0-9.]+% +[0-9.]+%  (burn \()?live\.lua:10\)?\n`,
		`\n +100\.0%  task burner \(live\.lua:10\)\n`,
		`\n +100\.0%  alice@localhost\n`,
	}
	var output string
	for range 10 { // a busy machine may leave too little time for samples
		var code int
		code, output = s.command("profile", s.cfg, "--seconds", "2", "--rate", "250", "--pprof", file)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, output)
		}
		if !slices.ContainsFunc(wanted, func(want string) bool { return !regexp.MustCompile(want).MatchString(output) }) {
			break
		}
	}
	for _, want := range wanted {
		s.matches(output, want)
	}
	p := readProfile(t, file)
	if len(p.Sample) == 0 || p.Sample[0].Label["user"][0] != "alice@localhost" || p.Sample[0].Label["handler"][0] != "task burner (live.lua:10)" {
		t.Errorf("%v", p)
	}
	s.expect(0, ".*go tool pprof.*", "profile", s.cfg, "--go", "goroutine", "--pprof", file)
	readProfile(t, file)
	s.expect(0, ".*", "profile", s.cfg, "--go", "cpu", "--seconds", "1", "--pprof", file)
	readProfile(t, file)
	s.expect(2, ".*--go stack: cpu, heap, goroutine expected.*", "profile", s.cfg, "--go", "stack")
	s.expect(2, ".*--go needs --pprof FILE.*", "profile", s.cfg, "--go", "heap")
	s.expect(2, ".*--seconds 0: .*", "profile", s.cfg, "--seconds", "0")
	s.expect(2, "spectrum2-lua: --seconds x: a number expected\n.*", "profile", s.cfg, "--seconds", "x")
	s.expect(2, "spectrum2-lua: --pprof .*: the folder .*missing does not exist\n.*", "profile", s.cfg, "--pprof", filepath.Join(s.folder, "missing", "p"))
	s.expect(2, "spectrum2-lua: --pprof .*: a .cfg file is not overwritten.*", "profile", s.cfg, "--pprof", s.cfg)
	s.expect(2, ".*--rate 251: .*", "profile", s.cfg, "--rate", "251")
}

func readProfile(t *testing.T, path string) *profile.Profile {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	p, err := profile.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTopAndProfileRejectWrongParameters(t *testing.T) {
	s := openLive(t, topScript)
	all, err := live.Of(s.cfg, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close(all)
	for path, want := range map[string]string{
		"/top?users=1001":               "users=1001: a number from 0 to 1000 expected",
		"/top?tasks=x":                  "tasks=x: a number from 0 to 1000 expected",
		"/top?sort=age":                 "sort=age: unknown column",
		"/profile?seconds=301":          "seconds=301: a number from 1 to 300 expected",
		"/profile?seconds=1&rate=1000":  "rate=1000: a number from 1 to 250 expected",
		"/profile/go/stack":             `"stack" is not a profile: cpu, heap or goroutine expected`,
		"/profile/go/heap?seconds=-1":   "seconds=-1: a number from 1 to 300 expected",
		"/profile/go/goroutine/further": "GET /v1/profile/go/goroutine/further is unknown",
	} {
		var answer any
		if err := all[0].Get(t.Context(), path, &answer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

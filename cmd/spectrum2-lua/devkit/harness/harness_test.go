package harness_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const alice = "alice@localhost"

// folder creates a folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, o harness.Options) *harness.Harness {
	t.Helper()
	s, err := harness.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if v := s.Spectrum.Violations(); len(v) > 0 {
			t.Error(v)
		}
	})
	return s
}

const answers = `
local spectrum = require "spectrum"
spectrum.backend_config { features = { muc = true } }
local on = {}
function on.login(session, m)
  print("hello", m.legacy_name)
  session:connected()
  session:every(60, function() session:conv_message { buddy_name = "clock", message = "a minute" } end)
end
function on.query(m)
  local c = spectrum.config
  spectrum.send("query", { config = c.get("my.key", "unset") .. " " .. spectrum.jid })
end
return on
`

// login logs alice in.
func login(t *testing.T, s *harness.Harness) *simulator.User {
	t.Helper()
	u, err := s.Spectrum.Login(alice, "alice", "secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Expect(t.Context(), pb.WrapperMessage_TYPE_CONNECTED, nil); err != nil {
		t.Fatal(err)
	}
	return u
}

// asks sends a query and compares the script's answer.
func asks(t *testing.T, s *harness.Harness, want string) {
	t.Helper()
	if err := s.Spectrum.Send(pb.WrapperMessage_TYPE_QUERY, &pb.BackendConfig{Config: proto.String("?")}); err != nil {
		t.Fatal(err)
	}
	f, err := s.Spectrum.Expect(t.Context(), pb.WrapperMessage_TYPE_QUERY, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Message.(*pb.BackendConfig).GetConfig(); got != want {
		t.Errorf("the script answered %q, want %q", got, want)
	}
}

func TestHarnessRunsAScriptLikeSpectrum(t *testing.T) {
	dir := folder(t, map[string]string{"answers.lua": answers, "answers.cfg": "[lua]\nscript=other.lua\n[my]\nkey=1\n", "other.lua": ""})
	var mu sync.Mutex
	var lines []harness.Line
	var frames []string
	s := open(t, harness.Options{
		Path: filepath.Join(dir, "answers.lua"), Companion: true,
		Settings: []config.Override{{Key: "my.key", Value: "a # b"}},
		Log: func(l harness.Line) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, l)
		},
		Spectrum: simulator.Options{Trace: func(f simulator.Frame) {
			mu.Lock()
			defer mu.Unlock()
			if f.TypeName() != "STATS" { // the backend sends it at any time
				frames = append(frames, f.TypeName())
			}
		}},
	})
	if err := s.LoadError(); err != nil {
		t.Fatal(err)
	}
	login(t, s)
	asks(t, s, "a # b answers.localhost")
	mu.Lock()
	defer mu.Unlock()
	if got, want := strings.Join(frames, " "), "PING BACKEND_CONFIG PONG LOGIN CONNECTED QUERY QUERY"; got != want {
		t.Errorf("the frames are %s, want %s", got, want)
	}
	for _, l := range lines {
		if l.Category == "script" && l.String() == "INFO "+alice+": hello\talice" && l.User == alice {
			return
		}
	}
	t.Errorf("the log has %v", lines)
}

func TestPathIsAConfigOrAScript(t *testing.T) {
	const cfg = "[service]\njid=from.file\n[lua]\nscript=answers.lua\n[my]\nkey=of the file\n"
	for _, c := range []struct {
		name    string
		path    string
		options harness.Options
		want    string
	}{
		{"a config file", "answers.cfg", harness.Options{}, "of the file from.file"},
		{"a config file that is changed", "answers.cfg", harness.Options{Settings: []config.Override{{Key: "my.key", Value: "ours"}}}, "ours from.file"},
		{"a script and its companion", "answers.lua", harness.Options{Companion: true}, "of the file from.file"},
		{"a script alone", "answers.lua", harness.Options{}, "unset answers.localhost"},
		{"a script whose name is not a host name", "ANSWERS two.lua", harness.Options{Companion: true}, "unset lua.localhost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, map[string]string{"answers.lua": answers, "answers.cfg": cfg, "ANSWERS two.lua": answers})
			c.options.Path = filepath.Join(dir, c.path)
			asks(t, open(t, c.options), c.want)
		})
	}
}

func TestOpenReportsWrongConfigs(t *testing.T) {
	dir := folder(t, map[string]string{"a.lua": "return {}", "a.cfg": "[lua]\nscript=a.lua\nrelod=1\n"})
	for _, c := range []struct {
		name    string
		options harness.Options
		want    string
	}{
		{"a script that does not exist", harness.Options{Path: filepath.Join(dir, "b.lua")}, "reading the script"},
		{"a config that does not exist", harness.Options{Path: filepath.Join(dir, "b.cfg")}, "the file does not exist"},
		{"a wrong key", harness.Options{Path: filepath.Join(dir, "a.cfg")}, "relod"},
		{"a wrong key beside the script", harness.Options{Path: filepath.Join(dir, "a.lua"), Companion: true}, "relod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := harness.Open(t.Context(), c.options)
			if err == nil {
				s.Close()
				t.Fatal("Open succeeded")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestLoginsFailUntilTheScriptLoads repairs a script that does not load.
func TestLoginsFailUntilTheScriptLoads(t *testing.T) {
	dir := folder(t, map[string]string{"answers.lua": "local x = nil + 1\n"})
	path := filepath.Join(dir, "answers.lua")
	s := open(t, harness.Options{Path: path})
	if err := s.LoadError(); err == nil || !strings.Contains(err.Error(), "answers.lua:1:") {
		t.Errorf("the error is %v", err)
	}
	if err := s.Load(t.Context()); err == nil {
		t.Error("Load succeeded with the wrong script")
	}
	repaired := strings.Replace(answers, "spectrum.backend_config", "local _ =", 1) // it is too late for backend_config
	if err := os.WriteFile(path, []byte(repaired), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.LoadError(); err != nil {
		t.Error(err)
	}
	asks(t, s, "unset answers.localhost")
}

// TestTheContextEndsALoadThatHangs opens a script that never ends.
func TestTheContextEndsALoadThatHangs(t *testing.T) {
	dir := folder(t, map[string]string{"a.lua": `require("spectrum").sleep(1e6)`})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s, err := harness.Open(ctx, harness.Options{Path: filepath.Join(dir, "a.lua")})
	if err == nil {
		s.Close()
		t.Error("Open succeeded")
	}
}

func TestTimersFollowTheClockOfTheOptions(t *testing.T) {
	dir := folder(t, map[string]string{"answers.lua": answers})
	var s *harness.Harness
	m := clock.NewMovable(func(ctx context.Context) { task.Settle(ctx, s.Scheduler()) })
	s = open(t, harness.Options{Path: filepath.Join(dir, "answers.lua"), Clock: m})
	u := login(t, s)
	task.Settle(t.Context(), s.Scheduler())
	if err := m.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	for range 60 {
		if _, err := u.Expect(t.Context(), pb.WrapperMessage_TYPE_CONV_MESSAGE, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCloseRemovesTheTemporaryFolder checks the folder that the script may write to.
func TestCloseRemovesTheTemporaryFolder(t *testing.T) {
	dir := folder(t, map[string]string{"answers.lua": answers})
	s, err := harness.Open(t.Context(), harness.Options{Path: filepath.Join(dir, "answers.lua")})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(s.Config.WorkingDir()); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.Config.WorkingDir()); !os.IsNotExist(err) {
		t.Errorf("the folder still exists: %v", err)
	}
}

// TestTheContextStopsTheBackend cancels the context of Open: on.exit and on.logout run.
func TestTheContextStopsTheBackend(t *testing.T) {
	dir := folder(t, map[string]string{"a.lua": `
local on = {}
function on.login(session) session:connected() end
function on.logout(session) print("goodbye", session.user) end
function on.exit() print("the end") end
return on`})
	var mu sync.Mutex
	var log []string
	ctx, interrupt := context.WithCancel(t.Context())
	s, err := harness.Open(ctx, harness.Options{Path: filepath.Join(dir, "a.lua"), Log: func(l harness.Line) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, l.Text)
	}})
	if err != nil {
		t.Fatal(err)
	}
	login(t, s)
	interrupt()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	text := strings.Join(log, "\n")
	if end, bye := strings.Index(text, "the end"), strings.Index(text, "goodbye\t"+alice); end < 0 || bye < end {
		t.Errorf("the log has\n%s", text)
	}
}

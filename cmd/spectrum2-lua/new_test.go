package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/check"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
	"spectrumlua/luabind/api"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
)

func TestNewMakesACompleteTransport(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "some", "where", "my-chat")
	made, err := makeTransport(folder, "/opt/spectrum2_lua_backend", newKinds[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"my-chat.lua", "my-chat_test.lua", "my-chat.cfg", "spectrum-logging.properties", "README.md", ".luarc.json", "types/"}
	if !slices.Equal(made, want) {
		t.Errorf("makeTransport returns the files %q, want %q", made, want)
	}
	entries, err := os.ReadDir(filepath.Dir(folder))
	if err != nil || len(entries) != 1 {
		t.Errorf("other files next to the folder: %v %v", entries, err)
	}

	cfg, err := config.Load(filepath.Join(folder, "my-chat.cfg"), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := cfg.Settings()
	if err != nil || settings.Script != filepath.Join(folder, "my-chat.lua") {
		t.Errorf("the config's script is %q %v", settings.Script, err)
	}
	if got, _ := cfg.Get("service.backend"); got != "/opt/spectrum2_lua_backend" {
		t.Errorf("the config's backend is %q", got)
	}
	info, err := os.Stat(filepath.Join(folder, "my-chat.cfg"))
	if err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("other users can read the password: %v %v", info.Mode(), err)
	}

	var luarc struct {
		Library []string `json:"workspace.library"`
	}
	text, err := os.ReadFile(filepath.Join(folder, ".luarc.json"))
	if err == nil {
		err = json.Unmarshal(text, &luarc)
	}
	if err != nil || !slices.Equal(luarc.Library, []string{"types"}) {
		t.Errorf(".luarc.json: %v %q", err, luarc.Library)
	}
	if err := fs.WalkDir(api.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = os.Stat(filepath.Join(folder, "types", path))
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestSecretsOfNewTransportsDiffer(t *testing.T) {
	var secrets []string
	for _, name := range []string{"one", "two"} {
		folder := filepath.Join(t.TempDir(), name)
		if _, err := makeTransport(folder, "/b", newKinds[0]); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(filepath.Join(folder, name+".cfg"), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		secret, _ := cfg.Get("service.password")
		secrets = append(secrets, secret)
	}
	if len(secrets[0]) < 20 || secrets[0] == secrets[1] {
		t.Errorf("the secrets are %q", secrets)
	}
}

// TestTheNewScriptRuns talks to the script of a new transport.
func TestTheNewScriptRuns(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "chat")
	if _, err := makeTransport(folder, "/b", newKinds[0]); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(folder, "chat.lua"))
	if err != nil {
		t.Fatal(err)
	}
	st := luatest.Start(t, string(script))
	st.Login("alice@localhost")
	var buddy pb.Buddy
	st.Expect("buddy_changed", &buddy)
	if buddy.GetBuddyName() != "chat" {
		t.Errorf("the contact is %q", buddy.GetBuddyName())
	}
	st.Say("alice@localhost", "chat", "good day")
	st.ExpectSaid("Hello, legacy! You wrote: good day")
}

// TestTheNewTransportPasses runs check and test on new transports of each kind and of
// several names.
func TestTheNewTransportPasses(t *testing.T) {
	least := map[string]int{"echo": 3, "lines": 4, "http": 5, "websocket": 5, "xmpp": 5}
	for i, kind := range newKinds {
		name := []string{"chat", "a", "my-chat_2", strings.Repeat("x", 40), "net"}[i%5]
		t.Run(kind.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), name)
			if _, err := makeTransport(folder, "/usr/bin/"+backendName, kind); err != nil {
				t.Fatal(err)
			}
			for _, finding := range check.Paths(folder).Findings {
				if dependsOnMachine := strings.HasSuffix(finding.File, ".cfg") && finding.Severity == check.Warning; !dependsOnMachine {
					t.Errorf("%s: check says %+v", name, finding)
				}
			}
			files, err := scripttest.Find([]string{folder})
			if err != nil {
				t.Fatal(err)
			}
			sum := scripttest.Run(t.Context(), files, scripttest.Options{Timeout: 5 * time.Minute, Done: func(r scripttest.Result) {
				if !r.Passed() {
					t.Errorf("%s: test %q fails: %q", name, r.Name, r.Failures)
				}
			}})
			if sum.Passed < least[kind.name] || least[kind.name] == 0 {
				t.Errorf("%s: %d tests passed", name, sum.Passed)
			}
		})
	}
}

// TestConfigsOfAllKindsHaveTheSettingsOfTheirScripts loads the script of each kind with its
// own config, as chat does.
func TestConfigsOfAllKindsHaveTheSettingsOfTheirScripts(t *testing.T) {
	for kind, want := range map[string]map[string]string{
		"echo":      {"greeting": "Hello"},
		"lines":     {"server": "127.0.0.1:7000", "tls": "0"},
		"http":      {"url": "http://127.0.0.1:8080"},
		"websocket": {"url": "ws://127.0.0.1:8080/chat"},
		"xmpp":      {},
	} {
		k, err := kindByName(kind)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(t.TempDir(), "chat")
		if _, err := makeTransport(folder, "/b", k); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "chat.cfg")
		cfg, err := config.Load(path, config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if got, _ := cfg.Get("chat." + key); got != value {
				t.Errorf("%s: [chat] %s is %q, want %q", kind, key, got, value)
			}
		}
		s, err := harness.Open(t.Context(), harness.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.LoadError(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil || !strings.Contains(string(readme), "\n\n"+k.about+"\n\n") {
			t.Errorf("%s: README.md lacks the description: %v", kind, err)
		}
		if !strings.Contains(string(readme), "    spectrum2-lua serve --check "+filepath.Base(folder)+".cfg\n") {
			t.Errorf("%s: README.md does not run the transport without Spectrum", kind)
		}
	}
}

func TestNewOverwritesNoFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "chat")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := makeTransport(folder, "/b", newKinds[0]); err != nil {
		t.Fatalf("in an empty folder: %v", err)
	}
	mine := filepath.Join(folder, "chat.lua")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := makeTransport(folder, "/b", newKinds[0]); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a second transport in the same folder: %v", err)
	}
	if text, _ := os.ReadFile(mine); string(text) != "mine" {
		t.Errorf("the script is %q", text)
	}
	types := filepath.Join(folder, "types")
	if n, err := writeTypes(types); err != nil || n == 0 {
		t.Errorf("writing the annotations again: %d %v", n, err)
	}
	if err := os.WriteFile(filepath.Join(types, "net.lua"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := writeTypes(types); err == nil || !strings.Contains(err.Error(), "net.lua exists") {
		t.Errorf("annotations over the user's own file: %v", err)
	}
	if text, _ := os.ReadFile(filepath.Join(types, "net.lua")); string(text) != "mine" {
		t.Errorf("the user's file is now %q", text)
	}
}

func TestNewRejectsBadNames(t *testing.T) {
	for _, name := range []string{"a", "chat", "my-chat", "my_chat2", strings.Repeat("x", 40)} {
		if err := checkName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", ".", "..", "Chat", "2chat", "-chat", "my chat", "chat.lua", "a/b", "ünï", strings.Repeat("x", 41), "lua", "spectrum", "service", "test", "my_test"} {
		if err := checkName(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
	if _, err := makeTransport(filepath.Join(t.TempDir(), "chat"), "a\nb", newKinds[0]); err == nil {
		t.Error("a path with a line break is accepted")
	}
}

// TestNewNamesTheFolderThatItCannotCreate has places for no folder.
func TestNewNamesTheFolderThatItCannotCreate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		file:                       file + " or a part of its path is a file: name another folder",
		filepath.Join(file, "new"): filepath.Join(file, "new") + " or a part of its path is a file: name another folder",
		"/proc/mychat":             "creating the folder mychat in /proc: ",
	} {
		if _, err := makeTransport(folder, "/b", newKinds[0]); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

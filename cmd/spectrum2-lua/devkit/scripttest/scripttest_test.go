package scripttest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// folder creates a folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

// write writes a file and creates its folder.
func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runIn runs all tests in a folder, as if it were the current one.
func runIn(t *testing.T, dir string, o scripttest.Options) (scripttest.Summary, []scripttest.Result) {
	t.Helper()
	t.Chdir(dir)
	files, err := scripttest.Find([]string{"."})
	if err != nil {
		t.Fatal(err)
	}
	var results []scripttest.Result
	o.Done = func(r scripttest.Result) { results = append(results, r) }
	return scripttest.Run(context.Background(), files, o), results
}

// one runs one case with this body against a script.
func one(t *testing.T, script, body string) scripttest.Result {
	t.Helper()
	dir := folder(t, map[string]string{
		"script.lua":      script,
		"script_test.lua": "local test = require \"spectrum.test\"\ntest.case(\"it\", function(t)\n" + body + "\nend)\n",
	})
	_, results := runIn(t, dir, scripttest.Options{Timeout: 20 * time.Second})
	if len(results) != 1 {
		t.Fatalf("the run has %d results: %v", len(results), results)
	}
	return results[0]
}

// echo is a script for most tests.
const echo = `
local spectrum = require "spectrum"
spectrum.backend_config { features = { muc = true } }
local on = {}
function on.login(session, m)
  if m.legacy_name == "bad" then error("no such account") end
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online", group = { "a", "b" } }
  session:every(60, function() session:conv_message { buddy_name = "clock", message = "a minute" } end)
end
function on.conv_message(session, m)
  if m.message == "fail" then error("as you wish") end
  if m.message == "later" then spectrum.sleep(30) end
  if m.message == "quiet" then return end
  if m.message == "room" then
    return session:conv_message { buddy_name = "lobby", nickname = "bob", message = "too early" }
  end
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
  if m.message == "flags" then
    session:participant_changed { room = "r", nickname = "n", status = "online", flag = { "me", "moderator" } }
  end
end
function on.query(m) spectrum.send("query", { config = "you said " .. m.config .. " " .. spectrum.config.get("my.key", "-") }) end
function on.raw_xml(xml) spectrum.send("raw_xml", xml) end
function on.logout(session) print("bye", session.user) end
return on
`

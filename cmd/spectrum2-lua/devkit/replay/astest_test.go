package replay_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/replay"
	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
	"spectrumlua/runtime/record"
)

func TestAsTestWritesACaseForEachRun(t *testing.T) {
	run := recorded(t,
		`{"t":0,"event":"loaded","generation":1}`,
		`{"t":0,"dir":"out","type":"backend_config","fields":{"config":"[features]\nmuc=1"}}`,
		`{"t":1,"dir":"in","type":"login","fields":{"user":"alice@localhost","legacy_name":"bob","password":"***","extra_fields":["***"],"settings":{"value":{"stay_connected":"1"}}}}`,
		connected,
		message(2, "in", "a \"quote\"\n\u001b\U0001F30D", `,"id":"7"`),
		message(2.1, "out", "tomorrow", `,"timestamp":"20260131T120000","id":"mine"`),
		`{"t":2.2,"dir":"out","type":"conv_message_ack","fields":{"user_name":"alice@localhost","buddy_name":"b","message":"","id":"7"}}`,
		`{"t":62.2,"dir":"out","type":"participant_changed","fields":{"user_name":"alice@localhost","room":"#r","nickname":"n","flag":["moderator","me"],"status":"online"}}`,
		message(63, "out", "the password is ***", ""),
		`{"t":63,"dir":"in","type":"login","fields":{"user":"end@localhost","legacy_name":"","password":""}}`,
		`{"t":63,"dir":"in","type":"login","fields":{"user":"end@example.net","legacy_name":"x","password":"***"}}`,
		`{"t":63,"dir":"in","type":"raw_xml","payload":"<iq type='get'/>"}`,
		`{"t":63,"dir":"in","type":"raw_xml","left_out":9}`,
		`{"t":63,"dir":"in","type":"99","payload":"x"}`,
		`{"t":63,"dir":"out","type":"connected","fields":{"user":"stranger@localhost"}}`,
		`{"t":63,"dir":"in","type":"buddies","fields":{}}`,
		`{"t":63,"dir":"in","type":"query","fields":{}}`,
		`{"t":64,"dir":"in","type":"logout","fields":{"user":"alice@localhost","legacy_name":"bob"}}`,
		exit)
	want := `-- Made from a record by spectrum2-lua replay --as-test.

local test = require "spectrum.test"

test.script("../x.lua")

test.case("recorded on 2026-01-31 12:00:00", function(t)
  local user = {}
  t:expect("backend_config", { config = "[features]\nmuc=1" })
  t:advance(1)
  user.alice = t:login { user = "alice@localhost", legacy_name = "bob", settings = { stay_connected = "1" } }
  user.alice:expect("connected")
  t:advance(1)
  user.alice:send("conv_message", { buddy_name = "b", id = "7", message = "a \"quote\"\n\027🌍" })
  user.alice:expect("conv_message", { buddy_name = "b", message = "tomorrow" })
  user.alice:expect("conv_message_ack", { buddy_name = "b", id = "7", message = "" })
  t:advance(60.2)
  user.alice:expect("participant_changed", { flag = { "moderator", "me" }, nickname = "n", room = "#r", status = "online" })
  user.alice:expect("conv_message", { buddy_name = "b", message = t.any })
  user._end = t:login { user = "end@localhost", legacy_name = "", password = "" }
  user._end_2 = t:login { user = "end@example.net", legacy_name = "x" }
  t:send("raw_xml", "<iq type='get'/>")
  -- r:14: raw_xml is not in the record
  -- r:15: 99 is not in the record
  -- r:16: connected names no user who is logged in
  -- r:17: buddies names no user who is logged in
  -- r:18: query: the required field config is missing
  t:advance(1.8)
  user.alice:logout()
end)
`
	if got := replay.AsTest([]record.Run{run}, "../x.lua"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAsTestPasses runs the test of a record: the recorded script passes it, and another
// one fails.
func TestAsTestPasses(t *testing.T) {
	run := recorded(t, login, connected, message(2, "in", "hello\n\"", `,"id":"7"`), message(2, "out", "hello\n\"", ""), exit)
	for _, c := range []struct {
		name, script string
		passed       int
	}{
		{"the same script", echo, 2},
		{"another script", strings.Replace(echo, "session:connected()", "session:connected() if true then error('no') end", 1), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			write("x.lua", c.script)
			file := write("x_test.lua", replay.AsTest([]record.Run{run, run}, ""))
			sum := scripttest.Run(t.Context(), []string{file}, scripttest.Options{Timeout: 5 * time.Minute, Done: func(r scripttest.Result) {
				if c.passed > 0 && !r.Passed() {
					t.Errorf("%s: %v", r.Name, r.Failures)
				}
			}})
			if sum.Passed != c.passed || sum.Passed+sum.Failed != 2 {
				t.Errorf("%d passed, %d failed", sum.Passed, sum.Failed)
			}
		})
	}
}

package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/replay"
	"spectrumlua/runtime/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const header = `{"record":1,"time":"2026-01-31T12:00:00Z","version":"0","jid":"x.localhost","pid":71,"config":"","script":"","part":1}`

// login and connected are the first lines of each session.
const (
	login     = `{"t":1,"dir":"in","type":"login","fields":{"user":"alice@localhost","legacy_name":"bob","password":"***"}}`
	connected = `{"t":1,"dir":"out","type":"connected","fields":{"user":"alice@localhost"}}`
	exit      = `{"t":100,"dir":"in","type":"exit"}`
)

// message returns the line of a message to or from alice.
func message(t float64, dir, text, more string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"t":%v,"dir":%q,"type":"conv_message","fields":{"user_name":"alice@localhost","buddy_name":"b","message":%s%s}}`, t, dir, quoted, more)
}

// echo is the script of most records.
const echo = `
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
end
return on`

func recorded(t *testing.T, lines ...string) record.Run {
	t.Helper()
	runs, err := record.Read("r", strings.NewReader(header+"\n"+strings.Join(lines, "\n")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return runs[0]
}

// played replays a record and returns the result and the notes.
func played(t *testing.T, script string, o replay.Options, lines ...string) (*replay.Result, string) {
	t.Helper()
	return playedIn(t, "", script, o, lines...)
}

// playedIn is like played, for a record of a home.
func playedIn(t *testing.T, home, script string, o replay.Options, lines ...string) (*replay.Result, string) {
	t.Helper()
	o.Path = filepath.Join(t.TempDir(), "x.lua")
	if err := os.WriteFile(o.Path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if o.Patience == 0 {
		o.Patience = 50 * time.Millisecond
	}
	var notes []string
	o.Note = func(where, text string) { notes = append(notes, where+": "+text) }
	run := recorded(t, lines...)
	run.Header.Home = home
	result, err := replay.Run(t.Context(), run, o)
	if err != nil {
		t.Fatal(err)
	}
	return result, strings.Join(notes, "\n")
}

// differences returns short texts for the differences.
func differences(r *replay.Result) (all []string) {
	for _, d := range r.Differences {
		text := fmt.Sprintf("%s %s %s %s", d.Where, d.User, d.Type, []string{"changed", "missing", "extra"}[d.Kind])
		for _, f := range d.Fields {
			text += fmt.Sprintf(" %s:%s→%s", f.Name, f.Was, f.Is)
		}
		all = append(all, text)
	}
	return all
}

func TestReplayReportsDifferences(t *testing.T) {
	hello := []string{login, connected, message(2, "in", "hello", ""), message(2, "out", "hello", ""), exit}
	with := func(script string) string { return strings.Replace(echo, "session:conv_message {", script, 1) }
	cases := []struct {
		name, script string
		lines        []string
		want         []string
	}{
		{"none", echo, hello, nil},
		{"another field", with(`session:conv_message { nickname = "n",`), hello, []string{`r:5 alice@localhost conv_message changed nickname:→"n"`}},
		{"another value", strings.Replace(echo, "message = m.message", "message = m.message:upper()", 1), hello,
			[]string{`r:5 alice@localhost conv_message changed message:"hello"→"HELLO"`}},
		{"an additional answer", with(`session:buddy_typing { buddy_name = "b" } session:conv_message {`), hello,
			[]string{`r:3 alice@localhost buddy_typing extra buddy_name:→"b"`}},
		{"no answer", "return {}", hello, []string{`r:5 alice@localhost conv_message missing buddy_name:"b"→ message:"hello"→`}},
		{"another type", with(`session:attention {`), hello, []string{
			`r:5 alice@localhost conv_message missing buddy_name:"b"→ message:"hello"→`,
			`r:5 alice@localhost attention extra buddy_name:→"b" message:→"hello"`}},
		{"an answer of no user", `require "spectrum".backend_config { features = { muc = true } }` + echo, hello, []string{
			`  backend_config extra config:→"[features]\nmuc=1\n"`}},
		{"one of three answers", echo, []string{login, connected,
			message(2, "in", "1", ""), message(2, "out", "1", ""), message(2, "in", "2", ""), message(2, "out", "two", ""),
			message(2, "in", "3", ""), message(2, "out", "3", ""), exit},
			[]string{`r:7 alice@localhost conv_message changed message:"two"→"2"`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			result, _ := played(t, c.script, replay.Options{}, c.lines...)
			if got, want := strings.Join(differences(result), "\n"), strings.Join(c.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if result.Fed == 0 || result.Users != 1 {
				t.Errorf("%+v", result)
			}
		})
	}
}

// TestReplayPlaysTheHomeOfTheRecord replays a message with an id, which Spectrum receives as a
// stanza.
func TestReplayPlaysTheHomeOfTheRecord(t *testing.T) {
	script := strings.Replace(echo, "session:conv_message {", `session:conv_message { id = "n1",`, 1)
	for _, c := range []struct{ home, out string }{
		{"serve", message(2, "out", "hello", `,"id":"n1"`)},
		{"spectrum", `{"t":2,"dir":"out","type":"raw_xml","left_out":7}`},
	} {
		result, _ := playedIn(t, c.home, script, replay.Options{}, login, connected, message(2, "in", "hello", ""), c.out, exit)
		if len(result.Differences) != 0 {
			t.Errorf("%s: %v", c.home, differences(result))
		}
	}
}

// TestReplayIgnoresIDsTimesAndChosenFields checks the differences that do not count.
func TestReplayIgnoresIDsTimesAndChosenFields(t *testing.T) {
	script := strings.Replace(echo, "session:conv_message {", `session:conv_message { id = "mine-2", timestamp = 1700000000, nickname = "now",`, 1)
	ack := strings.Replace(echo, "session:conv_message {", `session:conv_message_ack { id = m.id .. "x",`, 1)
	own := message(2, "out", "hello", `,"nickname":"then","timestamp":"20260131T120000","id":"mine-1"`)
	cases := []struct {
		name, script string
		ignore       []string
		in, out      string
		differ       int
	}{
		{"id and timestamp", script, []string{"nickname"}, message(2, "in", "hello", ""), own, 0},
		{"a field of one type", script, []string{"conv_message.nickname"}, message(2, "in", "hello", ""), own, 0},
		{"a field of another type", script, []string{"vcard.nickname"}, message(2, "in", "hello", ""), own, 1},
		{"nothing", script, nil, message(2, "in", "hello", ""), own, 1},
		{"an id of Spectrum", ack, nil, message(2, "in", "hello", `,"id":"7"`),
			`{"t":2,"dir":"out","type":"conv_message_ack","fields":{"user_name":"alice@localhost","buddy_name":"b","message":"hello","id":"7"}}`, 1},
		{"a masked secret", strings.Replace(echo, "m.message", `"the password is hunter2, " .. session.user`, 1), nil,
			message(2, "in", "hello", ""), message(2, "out", "the password is ***, ***@localhost", ""), 0},
		{"another text around a masked secret", strings.Replace(echo, "m.message", `"a password is hunter2"`, 1), nil,
			message(2, "in", "hello", ""), message(2, "out", "the password is ***", ""), 1},
		{"a message without a payload in the record", strings.Replace(echo, "session:conv_message {", `session:raw_xml("<iq/>") do return end x = {`, 1), nil,
			message(2, "in", "hello", ""), `{"t":2,"dir":"out","type":"raw_xml","left_out":7}`, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			result, _ := played(t, strings.Replace(c.script, "session:raw_xml(", `require "spectrum".send("raw_xml", `, 1),
				replay.Options{Ignore: c.ignore}, login, connected, c.in, c.out, exit)
			if len(result.Differences) != c.differ {
				t.Errorf("%v", differences(result))
			}
		})
	}
}

// TestReplayAdvancesTheClock replays an hour: timers fire at the recorded times.
func TestReplayAdvancesTheClock(t *testing.T) {
	const script = `
local on = {}
function on.login(session)
  session:connected()
  session:every(60, function() session:conv_message { buddy_name = "b", message = "a minute" } end)
end
function on.conv_message(session, m)
  require('spectrum').sleep(10)
  session:conv_message { buddy_name = "b", message = m.message }
end
return on`
	lines := []string{login, connected}
	for i := range 5 {
		lines = append(lines, message(float64(61+60*i), "out", "a minute", ""))
	}
	lines = append(lines, message(305, "in", "slow", ""), message(315, "out", "slow", ""),
		message(361, "out", "a minute", ""), `{"t":370,"dir":"in","type":"exit"}`)
	began := time.Now()
	result, _ := played(t, script, replay.Options{Patience: 5 * time.Second}, lines...)
	if len(result.Differences) > 0 || result.Same != 8 {
		t.Errorf("%d answers match; %v", result.Same, differences(result))
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the replay took %v", took)
	}
}

// TestAnswersAfterATruncatedRecordDoNotCount checks answers that the record may have lost.
func TestAnswersAfterATruncatedRecordDoNotCount(t *testing.T) {
	result, _ := played(t, echo, replay.Options{}, login, connected, message(2, "in", "hello", ""))
	if len(result.Differences) != 0 || result.Same != 1 {
		t.Errorf("%+v", result)
	}
	result, _ = played(t, echo, replay.Options{}, login, message(2, "in", "hello", ""), message(2, "out", "hello", ""))
	if got := differences(result); len(got) != 1 || !strings.Contains(got[0], "connected extra") {
		t.Errorf("%v", got)
	}
}

// TestAnswersAfterASignalCount checks a complete record without EXIT: a signal ended the backend.
func TestAnswersAfterASignalCount(t *testing.T) {
	script := strings.Replace(echo, "return on", `function on.logout(session) session:buddy_removed { buddy_name = "b" } end return on`, 1)
	removed := `{"t":3,"dir":"out","type":"buddy_removed","fields":{"user_name":"alice@localhost","buddy_name":"b"}}`
	for _, c := range []struct {
		name  string
		lines []string
		want  int
	}{
		{"the same answers", []string{login, connected, removed, `{"t":4,"event":"end"}`}, 0},
		{"an additional answer", []string{login, connected, `{"t":4,"event":"end"}`}, 1},
	} {
		result, _ := played(t, script, replay.Options{}, c.lines...)
		if len(result.Differences) != c.want {
			t.Errorf("%s: %v", c.name, differences(result))
		}
	}
}

func TestNotesReportWhatCannotBeReplayed(t *testing.T) {
	_, notes := played(t, echo, replay.Options{}, `{"t":0,"event":"loaded","generation":1}`, login, connected,
		`{"t":2,"event":"loaded","generation":2}`, `{"t":2,"event":"failed","error":"x.lua:1: a typo"}`, `{"t":2,"event":"lost","messages":3}`,
		`{"t":2,"dir":"in","type":"raw_xml","left_out":3}`)
	for _, want := range []string{"r:5: the script was reloaded", "r:6: the script did not load here: x.lua:1: a typo", "r:7: 3 messages are missing", "r:8: the record omits this message"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is missing from\n%s", want, notes)
		}
	}
	if strings.Contains(notes, "r:2") {
		t.Errorf("a note reports the first load: %s", notes)
	}
}

func TestRunFailsIfTheScriptDoesNotLoad(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.lua")
	if err := os.WriteFile(broken, []byte("return {"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := recorded(t, login)
	if _, err := replay.Run(t.Context(), run, replay.Options{Path: broken}); err == nil || !strings.Contains(err.Error(), "broken.lua:1") {
		t.Error(err)
	}
	if _, err := replay.Run(t.Context(), run, replay.Options{Path: filepath.Join(dir, "none.lua")}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	good := filepath.Join(dir, "good.lua")
	if err := os.WriteFile(good, []byte(echo), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := replay.Run(ctx, run, replay.Options{Path: good}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

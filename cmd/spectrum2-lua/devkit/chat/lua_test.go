package chat_test

import (
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/chat"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/runtime/config"
)

// evaluate runs commands with a short handler_timeout.
func evaluate(t *testing.T, script, commands string) string {
	t.Helper()
	var out strings.Builder
	_ = chat.New(chat.Options{ // the transcript has the errors
		Stage: harness.Options{
			Path:     write(t, "live.lua", script),
			Settings: []config.Override{{Key: "lua.handler_timeout", Value: "0.1"}},
		},
		Console: chat.NewTranscript(strings.NewReader(commands), &out), Script: true,
		ExpectTimeout: time.Millisecond,
	}).Run(t.Context())
	return out.String()
}

func TestEndlessLuaIsStoppedAndTheChatContinues(t *testing.T) {
	got := evaluate(t, "return {}", "/login\n/lua while true do end\n/expect stopped\n/lua 1 + 1\n")
	for _, want := range []string{
		"/lua:1: stopped: it ran for 100ms without waiting (handler_timeout)\n",
		"alice> /lua 1 + 1\n  2\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the transcript lacks %q:\n%s", want, got)
		}
	}
}

func TestLuaThatWaitsForLongDoesNotHoldUpTheChat(t *testing.T) {
	got := evaluate(t, "return {}", "/login\n/lua spectrum.sleep(1e6)\n/lua 1 + 1\n/logout\n")
	for _, want := range []string{
		"  ? /lua waits for more than 101ms: the chat continues without the result\n",
		"alice> /lua 1 + 1\n  2\n",
		"alice> /logout\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the transcript lacks %q:\n%s", want, got)
		}
	}
}

func TestLuaInAScriptThatDoesNotLoadShowsWhy(t *testing.T) {
	got := evaluate(t, "x = = 1", "/lua 1\n")
	if !strings.Contains(got, "alice> /lua 1\n  ? ") || !strings.Contains(got, "live.lua:1:") {
		t.Errorf("the transcript is\n%s", got)
	}
}

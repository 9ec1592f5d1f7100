package websocket_test

import (
	"os"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

const page = "../../../docs/reference/modules/websocket.md"

// TestPage runs the examples that are done when they have loaded.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	examples := strings.Split(string(text), "```lua\n")
	if len(examples) != 3 {
		t.Fatalf("the page has %d examples, want 2", len(examples)-1)
	}
	configLines := []string{"[chat]", "url=" + peer(t, echo)}
	t.Run("talk", func(t *testing.T) {
		script, _, _ := strings.Cut(examples[1], "```")
		luatest.Run(t, script, configLines...)
	})
	t.Run("transport", func(t *testing.T) {
		script, _, _ := strings.Cut(examples[2], "```")
		st := luatest.Start(t, script, configLines...)
		st.Login("alice@localhost")
		st.Expect("connected", nil)
		st.Say("alice@localhost", "server", "hello")
		st.ExpectSaid("hello")
		st.Logout("alice@localhost")
	})
}

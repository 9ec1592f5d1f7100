//go:build e2e

package e2e_test

import (
	"testing"

	"github.com/google/go-dap"

	"spectrumlua/luabind/debugger/dap/daptest"
)

// TestDebug stops a user at a breakpoint under Spectrum, while another user gets answers.
func TestDebug(t *testing.T) { testDebug(t, false) }

// TestServeDebug is TestDebug without Spectrum.
func TestServeDebug(t *testing.T) { testDebug(t, true) }

// debugScript has the breakpoint in line 7.
const debugScript = `local on = {}
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
end
return on
`

func testDebug(t *testing.T, serve bool) {
	t.Parallel()
	b := newBed(t, bedConfig{serve: serve, script: debugScript, lua: "debug = 1", users: []string{"alice", "bob"}})
	if !serve {
		if err := copyFile(b.tool(), b.path("spectrum2-lua"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	alice, bob := b.client("alice"), b.client("bob")
	for _, c := range []*client{alice, bob} {
		c.online()
		c.befriend("echo")
		c.echoes()
	}
	e := daptest.Start(t, b.command(b.inside("spectrum2-lua"), "debug"))
	set := e.Begin("attach", daptest.Object{"config": b.inside("transport.cfg")}, b.inside("script.lua"),
		daptest.Object{"line": 7, "condition": `session.user == "alice@localhost"`})
	if len(set) != 1 || !set[0].Verified {
		t.Fatalf("%+v", set)
	}

	alice.step("stands at a breakpoint")
	alice.sayTo(b.contact("echo"), "is somebody there?")
	stop := daptest.Next[*dap.StoppedEvent](e).Body
	if frames := e.Stack(stop.ThreadId); len(frames) != 1 || frames[0].Line != 7 {
		t.Errorf("%+v", frames)
	}
	bob.echoes()

	alice.step("gets the answer after the editor has left")
	daptest.Answer[*dap.DisconnectResponse](e, "disconnect", nil)
	e.End()
	alice.wait("the answer", func(ev event) bool {
		return bare(ev.From) == b.contact("echo") && ev.Body == "is somebody there?"
	})
	alice.echoes()
}

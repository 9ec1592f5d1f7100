package serve_test

import (
	"errors"
	"strings"
	"testing"

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// early is a script that writes to the user as soon as they are logged in.
const early = `
local log = require "spectrum.log"
local on = {}
function on.login(session)
  session:connected()
  session:conv_message { buddy_name = "echo", message = "hello" }
  log.info("the script has a session")
end
return on
`

// afterRegistration returns a scene whose user stays connected. The process has ended, and the
// log is empty.
func afterRegistration(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, transport, early, "[settings]\nstay_connected=1\n")
	s.start()
	s.up()
	s.register()
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	s.write("log", "") // a session may have begun right after the registration
	return s
}

// TestSessionsStartWithoutTheXMPPServer starts the process while the server does not accept
// connections.
func TestSessionsStartWithoutTheXMPPServer(t *testing.T) {
	s := afterRegistration(t)
	s.replace("script.lua", "hello", "good morning")
	s.server.Refuse("system-shutdown")
	s.start()
	s.logged("the script has a session")
	s.server.Refuse("")
	s.up()
	s.expect("the message", func(n *xmltree.Node) bool { return stanza.ChildText(n, "", "body") == "good morning" })
	s.expect("the clients are asked", from("presence", transport, "probe"))
}

// TestSessionsDoNotStartIfAnotherProcessServesTheJID has a process on another machine, with
// sessions of the same users.
func TestSessionsDoNotStartIfAnotherProcessServesTheJID(t *testing.T) {
	s := afterRegistration(t)
	s.server.Refuse("conflict")
	s.start()
	if err := s.result(); !errors.Is(err, component.ErrConflict) {
		t.Errorf("Run: %v", err)
	}
	if log := s.read("log"); strings.Contains(log, "the script has a session") {
		t.Errorf("a session has begun:\n%s", log)
	}
}

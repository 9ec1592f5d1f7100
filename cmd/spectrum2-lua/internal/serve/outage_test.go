package serve_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/stanza"
)

// unstable is a script whose network fails when the user says so.
const unstable = `
local on = {}
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", status = "online" }
end
function on.conv_message(session)
  session:disconnected { error = "network_error", message = "the network is gone" }
end
return on
`

func TestUserLearnsOfAnOutageOfTheNetwork(t *testing.T) {
	s := newScene(t, transport, unstable, "")
	s.start()
	s.up()
	s.register()
	s.online()
	s.say("drop")
	n := s.expect("the notice", from("message", transport, ""))
	if body := stanza.ChildText(n, "", "body"); !strings.HasPrefix(body, "the network is gone\n") || stanza.Attr(n, "to") != "alice@localhost" {
		t.Errorf("%s receives %q", stanza.Attr(n, "to"), body)
	}
}

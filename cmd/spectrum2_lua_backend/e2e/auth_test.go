//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// askingScript sends an auth_request for the name that a user writes to the contact bot. It
// logs how the answer arrives.
const askingScript = `local spectrum = require "spectrum"
local on = {}
local function heard(what)
  return function(session, m, origin)
    spectrum.log.info("HEARD " .. what .. " " .. m.buddy_name .. " " .. origin)
  end
end
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "bot", status = "online" }
end
function on.conv_message(session, m)
  session:auth_request { buddy_name = m.message }
end
on.buddy_changed = heard "buddy_changed"
on.buddy_removed = heard "buddy_removed"
return on
`

// TestAuthRequest checks how the answers to an auth_request arrive, as
// docs/internals/protocol.md describes them. Consent is a BUDDY_CHANGED. A refusal does not
// reach a backend, unless the client asks to remove the contact.
func TestAuthRequest(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: askingScript})
	alice := b.client("alice")
	alice.online()
	ask := func(name string) {
		t.Helper()
		alice.step("%s asks", name)
		alice.do(command{"do": "message", "to": b.contact("bot"), "body": name})
		alice.wait("the request", presence(b.contact(name), "subscribe"))
	}
	ask("carol")
	alice.do(command{"do": "presence", "to": b.contact("carol"), "type": "subscribed"})
	b.waitLog("backend-1.log", `HEARD buddy_changed carol authorized`)
	ask("dave")
	alice.do(command{"do": "presence", "to": b.contact("dave"), "type": "unsubscribed"})
	ask("erin") // arrives after the effects of dave's answer
	alice.do(command{"do": "presence", "to": b.contact("erin"), "type": "subscribed"})
	b.waitLog("backend-1.log", `HEARD buddy_changed erin authorized`)
	if strings.Contains(b.log("backend-1.log"), " dave") {
		t.Error("the refusal reaches the script")
	}
	ask("frank")
	alice.do(command{"do": "presence", "to": b.contact("frank"), "type": "unsubscribe"})
	b.waitLog("backend-1.log", `HEARD buddy_removed frank refused`)
}

// TestRefusalWithRawXML shows that a refusal does not reach the backend with the feature
// rawxml either.
func TestRefusalWithRawXML(t *testing.T) {
	t.Parallel()
	script := strings.Replace(askingScript, "local on = {}", `spectrum.backend_config { features = { rawxml = true } }
local xml = require "spectrum.xml"
local on = {}
function on.raw_xml(text)
  local stanza = xml.parse(text)
  if stanza.name == "presence" and stanza.attr.type == "unsubscribed" then
    spectrum.log.info("REFUSED " .. stanza.attr.to)
  elseif stanza.name == "message" and xml.text(stanza, "body") then
    spectrum.session(stanza.attr.from:match("^[^/]+")):auth_request { buddy_name = xml.text(stanza, "body") }
  end
end`, 1)
	b := newBed(t, bedConfig{script: script})
	alice := b.client("alice")
	alice.online()
	alice.do(command{"do": "message", "to": b.contact("bot"), "body": "dave"})
	alice.wait("the request", presence(b.contact("dave"), "subscribe"))
	alice.do(command{"do": "presence", "to": b.contact("dave"), "type": "unsubscribed"})
	alice.do(command{"do": "message", "to": b.contact("bot"), "body": "erin"}) // arrives after the refusal
	alice.wait("the next request", presence(b.contact("erin"), "subscribe"))
	if strings.Contains(b.log("backend-1.log"), "REFUSED") {
		t.Error("the refusal arrives as RAW_XML: docs/reference/api.md says that it does not")
	}
}

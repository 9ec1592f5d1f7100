//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// codeScript asks in on.login, before connected, and has a command.
const codeScript = `local spectrum = require "spectrum"
spectrum.command { name = "hello", arguments = { "name" }, run = function(_, a) return "hello " .. a.name end }
local on = {}
function on.login(session)
  local code, why = session:ask { text = "Code?", secret = true }
  session:connected()
  session:notify("the code has " .. #(code or why) .. " letters")
end
return on
`

// TestQuestionAtLogin shows that users of Spectrum 2 can answer a question before CONNECTED.
func TestQuestionAtLogin(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: codeScript})
	b.answersAtLogin(b.contact("service"), "backend-1.log")
}

// TestServeQuestionAtLogin is the same under serve, where the user writes to the transport.
func TestServeQuestionAtLogin(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: codeScript, serve: true})
	b.answersAtLogin(b.jid, "backend-0.log")
}

// answersAtLogin logs alice in with two clients. The second one answers.
func (b *bed) answersAtLogin(service, log string) {
	b.t.Helper()
	alice := b.client("alice")
	alice.available()
	alice.register()
	alice.accept()
	if q := alice.wait("the question", messageFrom(service)); !strings.HasPrefix(q.Body, "Code?") {
		b.t.Errorf("the question is %q", q.Body)
	}
	phone := b.clientAt("alice", "phone")
	phone.available()
	phone.do(command{"do": "message", "to": service, "body": "hunter42"})
	alice.waitOnline()
	// Spectrum answers the client that has written last.
	notice := phone.wait("the notice", func(e event) bool { return messageFrom(service)(e) && strings.Contains(e.Body, "letters") })
	if notice.Body != "the code has 8 letters" {
		b.t.Errorf("the notice is %q", notice.Body)
	}
	phone.do(command{"do": "message", "to": service, "body": `/hello "big world"`})
	phone.wait("the result", func(e event) bool { return messageFrom(service)(e) && e.Body == "hello big world" })
	if strings.Contains(b.log(log), "hunter42") {
		b.t.Error("the log has the answer")
	}
}

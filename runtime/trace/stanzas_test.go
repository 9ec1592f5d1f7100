package trace_test

import (
	"fmt"
	"testing"

	"spectrumlua/runtime/trace"
)

func TestStanzasGoToTheWatchersOfTheirUser(t *testing.T) {
	var stanzas trace.Stanzas
	stanzas.In(`<message from="alice@localhost/x"/>`)
	if stanzas.On() {
		t.Error("somebody watches")
	}
	w := stanzas.Watch("alice@localhost")
	defer w.Close()
	if !stanzas.On() {
		t.Error("nobody watches")
	}
	stanzas.In(`<message from="alice@localhost/x"/>`)
	stanzas.Out(`<message to="carol@localhost"/>`)
	stanzas.Out(`<message to="alice@localhost"/>`)
	want := fmt.Sprintf("[false %d <message from=\"alice@localhost/x\"/> true %d <message to=\"alice@localhost\"/>]", raw, raw)
	if got, lost := next(t, w); fmt.Sprint(got) != want || lost != 0 {
		t.Errorf("%q, %d", got, lost)
	}
}

func TestStanzasOfTheTransportItself(t *testing.T) {
	for stanza, want := range map[string]bool{
		`<message to="irc.localhost" from="alice@localhost/x"/>`:     true,
		`<iq to="IRC.localhost/x" from="alice@localhost/x"/>`:        true,
		`<iq to="alice@localhost/x" from="irc.localhost"/>`:          true,
		`<message to="bob@irc.localhost" from="alice@localhost/x"/>`: false,
		`<message to="alice@localhost" from="bob@irc.localhost/x"/>`: false,
		`<message to="bob@irc.localhost"`:                            true,
	} {
		if got := trace.IsOwn("irc.localhost", []byte(stanza)); got != want {
			t.Errorf("%s: %v", stanza, got)
		}
	}
}

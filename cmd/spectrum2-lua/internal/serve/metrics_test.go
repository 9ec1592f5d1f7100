package serve_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// freePort returns an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// scrape returns the metrics at an address.
func (s *scene) scrape(address string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// TestTransportsShareAListenerForMetrics runs two transports that name one address.
func TestTransportsShareAListenerForMetrics(t *testing.T) {
	address := freePort(t)
	section := "[metrics]\nlisten=" + address + "\n"
	const counting = `local words = require("spectrum.metrics").counter("words_total", "Words.")
`
	s := newScene(t, transport, counting+echo, section)
	other := newScene(t, "other.serve.test", counting+echo, section)
	s.start(other.file)
	s.up()
	other.up()
	s.logged("metrics are served at http://" + address + "/metrics")
	s.register()
	s.online()
	s.say("hello")
	s.answer("you said hello")
	text := s.scrape(address)
	for _, want := range []string{
		`spectrum2_lua_users{jid="` + transport + `"} 1`, `spectrum2_lua_users{jid="other.serve.test"} 0`,
		`spectrum2_lua_messages_total{direction="received",jid="` + transport + `",type="conv_message"} 1`,
		`spectrum2_lua_handler_duration_seconds_count{handler="login",jid="` + transport + `"} 1`,
		`spectrum2_lua_logins_total{jid="` + transport + `"} 1`,
		`words_total{jid="` + transport + `"} 0`, `words_total{jid="other.serve.test"} 0`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "alice") || strings.Contains(text, "hello") {
		t.Error("the metrics have a user or a text")
	}
	if !strings.Contains(text, `operation="read"} `) || strings.Contains(text, fmt.Sprintf("spectrum2_lua_database_duration_seconds_count{jid=%q,operation=\"read\"} 0\n", transport)) {
		t.Errorf("no statement of the tables of users is measured:\n%s", text)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// TestMetricsWithoutAPortAreNoReasonToEnd has an address that another program uses.
func TestMetricsWithoutAPortAreNoReasonToEnd(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	s := newScene(t, transport, echo, "[metrics]\nlisten="+busy.Addr().String()+"\nusers=1\n")
	if got := s.check(); !strings.Contains(got, "FAIL metrics: ") || !strings.Contains(got, "[metrics] listen: listening on "+busy.Addr().String()+": bind: address already in use") {
		t.Errorf("the findings are:\n%s", got)
	}
	s.start()
	s.up()
	s.logged("[metrics] listen: metrics are not served: ")
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

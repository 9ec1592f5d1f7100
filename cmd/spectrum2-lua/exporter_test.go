package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestExporterServesTheRunningProcess scrapes a transport through the command.
func TestExporterServesTheRunningProcess(t *testing.T) {
	s := openLive(t, `local metrics = require "spectrum.metrics"
local texts = metrics.counter("live_texts_total", "Texts.", { labels = { "user" } })
local on = {}
function on.login(session)
  session:connected()
  texts:add(1, { user = session.user })
end
return on
`)
	if _, err := s.Spectrum.Login("alice@localhost", "alice", "secret", nil); err != nil {
		t.Fatal(err)
	}
	s.Scheduler().Do(func() {}) // on.login has ended
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"exporter", s.cfg, "--listen", "127.0.0.1:0"}, in, in) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	address := regexp.MustCompile(`http://\S+`).FindString(line)
	if err != nil || address == "" {
		t.Fatal(line, err)
	}
	go io.Copy(io.Discard, out)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`spectrum2_lua_users{jid="live.localhost"} 1`, `spectrum2_lua_processes{jid="live.localhost"} 1`,
		`spectrum2_lua_logins_total{jid="live.localhost"} 1`, `live_texts_total{jid="live.localhost",user="hidden"} 1`,
		`spectrum2_lua_messages_total{direction="received",jid="live.localhost",type="login"} 1`,
		`spectrum2_lua_messages_total{direction="sent",jid="live.localhost",type="connected"} 1`,
		`spectrum2_lua_script_loads_total{jid="live.localhost",result="success"} 1`,
	} {
		if !strings.Contains(string(text), "\n"+want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, text)
		}
	}
	own := `{jid="live.localhost",pid="` + fmt.Sprint(os.Getpid()) + `"}`
	for _, want := range []string{
		`spectrum2_lua_peer_connected` + own + ` 1`, `spectrum2_lua_script_generation` + own + ` 1`, `spectrum2_lua_script_loaded` + own + ` 1`,
		`spectrum2_lua_peer_queue_bytes{jid="live.localhost"} 0`, `spectrum2_lua_log_lines_total{jid="live.localhost",level="warn"} 0`,
	} {
		if !strings.Contains(string(text), "\n"+want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "alice") {
		t.Error("the metrics name a user")
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.expect(2, ".*--listen has to be a port or host:port.*", "exporter", s.cfg, "--listen", "x")
}

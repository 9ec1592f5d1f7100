package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
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
	s.logIn()
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
	s.expect(2, "spectrum2-lua: --listen x: a port, or host:port such as .* expected\n.*", "exporter", s.cfg, "--listen", "x")
	s.expect(2, "spectrum2-lua: --every 1ms: at least 1s expected\n.*", "exporter", s.cfg, "--every", "1ms")
	s.expect(2, "spectrum2-lua: --every x: a time such as .* expected\n.*", "exporter", s.cfg, "--every", "x")
}

func TestExporterNamesAFolderWithoutTransports(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it ends as soon as it serves
	folder := t.TempDir()
	var out, notes bytes.Buffer
	if code := run(ctx, []string{"exporter", folder, "--listen", "127.0.0.1:0"}, &out, &notes); code != 0 || !strings.HasPrefix(notes.String(), folder+" has no file *.cfg with [lua] script yet") {
		t.Errorf("exit code %d, output %q, notes %q", code, out.String(), notes.String())
	}
}

func TestExporterSaysWhatToDoIfItsPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out, problems bytes.Buffer
	if code := run(t.Context(), []string{"exporter", t.TempDir(), "--listen", l.Addr().String()}, &out, &problems); code != 1 ||
		!strings.HasSuffix(problems.String(), "address already in use; name another port with --listen\n") {
		t.Errorf("exit code %d, output %q, problems %q", code, out.String(), problems.String())
	}
}

package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// TestDashboardServesThePageOfARunningProcess opens the address that the command prints.
func TestDashboardServesThePageOfARunningProcess(t *testing.T) {
	s := openLive(t, liveScript)
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"dashboard", s.cfg}, in, io.Discard)
		_ = in.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "The dashboard is at ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(page), "live.localhost") || !strings.Contains(string(page), "live.lua") {
		t.Errorf("%d, %v:\n%s", res.StatusCode, err, page)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestDashboardRefusesToServeOtherMachines(t *testing.T) {
	s := openLive(t, liveScript)
	s.expect(2, `.*--listen 0\.0\.0\.0:0: the page has no encryption, .*--public.*`, "dashboard", s.cfg, "--listen", "0.0.0.0:0")
	s.expect(2, `spectrum2-lua: --listen 127\.0\.0\.1: a port, or host:port such as .* expected\n.*`, "dashboard", s.cfg, "--listen", "127.0.0.1")
	s.expect(2, `spectrum2-lua: --public gw\.example\.net:8443: a host name, or the address of a proxy such as .* expected\n.*`,
		"dashboard", s.cfg, "--public", "gw.example.net:8443")
	s.expect(1, `spectrum2-lua: missing\.cfg: the file does not exist .*`, "dashboard", s.cfg, "missing.cfg")
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	s.expect(1, "spectrum2-lua: --listen "+port+": bind: address already in use\n", "dashboard", s.cfg, "--listen", port)
	s.expect(2, ".*name the config file.*", "dashboard")
}

package http_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	luahttp "spectrumlua/luabind/modules/http"
)

// expectStatus sends bytes on a connection of their own, and reads the answer meanwhile.
// Status 0 is a connection that ends without an answer.
func expectStatus(t *testing.T, address, sent string, status int) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, sent) // it fails when the server has hung up
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if status == 0 && err == nil || status != 0 && (err != nil || response.StatusCode != status) {
		t.Errorf("the answer is %v, %v, want %d", response, err, status)
	}
}

// The clients send at full speed, so that the server reads the header that it refuses
// before its timeout.
func TestServeRefusesHeaders(t *testing.T) {
	_, address := started(t, `
local server = assert(http.serve("0", function() return "ok" end))`+listening)
	for name, c := range map[string]struct {
		sent   string
		status int
	}{
		"no HTTP":              {"\x16\x03\x01 what\r\n\r\n", 400},
		"a header without end": {"GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 50000), 431},
	} {
		t.Run(name, func(t *testing.T) { expectStatus(t, address, c.sent, c.status) })
	}
}

// The clients stall at each step of a request.
func TestServeSlowClients(t *testing.T) {
	const short = 50 * time.Millisecond
	t.Cleanup(luahttp.SetPatience(short, short, short))
	st, address := started(t, `
local server = assert(http.serve("0", function(r)
  spectrum.send("query", { config = "asked" })
  if r.path == "/wait" then spectrum.sleep(0.2) end -- longer than a client may
  return r.path == "/big" and ("x"):rep(30000000) or "ok"
end))`+listening)
	cases := []struct {
		name, sent string
		status     int // 0: hung up without an answer
	}{
		{"silence", "", 0},
		{"half a header", "GET / HTTP/1.1\r\nHost: x\r\nX-", 400},
		{"half a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", 408},
		{"half a chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", 408},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			expectStatus(t, address, c.sent, c.status)
		})
	}
	t.Run("a function that waits for longer", func(t *testing.T) {
		if status, text, _ := ask(t, "POST", "http://"+address+"/wait", "body"); status != 200 || text != "ok" {
			t.Errorf("the answer is %d %q", status, text)
		}
		st.ExpectQuery("asked")
	})
	t.Run("an answer that is not taken", func(t *testing.T) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
		st.ExpectQuery("asked")
		for err == nil { // without a read, until the server hangs up
			_, err = conn.Write(make([]byte, 64<<10))
		}
	})
}

package linger_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"spectrumlua/runtime/linger"
)

// send sends a request, and only then reads the answer.
func send(server *httptest.Server, head string, body string) (status int, err error) {
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err = io.WriteString(conn, head+body); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func TestClientsThatReadLateGetTheAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		linger.Error(w, r, http.StatusRequestEntityTooLarge, 10<<20)
	}))
	defer server.Close()
	body := strings.Repeat("x", 8<<20)
	for name, c := range map[string]struct{ head, body string }{
		"HTTP/1.0":        {fmt.Sprintf("PUT / HTTP/1.0\r\nContent-Length: %d\r\n\r\n", len(body)), body},
		"HTTP/1.1":        {fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(body)), body},
		"closed after it": {fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", len(body)), body},
		"in chunks":       {"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)},
		"expecting":       {fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)), ""},
		"without a body":  {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if status, err := send(server, c.head, c.body); status != http.StatusRequestEntityTooLarge {
				t.Errorf("%d, %v", status, err)
			}
		})
	}
}

func TestTheRestIsBounded(t *testing.T) {
	left := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		linger.Error(w, r, http.StatusConflict, 1000)
		rest, _ := io.ReadAll(r.Body)
		left <- len(rest)
	}))
	defer server.Close()
	body := strings.Repeat("x", 1500)
	if status, err := send(server, "PUT / HTTP/1.0\r\nContent-Length: 1500\r\n\r\n", body); status != http.StatusConflict {
		t.Errorf("%d, %v", status, err)
	}
	if n := <-left; n != 500 {
		t.Errorf("%d bytes are left", n)
	}
}

package http_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// started is a stage whose script has told the address of its server.
func started(t testing.TB, script string, configLines ...string) (st *luatest.Fixture, address string) {
	t.Helper()
	st = luatest.Start(t, head("")+script, configLines...)
	return st, st.Query()
}

// ask makes a request without keeping the connection.
func ask(t *testing.T, method, url, body string) (status int, text string, header http.Header) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data), response.Header
}

const listening = `
spectrum.send("query", { config = server.address })
return {}`

func TestServe(t *testing.T) {
	_, address := started(t, `
local answers = {
  ["/nothing"] = function() end,
  ["/nil"] = function() return nil end,
  ["/text"] = function() return "hello" end,
  ["/status"] = function() return 404 end,
  ["/status and text"] = function() return 404, "not here" end,
  ["/all"] = function() return 201, { ["Content-Type"] = "text/x", ["X-Two"] = { "a", "b" }, n = 1 }, "made" end,
  ["/wait"] = function() spectrum.sleep(0.01) return "waited" end,
  ["/request"] = function(r)
    return table.concat({ r.method, r.path, r.raw_query, r.query.a, r.query.b, tostring(r.query.c), r.headers["X-THING"], r.headers.host, r.body, r.peer }, "|")
  end,
  ["/raise"] = function() error("boom") end,
  ["/raise table"] = function() error({}) end,
  ["/bad status"] = function() return 99 end,
  ["/bad status 2"] = function() return nil, "message" end,
  ["/bad status 3"] = function() return {} end,
  ["/bad header"] = function() return 200, { X = "a\r\nb: c" }, "x" end,
  ["/bad header 2"] = function() return 200, 5 end,
  ["/bad length"] = function() return 200, { ["Content-Length"] = 7 }, "x" end,
  ["/bad body"] = function() return 200, {}, {} end,
}
local server = assert(http.serve("0", function(r) return answers[r.path](r) end))
assert(server.address:find("^127%.0%.0%.1:%d+$"))`+listening)
	url := "http://" + address
	cases := []struct {
		path, want string
		status     int
	}{
		{"/nothing", "", 204}, {"/nil", "", 204}, {"/text", "hello", 200}, {"/status", "", 404}, {"/status%20and%20text", "not here", 404},
		{"/all", "made", 201}, {"/wait", "waited", 200},
		{"/raise", "Internal Server Error\n", 500}, {"/raise%20table", "Internal Server Error\n", 500}, {"/bad%20status", "Internal Server Error\n", 500},
		{"/bad%20status%202", "Internal Server Error\n", 500}, {"/bad%20status%203", "Internal Server Error\n", 500},
		{"/bad%20header", "Internal Server Error\n", 500}, {"/bad%20header%202", "Internal Server Error\n", 500},
		{"/bad%20length", "Internal Server Error\n", 500}, {"/bad%20body", "Internal Server Error\n", 500},
	}
	for _, c := range cases {
		t.Run(c.path, func(t *testing.T) {
			status, text, header := ask(t, "GET", url+c.path, "")
			if status != c.status || text != c.want {
				t.Errorf("the answer is %d %q, want %d %q", status, text, c.status, c.want)
			}
			if header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("the headers are %v", header)
			}
		})
	}
	t.Run("headers", func(t *testing.T) {
		_, _, header := ask(t, "POST", url+"/all", "")
		if header.Get("Content-Type") != "text/x" || len(header["X-Two"]) != 2 || header.Get("N") != "1" {
			t.Errorf("the headers are %v", header)
		}
		_, _, header = ask(t, "GET", url+"/text", "")
		if header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("the headers are %v", header)
		}
	})
	t.Run("request", func(t *testing.T) {
		request, _ := http.NewRequest("PUT", url+"/request?a=1&b=x%20y&a=2", strings.NewReader("the body\x00"))
		request.Header["X-Thing"] = []string{"v", "w"}
		request.Host = "hook.example"
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		defer response.Body.Close()
		got, _ := io.ReadAll(response.Body)
		want := "PUT|/request|a=1&b=x%20y&a=2|1|x y|nil|v, w|hook.example|the body\x00|127.0.0.1:"
		if !strings.HasPrefix(string(got), want) {
			t.Errorf("the script got %q, want %q", got, want)
		}
	})
	t.Run("head", func(t *testing.T) {
		status, text, header := ask(t, "HEAD", url+"/text", "")
		if status != 200 || text != "" || header.Get("Content-Type") == "" {
			t.Errorf("the answer is %d %q %v", status, text, header)
		}
	})
}

func TestServeLogsErrors(t *testing.T) {
	st, address := started(t, `
local server = assert(http.serve("0", function(r)
  if r.path == "/raise" then error("boom") end
  return 1
end))`+listening)
	ask(t, "GET", "http://"+address+"/raise", "")
	st.ExpectLog("error in the function of the server on "+address, "script.lua:6: boom", "stack traceback")
	ask(t, "GET", "http://"+address+"/", "")
	st.ExpectLog("error in the function of the server on "+address, "it returned an invalid answer: status: integer from 200 to 599 expected, got number 1")
}

// TestServeAtOnce answers several requests that wait for each other.
func TestServeAtOnce(t *testing.T) {
	_, address := started(t, `
local gate = spectrum.channel()
local server = assert(http.serve("0", function(r)
  if r.path == "/a" then return gate:receive() end
  gate:send("opened")
  return "sent"
end))`+listening)
	var both sync.WaitGroup
	both.Go(func() {
		if _, text, _ := ask(t, "GET", "http://"+address+"/a", ""); text != "opened" {
			t.Errorf("the answer is %q", text)
		}
	})
	ask(t, "GET", "http://"+address+"/b", "")
	both.Wait()
}

func TestServeLimits(t *testing.T) {
	st, address := started(t, `
local gate = spectrum.channel(10)
local on = {}
function on.conv_message() gate:send("open") end
local server = assert(http.serve("0", function(r)
  spectrum.send("query", { config = "asked " .. r.path })
  if r.path == "/forever" then spectrum.sleep(1000) end
  if r.path == "/swallow" then while true do pcall(spectrum.sleep, 1000) end end
  if r.path == "/gate" then gate:receive() end
  return 200
end, { max_body = 10, max_requests = 1, timeout = 0.3 }))
spectrum.send("query", { config = server.address })
return on`)
	st.Login("alice@localhost")
	url := "http://" + address
	t.Run("body", func(t *testing.T) {
		if status, _, _ := ask(t, "POST", url, strings.Repeat("x", 11)); status != 413 {
			t.Errorf("the status is %d", status)
		}
	})
	t.Run("body of a client that reads late", func(t *testing.T) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const size = 8 << 20
		if _, err := fmt.Fprintf(conn, "POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size)); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != 413 {
			t.Errorf("the answer is %v, %v", response, err)
		}
	})
	t.Run("header", func(t *testing.T) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 100<<10))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != 431 {
			t.Errorf("the answer is %v, %v", response, err)
		}
	})
	for _, path := range []string{"/forever", "/swallow"} {
		t.Run(path, func(t *testing.T) {
			if status, _, _ := ask(t, "GET", url+path, ""); status != 503 {
				t.Errorf("the status is %d", status)
			}
			st.ExpectQuery("asked " + path)
			st.ExpectLog("warning", "an answer took longer than 300ms (timeout)")
		})
	}
}

// The function that answers a request makes another request to the same server, which
// exceeds max_requests.
func TestServeMaxRequests(t *testing.T) {
	_, address := started(t, `
local server
server = assert(http.serve("0", function(r)
  if r.path == "/inner" then return "at the same time" end
  local answer, err = http.get("http://" .. server.address .. "/inner", { timeout = 0.1 })
  return err or answer.body
end, { max_requests = 1 }))`+listening)
	for range 2 {
		if _, text, _ := ask(t, "GET", "http://"+address, ""); !strings.Contains(text, "timeout") {
			t.Errorf("the answer is %q", text)
		}
	}
}

func TestServeClientGone(t *testing.T) {
	st, address := started(t, `
local server = assert(http.serve("0", function(r)
  spectrum.send("query", { config = "asked" })
  local ok, err = pcall(spectrum.sleep, 1000)
  spectrum.send("query", { config = "never" })
end))`+listening)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
	st.ExpectQuery("asked")
	conn.Close()
	st.ExpectLog("debug", "the function of the server on "+address+" ended: the client has disconnected")
}

// One server belongs to a user, the other to the process.
func TestServersEndWithTheirOwner(t *testing.T) {
	st := luatest.Start(t, head("")+`
local on = {}
local function answer() spectrum.send("query", { config = "asked" }); spectrum.sleep(1000) end
function on.login(session)
  local own = assert(http.serve("0", answer))
  local shared = assert(http.serve("0", function() return "still here" end, { owner = spectrum }))
  session:conv_message { buddy_name = "b", message = own.address .. " " .. shared.address }
end
return on`)
	st.Login("alice@localhost")
	var m pb.ConversationMessage
	st.Expect("conv_message", &m)
	own, shared, _ := strings.Cut(m.GetMessage(), " ")
	var asked sync.WaitGroup
	asked.Go(func() {
		if status, _, _ := ask(t, "GET", "http://"+own, ""); status != 503 {
			t.Errorf("the status is %d", status)
		}
	})
	st.ExpectQuery("asked")
	st.Logout("alice@localhost")
	asked.Wait()
	waitClosed(t, own)
	if _, text, _ := ask(t, "GET", "http://"+shared, ""); text != "still here" {
		t.Errorf("the process's server answers %q", text)
	}
	st.Close()
	waitClosed(t, shared)
}

// waitClosed waits until nobody listens on the address.
func waitClosed(t *testing.T, address string) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Errorf("somebody listens on %s still", address)
}

func TestServeAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	socket := filepath.Join(t.TempDir(), "socket")
	run(t, "", fmt.Sprintf(`
local taken, socket = %q, %q
local server, err = http.serve(taken, print)
assert(server == nil and err == "cannot listen on " .. taken .. ": the address is in use, by another program or by another backend process of this transport: "
  .. "raise [service] users_per_backend so that one process serves all users, or let each process take a port of its own, as with port 0", err)
server, err = http.serve((taken:gsub(".*:", ":")), print)
assert(server == nil)
has(err, "the address is in use")
server, err = http.serve("192.0.2.1:0", print)
assert(server == nil)
has(err, "cannot listen on 192.0.2.1:0: ")
for _, address in ipairs { "0", ":0", "localhost:0" } do
  has(assert(http.serve(address, print)).address, "127.0.0.1:")
end
assert(assert(http.serve("unix:" .. socket, print)).address == "unix:" .. socket)
server = assert(http.serve("0", function() return "one" end))
local address = server.address
assert(assert(http.get("http://" .. address)).body == "one")
server:close()
server:close()
local r = http.get("http://" .. address) -- a connection that was kept may live a little longer
assert(not r or r.status == 503)
server = assert(http.serve(address, function() return "two" end))
assert(assert(http.get("http://" .. address)).body == "two")`, taken.Addr(), socket))
}

func TestServeTLS(t *testing.T) {
	ca := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer ca.Close()
	file := certificateFile(t, ca)
	key := keyFile(t, ca.TLS.Certificates[0])
	st, address := started(t, fmt.Sprintf(`
local server, err = http.serve("0", print, { cert = "nowhere.pem" })
assert(server == nil)
has(err, "TLS: cert: open ")
local ok
ok, err = pcall(http.serve, "0", print, { ca = "ca.pem" }) -- which would seem to check clients
assert(not ok)
has(err, "serve has no option \"ca\"")
server = assert(http.serve("0", function(r) return "secure" end, { cert = %q, key = %q }))
require("spectrum").spawn(function() print(assert(http.get("https://" .. server.address, { ca = %q })).body, "and fine") end)`, file, key, file)+listening)
	st.ExpectLog("secure", "and fine")
	conn, err := tls.Dial("tcp", address, &tls.Config{}) // does not trust it
	if err == nil {
		conn.Close()
		t.Error("the certificate was accepted")
	}
	st.ExpectLog("debug the server on "+address, "TLS handshake error")

	// A connection of HTTP/2 would be as good as hundreds.
	conn, err = tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if chosen := conn.ConnectionState().NegotiatedProtocol; chosen != "http/1.1" {
		t.Errorf("the server chooses %q", chosen)
	}
}

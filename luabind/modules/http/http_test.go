package http_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		err := goleak.Find()
		for range 5 { // net/http keeps a connection that it has refused for half a second
			if err == nil {
				break
			}
			err = goleak.Find()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// show answers with the parts of the request, each on its own line.
func show(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var lines []string
	for name, values := range r.Header {
		lines = append(lines, strings.ToLower(name)+": "+strings.Join(values, " | "))
	}
	slices.Sort(lines)
	fmt.Fprintf(w, "%s %s\nhost: %s\n%s\n\n%s", r.Method, r.RequestURI, r.Host, strings.Join(lines, "\n"), body)
}

// peer is a server of the test, without waiting for connections to end.
func peer(t testing.TB, handler http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// run runs a script that has url and the modules.
func run(t *testing.T, url, script string, configLines ...string) *luatest.Fixture {
	t.Helper()
	return luatest.Run(t, head(url)+script, configLines...)
}

func head(url string) string {
	return fmt.Sprintf(`local spectrum, http = require "spectrum", require "spectrum.http"; local url = %q
local function has(text, part) assert(tostring(text):find(part, 1, true), part .. " is not in " .. tostring(text)) end
local function hasnot(text, part) assert(not tostring(text):find(part, 1, true), part .. " is in " .. tostring(text)) end
`, url)
}

func TestRequests(t *testing.T) {
	url := peer(t, show)
	cases := []struct{ name, script string }{
		{"get", `
local r = assert(http.get(url .. "/a%20b?c=d#e"))
assert(r.status == 200 and r.reason == "OK" and r.url == url .. "/a%20b?c=d", r.url)
has(r.body, "GET /a%20b?c=d\n")
has(r.body, "user-agent: spectrum2-lua/")
has(r.body, "accept-encoding: gzip\n")`},
		{"post", `
local r = assert(http.post(url, "hello\0", { headers = { ["Content-Type"] = "text/plain", X = 1, y = { "a", "b" } } }))
has(r.body, "POST /\n")
has(r.body, "content-type: text/plain\n")
has(r.body, "content-length: 6\n")
has(r.body, "x: 1\n")
has(r.body, "y: a | b\n")
assert(r.body:sub(-8) == "\n\nhello\0")
has(assert(http.post(url, "")).body, "content-length: 0\n")
has(assert(http.post(url)).body, "POST /\n")`},
		{"request", `
has(assert(http.request { url = url }).body, "GET /\n")
has(assert(http.request { url = url, body = 5 }).body, "POST /\n")
has(assert(http.request { url = url, method = "patch", body = "x" }).body, "PATCH /\n")
has(assert(http.request { url = url, method = "DELETE" }).body, "DELETE /\n")
local r = assert(http.request { url = url, method = "HEAD" })
assert(r.body == "" and tonumber(r.headers["content-length"]) > 10)`},
		{"headers of our own", `
local r = assert(http.get(url, { headers = { Host = "other.example", ["user-agent"] = "me", ["accept-encoding"] = "identity" } }))
has(r.body, "host: other.example\n")
has(r.body, "user-agent: me\n")
has(r.body, "accept-encoding: identity\n")`},
		{"query", `
has(assert(http.get(url, { query = { b = "x y&=", a = { 1, true } } })).body, "GET /?a=1&a=true&b=x+y%26%3D\n")
has(assert(http.get(url .. "/?z=1", { query = { b = "ä" } })).body, "GET /?z=1&b=%C3%A4\n")`},
		{"form", `
local r = assert(http.post(url, nil, { form = { user = "alice", password = "a&b c", n = { "1", "2" } } }))
has(r.body, "content-type: application/x-www-form-urlencoded\n")
assert(r.body:sub(-46) == "\n\nn=1&n=2&password=a%26b+c&user=alice" or r.body:find("\n\nn=1&n=2&password=a%26b+c&user=alice", 1, true), r.body)`},
		{"multipart", `
local r = assert(http.post(url, nil, { multipart = {
  { name = "file", data = "\1\2", filename = 'a"b\r\n.bin' }, { name = "note", data = "n", type = "text/plain" }, z = "last", a = 1,
} }))
local boundary = r.body:match("content%-type: multipart/form%-data; boundary=(%w+)")
assert(boundary, r.body)
local body = r.body:match("\n\n(.*)")
assert(body == table.concat {
  "--", boundary, '\r\nContent-Disposition: form-data; name="file"; filename="a%22b%0D%0A.bin"\r\nContent-Type: application/octet-stream\r\n\r\n\1\2\r\n',
  "--", boundary, '\r\nContent-Disposition: form-data; name="note"\r\nContent-Type: text/plain\r\n\r\nn\r\n',
  "--", boundary, '\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
  "--", boundary, '\r\nContent-Disposition: form-data; name="z"\r\n\r\nlast\r\n',
  "--", boundary, "--\r\n" }, body)`},
		{"json", `
package.preload["spectrum.json"] = function() return { encode = function(v) assert(v.a == 1); return '{"a":1}' end } end
local r = assert(http.post(url, nil, { json = { a = 1 } }))
has(r.body, "content-type: application/json\n")
has(r.body, '\n\n{"a":1}')
has(assert(http.post(url, nil, { json = { a = 1 }, headers = { ["content-type"] = "application/ld+json" } })).body, "content-type: application/ld+json\n")
package.preload["spectrum.json"] = nil
local ok, err = pcall(http.post, url, nil, { json = { a = 1 } })
assert(not ok)
has(err, "json: the module spectrum.json is not available")`},
		{"auth", `
has(assert(http.get(url, { auth = { user = "alice", password = "s3cret" } })).body, "authorization: Basic YWxpY2U6czNjcmV0\n")
has(assert(http.get(url, { auth = { bearer = "t0ken" } })).body, "authorization: Bearer t0ken\n")
local r = assert(http.get((url:gsub("//", "//alice:s3cret@"))))
has(r.body, "authorization: Basic YWxpY2U6czNjcmV0\n")
assert(r.url == url, r.url)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { run(t, url, c.script) })
	}
}

func TestResponses(t *testing.T) {
	url := peer(t, func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		switch r.URL.Path {
		case "/headers":
			header["X-Twice"] = []string{"a", "b"}
			header["Set-Cookie"] = []string{"a=1; Path=/", "b=2"}
			header.Set("content-TYPE", "text/x")
			w.WriteHeader(418)
		case "/empty":
			w.WriteHeader(204)
		case "/gzip":
			header.Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, strings.Repeat("hello ", 1000))
			z.Close()
		case "/bomb":
			header.Set("Content-Encoding", "gzip")
			w.Write(bomb)
		case "/known":
			header.Set("Content-Length", "1000001")
			w.Write(make([]byte, 1000001))
		case "/unknown":
			for range 1001 {
				w.Write(make([]byte, 1000))
			}
		case "/short":
			header.Set("Content-Length", "10")
			io.WriteString(w, "abc")
		}
	})
	cases := []struct{ name, script string }{
		{"headers", `
local r = assert(http.get(url .. "/headers"))
assert(r.status == 418 and r.reason == "I'm a teapot" and r.body == "")
assert(r.headers["Content-Type"] == "text/x" and r.headers["CONTENT-type"] == "text/x" and rawget(r.headers, "content-type") == "text/x")
assert(r.headers["x-twice"] == "a, b" and r.headers["X-None"] == nil and r.headers[1] == nil)
assert(#r.headers["Set-Cookie"] == 2 and r.headers["set-cookie"][2] == "b=2")
local names = {}
for name in pairs(r.headers) do names[#names + 1] = name end
table.sort(names)
assert(table.concat(names, " ") == "content-length content-type date set-cookie x-twice", table.concat(names, " "))`},
		{"no body", `
local r = assert(http.get(url .. "/empty"))
assert(r.status == 204 and r.body == "")`},
		{"gzip", `
local r = assert(http.get(url .. "/gzip"))
assert(r.body == ("hello "):rep(1000) and r.headers["content-encoding"] == nil)
r = assert(http.get(url .. "/gzip", { headers = { ["Accept-Encoding"] = "gzip" } }))
assert(r.headers["content-encoding"] == "gzip" and #r.body < 1000)`},
		{"a body that grows beyond all bounds", `
local r, err = http.get(url .. "/bomb")
assert(r == nil and err == "GET " .. url .. ": the body has more than 16777216 bytes (max_size)", err)`},
		{"a body that is too long, as its header says", `
local r, err = http.get(url .. "/known", { max_size = 1000000 })
assert(r == nil and err == "GET " .. url .. ": the body has more than 1000000 bytes (max_size)", err)
assert(#assert(http.get(url .. "/known", { max_size = 1000001 })).body == 1000001)`},
		{"a body that is too long, as it turns out", `
local r, err = http.get(url .. "/unknown", { max_size = 1000000 })
assert(r == nil and err == "GET " .. url .. ": the body has more than 1000000 bytes (max_size)", err)
assert(#assert(http.get(url .. "/unknown", { max_size = 1001000 })).body == 1001000)`},
		{"a body that is cut off", `
local r, err = http.get(url .. "/short")
assert(r == nil and err == "GET " .. url .. ": the answer ended too early", err)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { run(t, url, c.script) })
	}
}

// bomb is 20 MB of zeros, compressed.
var bomb = func() []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	z.Write(make([]byte, 20_000_000))
	z.Close()
	return buf.Bytes()
}()

func TestRedirects(t *testing.T) {
	elsewhere := peer(t, show)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusFound)
	}))
	defer secure.Close()
	url := peer(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/loop": "/loop", "/here": "/show", "/there": elsewhere + "/show", "/bad": "http://[s3cret", "/ftp": "ftp://s3cret@h/s3cret",
			"/see": "/show", "/keep": "/show", "/refused": "http://127.0.0.1:1/s3cret?s3cret",
		}[r.URL.Path]
		switch r.URL.Path {
		case "/show":
			show(w, r)
		case "/see":
			w.Header().Set("Location", to)
			w.WriteHeader(303)
		case "/keep":
			w.Header().Set("Location", to)
			w.WriteHeader(307)
		default:
			w.Header().Set("Location", to)
			w.WriteHeader(302)
		}
	})
	cases := []struct{ name, script string }{
		{"followed", `
local r = assert(http.get(url .. "/here", { headers = { ["X-Token"] = "s3cret" }, auth = { bearer = "s3cret" } }))
assert(r.status == 200 and r.url == url .. "/show")
has(r.body, "authorization: Bearer s3cret\n")
has(r.body, "x-token: s3cret\n")
hasnot(r.body, "referer")`},
		{"not followed", `
for _, n in ipairs { 0, false } do
  local r = assert(http.get(url .. "/here", { redirects = n }))
  assert(r.status == 302 and r.headers.location == "/show" and r.url == url .. "/here")
end`},
		{"without end", `
local r, err = http.get(url .. "/loop")
assert(r == nil and err == "GET " .. url .. ": there are more than 10 redirects", err)
r, err = http.get(url .. "/loop", { redirects = 2 })
has(err, "there are more than 2 redirects")`},
		{"to another origin, without secrets", `
local r = assert(http.get(url .. "/there?token=s3cret", {
  headers = { ["X-Token"] = "s3cret", Cookie = "s3cret", Accept = "text/x" }, auth = { user = "u", password = "s3cret" } }))
assert(r.url == "` + elsewhere + `/show")
has(r.body, "accept: text/x\n")
hasnot(r.body, "s3cret")
hasnot(r.body, "authorization")
hasnot(r.body, "referer")
r = assert(http.get((url:gsub("//", "//u:s3cret@")) .. "/there"))
hasnot(r.body, "authorization")`},
		{"from https to http", `
local r, err = http.get("` + secure.URL + `", { insecure = true })
assert(r == nil, r)
has(err, "the answer redirects from https to http, which is not followed")`},
		{"of a post", `
has(assert(http.post(url .. "/see", "body")).body, "GET /show\n")
local r = assert(http.post(url .. "/keep", "body"))
has(r.body, "POST /show\n")
has(r.body, "\n\nbody")`},
		{"to nonsense", `
local r, err = http.get(url .. "/bad")
assert(r == nil and err == "GET " .. url .. ": the answer redirects to an invalid URL", err)
r, err = http.get(url .. "/ftp")
assert(r == nil, r)
has(err, "the answer redirects to a URL that is neither http nor https")
hasnot(err, "s3cret")
r, err = http.get(url .. "/refused")
assert(r == nil and err == "GET http://127.0.0.1:1: connection refused", err)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { run(t, url, c.script) })
	}
}

// raw is a server that writes what it likes, when a request has begun to come.
func raw(t *testing.T, serve func(conn net.Conn)) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	conns := make(chan net.Conn, 100)
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns <- conn
			go func() {
				conn.Read(make([]byte, 4096))
				serve(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
		close(conns)
		for conn := range conns {
			conn.Close()
		}
	})
	return "http://" + ln.Addr().String()
}

func TestServersThatMisbehave(t *testing.T) {
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			io.WriteString(conn, text)
			io.Copy(io.Discard, conn)
		}
	}
	endless := func(first, piece string) func(net.Conn) {
		return func(conn net.Conn) {
			io.WriteString(conn, first)
			for {
				if _, err := io.WriteString(conn, strings.Repeat(piece, 100)); err != nil {
					return
				}
			}
		}
	}
	cases := []struct {
		name  string
		serve func(net.Conn)
		want  string
	}{
		{"silence", say(""), "timeout"},
		{"half a header", say("HTTP/1.1 200 OK\r\nX: "), "timeout"},
		{"half a body", say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "timeout"},
		{"half a chunk", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"), "timeout"},
		{"nothing", func(conn net.Conn) { conn.Close() }, "the server hung up without an answer"},
		{"a reset", func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0); conn.Close() }, "connection reset by peer"},
		{"garbage", say("220 \x1b[2J\x07 mail.example ESMTP\r\n"), `malformed HTTP`},
		{"a line without end", endless("HTTP/1.1 200 ", "x"), "exceeded"},
		{"headers without end", endless("HTTP/1.1 200 OK\r\n", "X-More: yes\r\n"), "exceeded"},
		{"answers of 1xx without end", endless("", "HTTP/1.1 103 Early Hints\r\n\r\n"), "exceeded"},
		{"a chunk that is none", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "invalid byte in chunk length"},
		{"a body without end", endless("HTTP/1.1 200 OK\r\n\r\n", "x"), "the body has more than 100000 bytes (max_size)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			run(t, raw(t, c.serve), fmt.Sprintf(`
local r, err = http.get(url .. "/s3cret", { timeout = %s, max_size = 100000 })
assert(r == nil, r)
has(err, "GET " .. url .. ": ")
has(err, %q)
hasnot(err, "s3cret")
assert(#err < 400 and not err:find("%%c"), err)`, map[bool]string{true: "0.03", false: "5"}[c.want == "timeout"], c.want))
		})
	}
}

func TestMaxStringLimitsABodyBelowMaxSize(t *testing.T) {
	url := peer(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20+1)) })
	luatest.Run(t, fmt.Sprintf(`
local r, err = require("spectrum.http").get(%q, { max_size = 1e9 })
assert(r == nil and err:find("the body has more than 1048576 bytes", 1, true), err)`, url), "max_string=1M")
}

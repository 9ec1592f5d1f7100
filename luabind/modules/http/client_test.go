package http_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// certificateFile writes what a test server shows.
func certificateFile(t *testing.T, server *httptest.Server) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "ca.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTLS(t *testing.T) {
	quiet := func(s *httptest.Server) { s.Config.ErrorLog = discard }
	one := httptest.NewUnstartedServer(http.HandlerFunc(show))
	quiet(one)
	one.StartTLS()
	defer one.Close()
	two := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	two.EnableHTTP2 = true
	quiet(two)
	two.StartTLS()
	defer two.Close()
	plain := peer(t, show)
	silent := raw(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	cases := []struct{ name, url, script string }{
		{"verified", one.URL, `assert(assert(http.get(url, { ca = CA })).status == 200)`},
		{"HTTP/2", two.URL, `
for i = 1, 3 do assert(assert(http.get(url, { ca = CA })).body == "HTTP/2.0") end
assert(assert(http.get(url, { ca = CA })).reason == "OK")`},
		{"unknown authority", one.URL, `
local r, err = http.get(url)
assert(r == nil, r)
has(err, "GET " .. url .. ": TLS: the certificate comes from an unknown authority; name its CA with the option ca")`},
		{"wrong name", one.URL, `
local r, err = http.get(url, { ca = CA, server_name = "mail.invalid" })
assert(r == nil, r)
has(err, "TLS: the certificate is for another name")`},
		{"by another name", one.URL, `assert(http.get(url, { ca = CA, server_name = "example.com" }))`},
		{"insecure", one.URL, `assert(http.get(url, { insecure = true }))`},
		{"insecure once is not insecure for ever", one.URL, `
assert(http.get(url, { insecure = true }))
assert(not http.get(url))
assert(http.get(url, { ca = CA }))
assert(not http.get(url))`},
		{"a peer without it", "https" + strings.TrimPrefix(plain, "http"), `
local r, err = http.get(url)
assert(r == nil, r)
has(err, "server gave HTTP response to HTTPS client")`},
		{"a stall", "https" + strings.TrimPrefix(silent, "http"), `
local r, err = http.get(url, { timeout = 0.03 })
assert(r == nil and err == "GET " .. url .. ": timeout", err)`},
		{"a file that is not there", one.URL, `
local r, err = http.get(url, { ca = "nowhere.pem" })
assert(r == nil, r)
has(err, "TLS: ca: open ")`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			run(t, c.url, fmt.Sprintf("local CA = %q\n", certificateFile(t, one))+c.script)
		})
	}
}

// proxy is an HTTP proxy that knows CONNECT and whole URLs.
func proxy(t *testing.T, want string) (address string) {
	t.Helper()
	target := func(host string) string {
		if to := proxied[host]; to != "" {
			return to
		}
		return host
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Proxy-Authorization") != want:
			w.WriteHeader(http.StatusProxyAuthRequired)
		case r.Method == http.MethodConnect:
			out, err := net.Dial("tcp", target(r.Host))
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			conn, _, _ := http.NewResponseController(w).Hijack()
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			var both sync.WaitGroup
			both.Go(func() { io.Copy(conn, out); conn.Close(); out.Close() })
			both.Go(func() { io.Copy(out, conn); conn.Close(); out.Close() })
			both.Wait()
		default:
			fmt.Fprintf(w, "by proxy: %s", r.URL)
		}
	})
	return strings.TrimPrefix(peer(t, handler), "http://")
}

// proxied is what the proxy knows instead of a name server. Tests here do not
// run at the same time.
var proxied = map[string]string{}

func TestProxies(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(show))
	defer secure.Close()
	ca := certificateFile(t, secure)
	plain := peer(t, show)
	u, _ := url.Parse(secure.URL)
	proxied["example.com:443"] = u.Host
	open, closed := proxy(t, ""), proxy(t, "Basic dTpzM2NyZXQ=")
	host, port, _ := net.SplitHostPort(open)
	section := []string{"[proxy]", "server=" + host, "port=" + port}
	stalled := strings.TrimPrefix(raw(t, func(conn net.Conn) { io.Copy(io.Discard, conn) }), "http://")
	cases := []struct {
		name, script string
		config       []string
	}{
		{"http", `assert(assert(http.get("http://peer.example/a?b", { proxy = "http://` + open + `" })).body == "by proxy: http://peer.example/a?b")`, nil},
		{"https", `assert(assert(http.get("https://example.com/a", { proxy = "http://` + open + `", ca = CA })).status == 200)`, nil},
		{"with a password", `
assert(http.get("http://peer.example/a", { proxy = "http://u:s3cret@` + closed + `" }).status == 200)
assert(http.get("https://example.com/a", { proxy = "http://u:s3cret@` + closed + `", ca = CA }))`, nil},
		{"without the password", `
assert(http.get("http://peer.example/a", { proxy = "http://` + closed + `" }).status == 407)
local r, err = http.get("https://example.com/s3cret", { proxy = "http://u:wrong@` + closed + `", ca = CA })
assert(r == nil and err == "GET https://example.com: proxy ` + closed + `: it answers 407 Proxy Authentication Required", err)`, nil},
		{"refusing", `
for _, scheme in ipairs { "http", "socks5" } do
  local r, err = http.get("https://example.com/s3cret", { proxy = scheme .. "://u:s3cret@127.0.0.1:1" })
  assert(r == nil and err == "GET https://example.com: proxy 127.0.0.1:1: connection refused", err)
end`, nil},
		{"stalling", `
for _, scheme in ipairs { "http", "socks5" } do
  local r, err = http.get("https://example.com/s3cret", { proxy = scheme .. "://u:s3cret@` + stalled + `", timeout = 0.03 })
  assert(r == nil and err == "GET https://example.com: timeout", err)
end`, nil},
		{"of the config file", `assert(assert(http.get("http://peer.example/a")).body == "by proxy: http://peer.example/a")`, section},
		{"not to this machine", `
local r = assert(http.get(url .. "/a"))
has(r.body, "GET /a")
assert(assert(http.get(url .. "/a", { proxy = "http://` + open + `" })).body == "by proxy: " .. url .. "/a")`, section},
		{"not wanted", `
local r, err = http.get("http://nowhere..invalid/s3cret", { proxy = false })
assert(r == nil and err == "GET http://nowhere..invalid: there is no host nowhere..invalid", err)`, section},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			run(t, plain, fmt.Sprintf("local CA = %q\n", ca)+c.script, c.config...)
		})
	}
}

// TestSecretsStayOutOfErrors makes everything fail that has secrets in it.
// TestSandbox names files outside of the script's folder.
func TestSandbox(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.pem")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "https://127.0.0.1:1", fmt.Sprintf(`
local outside = %q
for _, option in ipairs { "ca", "cert", "key" } do
  local r, err = http.get(url, { [option] = outside })
  assert(r == nil)
  has(err, option .. ": " .. outside .. ": it is outside of the script's folder, which [lua] sandbox does not allow")
end
local server, err = http.serve("0", print, { cert = outside })
assert(server == nil)
has(err, "outside of the script's folder")
server, err = http.serve("unix:" .. outside .. ".socket", print)
assert(server == nil)
has(err, "the sandbox does not let scripts use Unix sockets")`, outside), "sandbox=1")
}

// The environment has variables and a file from which other programs read proxies and
// passwords. Requests ignore them.
func TestTheEnvironmentNamesNoProxy(t *testing.T) {
	asked := make(chan string, 10)
	address := luatest.Listen(t, func(conn net.Conn) {
		asked <- conn.RemoteAddr().String()
		conn.Close()
	})
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte("default login u password s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("NETRC", filepath.Join(home, ".netrc"))
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "http://"+address)
		t.Setenv(strings.ToLower(name), "http://"+address)
	}
	run(t, peer(t, show), `
hasnot(assert(http.get(url)).body, "authorization")
for _, scheme in ipairs { "http", "https" } do
  local r, err = http.get(scheme .. "://nowhere..invalid")
  assert(r == nil and err == "GET " .. scheme .. "://nowhere..invalid: there is no host nowhere..invalid", err)
end
local conn, why = require("spectrum.net").connect("nowhere..invalid:1")
assert(conn == nil, conn)
conn, why = require("spectrum.websocket").connect("ws://nowhere..invalid")
assert(conn == nil, conn)`)
	select {
	case who := <-asked:
		t.Errorf("the proxy of the environment is asked (%s)", who)
	default:
	}
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	closed := peer(t, show)
	for i, script := range []string{
		`http.get("http://u:s3cret@127.0.0.1:1/s3cret?s3cret#s3cret", options)`,
		`http.get("https://u:s3cret@127.0.0.1:1/s3cret?s3cret", options)`,
		`http.get("http://u:s3cret@nowhere.invalid/s3cret", options)`,
		`http.get("http://u:s3cret@[::1/s3cret", options)`,
		`http.get("http://u:s3cret@h:port/s3cret", options)`,
		`http.get("s3cret://u:s3cret@h", options)`,
		`http.get("http://", options)`,
		`http.get("%zz s3cret", options)`,
		`http.get("http://h/\1s3cret", options)`,
		`http.get("http://peer.example/s3cret", { proxy = "http://u:s3cret@127.0.0.1:1" })`,
		`http.get("http://peer.example/s3cret", { proxy = "http://u:s3cret@h:port" })`,
		`http.get("http://h/s3cret", { headers = { X = "s3cret\n" } })`,
		`http.get("http://h/s3cret", { headers = { ["s3cre t"] = "s3cret" } })`,
		`http.get("http://h/s3cret", { auth = { bearer = "s3cret\n" } })`,
		`http.get(url:gsub("http:", "https:") .. "/s3cret?s3cret")`,
	} {
		t.Run(strconv.Itoa(i), func(t *testing.T) { // the log has a folder of that name
			st := run(t, closed, `
local options = { headers = { ["X-Token"] = "s3cret" }, auth = { bearer = "s3cret" } }
local ok, r, err = pcall(function() return `+script+` end)
assert(r == nil or not ok, r)
err = tostring(ok and err or r)
assert(#err > 5 and not err:gsub('name "s3cre t"', ""):find("s3cret", 1, true), err)`)
			if log := st.Log.String(); strings.Contains(log, "s3cret") {
				t.Errorf("the log has it: %s", log)
			}
		})
	}
}

// TestConnectionsAreKept counts the connections that requests take.
func TestConnectionsAreKept(t *testing.T) {
	var mu sync.Mutex
	fresh := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(show))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if state == http.StateNew {
			fresh++
		}
	}
	server.Start()
	defer server.Close()
	st := luatest.Start(t, head(server.URL)+`
local on = {}
function on.login(session)
  for i = 1, 5 do assert(http.get(url)) end
  assert(http.get(url, { insecure = true })) -- another pool
  session:conv_message { buddy_name = "b", message = "done" }
end
return on`)
	for _, user := range []string{"alice@localhost", "bob@localhost"} {
		st.Login(user)
		st.ExpectSaid("done")
	}
	mu.Lock()
	defer mu.Unlock()
	if fresh != 2 {
		t.Errorf("%d connections were made, want 2", fresh)
	}
}

// TestManyOptions makes more pools than are kept.
func TestManyOptions(t *testing.T) {
	run(t, peer(t, show), `
for i = 1, 100 do assert(http.get(url, { server_name = "n" .. i % 50 })) end`)
}

func TestCancelledRequests(t *testing.T) {
	gone := make(chan struct{}, 10)
	url := peer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "some")
			http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	for _, path := range []string{"/", "/body"} {
		t.Run(path, func(t *testing.T) {
			st := luatest.Start(t, head(url+path)+`
local on = {}
function on.conv_message(session, m)
  if m.message == "wait" then
    session:conv_message { buddy_name = "b", message = "waiting" }
    session:conv_message { buddy_name = "b", message = tostring(http.get(url)) }
    return
  end
  local task = session:spawn("get", function() return http.get(url) end)
  spectrum.sleep(0.01)
  task:cancel()
  local ok, err = task:join(5)
  session:conv_message { buddy_name = "b", message = tostring(ok) .. " " .. err }
end
return on`, "logout_grace=0.01")
			st.Login("alice@localhost")
			st.Say("alice@localhost", "b", "cancel")
			st.ExpectSaid("nil script.lua:12: the task was cancelled")
			st.Say("alice@localhost", "b", "wait")
			st.ExpectSaid("waiting")
			st.Logout("alice@localhost")
			<-gone
			st.ExpectLog("the user has logged out")
		})
	}
}

func TestMisuse(t *testing.T) {
	for text, call := range map[string]string{
		"request: url is not given":                                                 `http.request {}`,
		"table of options expected (as in { name = value }), got number":            `http.get("http://h", 1)`,
		"get has no option \"timout\"; did you mean \"timeout\"?":                   `http.get("http://h", { timout = 1 })`,
		"a body is a string: to send a table, write post(url, nil, { form = … })":   `http.post("http://h", { a = 1 })`,
		"body: string expected, got true":                                           `http.post("http://h", true)`,
		"only one of body, form, multipart and json can be sent":                    `http.post("http://h", "x", { form = {} })`,
		"headers: a header cannot have the name \"a b\"":                            `http.get("http://h", { headers = { ["a b"] = "x" } })`,
		"headers: a header cannot have the name 1":                                  `http.get("http://h", { headers = { "x" } })`,
		"headers: the value of the header X contains a character":                   `http.get("http://h", { headers = { X = "a\r\nb: c" } })`,
		"headers: header X: string or list of strings expected":                     `http.get("http://h", { headers = { X = { {} } } })`,
		"headers: content-length is set automatically":                              `http.get("http://h", { headers = { ["content-length"] = 5 } })`,
		"\"a b\" is not a valid method":                                             `http.request { url = "http://h", method = "a b" }`,
		"auth: { user = …, password = … } or { bearer = … } expected":               `http.get("http://h", { auth = {} })`,
		"redirects: integer from 0 to 100 or false expected":                        `http.get("http://h", { redirects = -1 })`,
		"query: names are strings, and values are strings or lists":                 `http.get("http://h", { query = { a = {{}} } })`,
		"form: names are strings":                                                   `http.post("http://h", nil, { form = { "x" } })`,
		"multipart: part 1 has no name":                                             `http.post("http://h", nil, { multipart = { {} } })`,
		"multipart: part 1: table expected (as in":                                  `http.post("http://h", nil, { multipart = { 1 } })`,
		"multipart: part 1: data: string expected, got table":                       `http.post("http://h", nil, { multipart = { { name = "x", data = {} } } })`,
		"multipart: part 1: type contains a character that a header cannot contain": `http.post("http://h", nil, { multipart = { { name = "x", type = "a\nb" } } })`,
		"http: proxy: URL or false expected (as in":                                 `http.get("http://h", { proxy = 5 })`,
		"max_size: integer of at least 1 expected":                                  `http.get("http://h", { max_size = 0 })`,
		"string expected, got nil":                                                  `http.get()`,
		"function expected":                                                         ``,
	} {
		if call == "" {
			continue
		}
		t.Run(text, func(t *testing.T) {
			run(t, "", fmt.Sprintf(`
local ok, err = pcall(function() return `+call+` end)
assert(not ok, err)
has(err, %q)
has(err, "script.lua:")`, text))
		})
	}
	t.Run("anything anywhere", func(t *testing.T) {
		run(t, peer(t, show), `
local wrong = { false, 0, -1, 0.5, 0/0, 1/0, 2^53, "", "x", "\0", {}, { 1 }, { {} }, { x = 1 }, { [{}] = 1 }, print, coroutine.create(print) }
local names = { "headers", "query", "form", "multipart", "json", "auth", "timeout", "max_size", "redirects", "stream", "owner", "server_name", "ca", "cert", "key", "insecure", "proxy", "body", "method", "nonsense", 1 }
local function try(fn, ...)
  local task = spectrum.spawn(function(...) return pcall(fn, ...) end, ...)
  local done, ok, err = task:join(0.05)
  task:cancel()
  hasnot(err, "internal error")
end
for i = 1, 17 do
  local value = wrong[i]
  try(http.get, value) try(http.post, value) try(http.request, value) try(http.serve, value, value)
  try(http.get, url, value) try(http.post, url, value, value) try(http.serve, "0", value) try(http.serve, "0", print, value)
  for _, name in ipairs(names) do
    try(http.request, { url = url, [name] = value })
    if name ~= "timeout" then try(http.serve, "0", print, { [name] = value }) end
  end
  try(http.request, { url = value })
end`)
	})
}

// discard is a log of net/http's that nobody reads.
var discard = log.New(io.Discard, "", 0)

// TestStaleConnection sends a request on a connection that the server has
// closed meanwhile.
func TestStaleConnection(t *testing.T) {
	url := raw(t, func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		bufio.NewReader(conn).ReadByte()
		conn.Close()
	})
	run(t, url, `
for i = 1, 3 do assert(assert(http.get(url)).body == "ok") end`)
}

// keyFile writes the key of a certificate.
func keyFile(t *testing.T, cert tls.Certificate) (file string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

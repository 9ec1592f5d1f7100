package websocket_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMessages(t *testing.T) {
	url := peer(t, echo)
	cases := []struct{ name, script string }{
		{"text and binary", `
local ws = assert(websocket.connect(url))
assert(ws:send("grüß dich") and ws:send_binary("\0\255") and ws:send("") and ws:send(5))
local data, kind = ws:receive(5)
assert(data == "grüß dich" and kind == "text")
data, kind = ws:receive()
assert(data == "\0\255" and kind == "binary")
data, kind = ws:receive()
assert(data == "" and kind == "text")
assert(ws:receive() == "5")
assert(ws.peer == url:sub(6) and ws.subprotocol == "")
assert(ws:ping())
ws:close()
data, kind = ws:receive()
assert(data == nil and kind == "the connection is closed", kind)
assert(select(2, ws:send("x")) == "the connection is closed" and select(2, ws:ping()) == "the connection is closed")
ws:close()`},
		{"large", `
local ws = assert(websocket.connect(url))
local text = ("0123456789"):rep(300000)
assert(ws:send(text))
assert(ws:receive(5) == text)`},
		{"a timeout loses nothing", `
local ws = assert(websocket.connect(url))
for _, limit in ipairs { 0, 0.01 } do
  local data, err = ws:receive(limit)
  assert(data == nil and err == "timeout", err)
end
ws:send("late")
assert(ws:receive(5) == "late")`},
		{"many, in order, to a task that is replaced again and again", `
local ws = assert(websocket.connect(url))
local got = spectrum.channel(1000)
local function reader()
  while true do
    local data = ws:receive()
    got:send(data)
  end
end
for i = 1, 50 do
  spectrum.spawn("reader", reader)
  for j = 1, 4 do ws:send(i .. "/" .. j) end
end
for i = 1, 50 do
  for j = 1, 4 do assert(got:receive(5) == i .. "/" .. j) end
end`},
		{"from several tasks", `
local ws = assert(websocket.connect(url))
for i = 1, 5 do
  spectrum.spawn(function() assert(ws:send(i .. (" "):rep(500000))) end)
end
for i = 1, 5 do
  local data = ws:receive(5)
  assert(data == i .. (" "):rep(500000), data and data:sub(1, 10))
end`},
		{"only one receives", `
local ws = assert(websocket.connect(url))
local task = spectrum.spawn(function() return ws:receive() end)
spectrum.sleep(0)
local ok, err = pcall(ws.receive, ws)
assert(not ok)
has(err, "another task receives from this websocket")
ws:send("x")
assert(select(2, task:join(5)) == "x")
task = spectrum.spawn(function() return ws:receive() end)
spectrum.sleep(0)
ws:close()
assert(select(3, task:join(5)) == "the connection is closed")`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { run(t, url, c.script) })
	}
}

func TestHandshake(t *testing.T) {
	told := make(chan *http.Request, 10)
	url := peer(t, func(ctx context.Context, ws *websocket.Conn, r *http.Request) {
		told <- r
		echo(ctx, ws, r)
	})
	run(t, url, `
local ws = assert(websocket.connect(url .. "/path?a=b", {
  headers = { ["X-Token"] = "t", Origin = url:gsub("ws", "http") }, auth = { bearer = "s3cret" }, subprotocols = { "other", "superchat" } }))
assert(ws.subprotocol == "superchat")
assert(websocket.connect((url:gsub("ws:", "http:"))))`)
	r := <-told
	if r.URL.Path == "/" {
		r = <-told
	}
	if r.URL.String() != "/path?a=b" || r.Header.Get("X-Token") != "t" || r.Header.Get("Authorization") != "Bearer s3cret" ||
		!strings.HasPrefix(r.Header.Get("User-Agent"), "spectrum2-lua/") {
		t.Errorf("the server was asked %v %v", r.URL, r.Header)
	}
}

func TestTLS(t *testing.T) {
	s := server(t, echo, func(s *httptest.Server) {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
	})
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "wss"+strings.TrimPrefix(s.URL, "https"), fmt.Sprintf(`
local ca = %q
local ws = assert(websocket.connect(url, { ca = ca }))
assert(ws:send("x") and ws:receive(5) == "x")
assert(websocket.connect(url, { ca = ca, server_name = "example.com" }))
assert(websocket.connect(url, { insecure = true }))
local err
ws, err = websocket.connect(url .. "/s3cret?s3cret")
assert(ws == nil)
has(err, "cannot connect to " .. url .. ": TLS: the certificate comes from an unknown authority")
assert(not err:find("s3cret"), err)
ws, err = websocket.connect(url, { ca = ca, server_name = "other.example" })
assert(ws == nil)
has(err, "TLS: the certificate is for another name")`, file))
}

func TestHandshakesThatFail(t *testing.T) {
	say := func(text string) func(net.Conn, *http.Request) {
		return func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, text)
			io.Copy(io.Discard, conn)
		}
	}
	endless := func(conn net.Conn, _ *http.Request) {
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n")
		for {
			if _, err := io.WriteString(conn, strings.Repeat("X-More: yes\r\n", 100)); err != nil {
				return
			}
		}
	}
	cases := []struct {
		name  string
		serve func(net.Conn, *http.Request)
		want  string
	}{
		{"refused", say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), "the server answers 401 Unauthorized"},
		{"redirected", say("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/s3cret\r\nContent-Length: 0\r\n\r\n"), "the server answers 302 Found"},
		{"a web page", say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "the server answers 200 OK"},
		{"no upgrade", say("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "the server does not speak WebSocket here: "},
		{"a wrong key", func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n")
		}, "the server does not speak WebSocket here: invalid Sec-WebSocket-Accept"},
		{"an extension without a request for it", acceptWith("Sec-WebSocket-Extensions: permessage-deflate\r\n"), "the server does not speak WebSocket here: "},
		{"an unknown extension", acceptWith("Sec-WebSocket-Extensions: x-secret-bits\r\n"), "the server does not speak WebSocket here: "},
		{"a subprotocol without a request for it", acceptWith("Sec-WebSocket-Protocol: chat\r\n"), "the server does not speak WebSocket here: "},
		{"hung up", func(net.Conn, *http.Request) {}, "the server hung up without an answer"},
		{"garbage", say("220 \x1b[2J\x07 mail.example\r\n\r\n"), "malformed HTTP"},
		{"without end", endless, "exceeded"},
		{"silence", say(""), "timeout"},
		{"half an answer", say("HTTP/1.1 101 Switching"), "timeout"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			limit := 5.0
			if c.want == "timeout" {
				limit = 0.03
			}
			run(t, raw(t, c.serve), fmt.Sprintf(`
local ws, err = websocket.connect(url .. "/s3cret?s3cret", { timeout = %v, headers = { X = "s3cret" } })
assert(ws == nil)
has(err, "cannot connect to " .. url .. ": ")
has(err, %q)
assert(not err:find("s3cret") and not err:find("%%c"), err)`, limit, c.want))
		})
	}
	t.Run("no server", func(t *testing.T) {
		run(t, "", `
local ws, err = websocket.connect("ws://u:s3cret@127.0.0.1:1/s3cret")
assert(ws == nil and err == "cannot connect to ws://127.0.0.1:1: connection refused", err)
for _, url in ipairs { "", "h", "ftp://h", "ws://", "ws://u:s3cret@[h", "ws://h:port/s3cret" } do
  ws, err = websocket.connect(url)
  assert(ws == nil and err:find("^the URL "), err)
  assert(not err:find("s3cret"), err)
end
ws, err = websocket.connect("ws://nowhere.invalid", { proxy = "socks5://u:s3cret@127.0.0.1:1" })
assert(ws == nil and err == "cannot connect to ws://nowhere.invalid: proxy 127.0.0.1:1: connection refused", err)`)
	})
}

func TestPeersThatMisbehave(t *testing.T) {
	cases := []struct {
		name   string
		frames [][]byte
		want   string
	}{
		{"an unknown kind of frame", [][]byte{{0x8b, 0}}, "a frame has the reserved opcode 11"},
		{"a masked frame", [][]byte{{0x81, 0x81, 1, 2, 3, 4, 5}}, "the server breaks the protocol: a frame is masked"},
		{"reserved bits", [][]byte{{0xf1, 0}}, "a frame has reserved bits"},
		{"a continuation of nothing", [][]byte{{0x80, 0}}, "a continuation frame belongs to no message"},
		{"a long ping", [][]byte{append([]byte{0x89, 126, 1, 0}, make([]byte, 256)...)}, "a control frame has more than 125 bytes"},
		{"a message that is too long", [][]byte{append([]byte{0x81, 127, 0, 0, 0, 0, 0x7f, 0, 0, 0}, make([]byte, 2000)...)}, "received a message of more than 1000 bytes (max_message)"},
		{"pieces without end", many([]byte{0x01, 100}, []byte{0x00, 100}, 20), "received a message of more than 1000 bytes (max_message)"},
		{"a close of one byte", [][]byte{{0x88, 1, 3}}, "a close frame has half a code"},
		{"a close without a code", [][]byte{{0x88, 0}}, "closed by the peer"},
		{"a close with terminal codes", [][]byte{append([]byte{0x88, 8, 0x10, 0}, "\x1b[2J\r\n"...)}, "closed by the peer (4096: ?[2J??)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			url := raw(t, func(conn net.Conn, r *http.Request) { upgraded(conn, r, c.frames...) })
			run(t, url, fmt.Sprintf(`
local ws = assert(websocket.connect(url, { max_message = 1000 }))
local data, err, code, reason = ws:receive(5)
if %q ~= "" then
  assert(data == nil, data)
  has(err, %q)
  assert(type(code) == "number" and type(reason) == "string")
  local again, err2, code2 = ws:receive(5)
  assert(again == nil and err2 == err and code2 == code)
  local ok, err3 = ws:send("x")
  assert(ok == nil and err3 == err, err3)
end`, c.want, c.want))
		})
	}
}

func many(first, next []byte, n int) (frames [][]byte) {
	body := make([]byte, 100)
	frames = append(frames, append(first, body...))
	for range n {
		frames = append(frames, append(next, body...))
	}
	return frames
}

// TestProxy connects to the server through a proxy.
func TestProxy(t *testing.T) {
	target := strings.TrimPrefix(peer(t, echo), "ws://")
	asked := make(chan string, 10)
	proxy := luatest.Listen(t, func(conn net.Conn) {
		defer conn.Close()
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		asked <- r.Method + " " + r.Host
		out, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		defer out.Close()
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(out, conn)
			out.Close()
		}()
		io.Copy(conn, out)
	})
	host, port, _ := net.SplitHostPort(proxy)
	run(t, "ws://chat.example", fmt.Sprintf(`
for _, options in ipairs { {}, { proxy = "http://%s" } } do
  local ws = assert(websocket.connect(url, options))
  assert(ws:send("x") and ws:receive(5) == "x")
  ws:close()
end
local ws, err = websocket.connect(url, { proxy = "http://u:s3cret@127.0.0.1:1" })
assert(ws == nil and err == "cannot connect to ws://chat.example: proxy 127.0.0.1:1: connection refused", err)`, proxy),
		"[proxy]", "type=http", "server="+host, "port="+port)
	for range 2 {
		if got := <-asked; got != "CONNECT chat.example:80" {
			t.Errorf("the proxy was asked for %q", got)
		}
	}
}

func TestOwners(t *testing.T) {
	closed := make(chan string, 10)
	url := peer(t, func(ctx context.Context, ws *websocket.Conn, r *http.Request) {
		ws.Write(ctx, websocket.MessageText, []byte("hello"))
		_, data, err := ws.Read(ctx)
		closed <- fmt.Sprint(r.URL.Path, " ", string(data), " ", int(websocket.CloseStatus(err)))
	})
	st := luatest.Start(t, head(url)+`
local on = {}
function on.login(session)
  local own = assert(websocket.connect(url .. "/own"))
  spectrum.data.shared = assert(websocket.connect(url .. "/shared", { owner = spectrum }))
  session:spawn(function()
    while true do
      session:conv_message { buddy_name = "b", message = assert(own:receive()) }
    end
  end)
end
function on.conv_message(session, m)
  spectrum.data.shared:send(m.message)
end
return on`)
	st.Login("alice@localhost")
	st.ExpectSaid("hello")
	st.Logout("alice@localhost")
	if got := <-closed; got != "/own  1001" {
		t.Errorf("the peer saw %q", got)
	}
	st.Login("bob@localhost")
	st.Say("bob@localhost", "b", "still here")
	for range 2 {
		if got := <-closed; got == "/shared still here -1" {
			return
		}
	}
	t.Error("the connection of the process has ended")
}

func TestCancellation(t *testing.T) {
	silent := raw(t, func(conn net.Conn, _ *http.Request) { io.Copy(io.Discard, conn) })
	url := peer(t, echo)
	for name, wait := range map[string]string{
		"connect": fmt.Sprintf("return function() return websocket.connect(%q) end", silent),
		"receive": "local ws = assert(websocket.connect(url)); return function() return ws:receive() end",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, url, `
local wait = (function() `+wait+` end)()
local task = spectrum.spawn(function() return wait() end)
spectrum.sleep(0.005)
task:cancel()
local ok, err = task:join(5)
assert(ok == nil)
has(err, "the task was cancelled")`)
		})
	}
}

func TestMisuse(t *testing.T) {
	url := peer(t, echo)
	run(t, url, `
local ws = assert(websocket.connect(url))
for text, fn in pairs {
  ["a text has to be UTF-8: convert it, or use send_binary"] = function() ws:send("\255") end,
  ["a code is 1000, 1001, or from 3000 to 4999"] = function() ws:close(1006) end,
  ["a reason is UTF-8 of at most 123 bytes"] = function() ws:close(1000, ("x"):rep(124)) end,
  ["connect: subprotocols: \"a b\" is not a valid name"] = function() websocket.connect(url, { subprotocols = { "a b" } }) end,
  ["headers: the value of the header X contains a character"] = function() websocket.connect(url, { headers = { X = "\n" } }) end,
  ["connect: max_message: integer of at least 1 expected"] = function() websocket.connect(url, { max_message = 0 }) end,
  ["connect has no option \"subprotocol\"; did you mean \"subprotocols\"?"] = function() websocket.connect(url, { subprotocol = "x" }) end,
  ["a websocket has no \"receve\"; did you mean \"receive\"?"] = function() ws:receve() end,
  ["send is a method of a websocket: write websocket:send(…), with a colon"] = function() ws.send("x") end,
} do
  local ok, err = pcall(fn)
  assert(not ok)
  has(err, text)
end
local wrong = { false, 0, -1, 0.5, 0/0, 1/0, 2^53, "", "x", "\0", {}, { 1 }, { {} }, { x = 1 }, print, coroutine.create(print), ws }
local calls = 0
for i = 1, 17 do
  local value = wrong[i]
  for _, arguments in ipairs { { websocket.connect, value }, { websocket.connect, url, value }, { ws.send, ws, value }, { ws.send_binary, ws, value },
    { ws.receive, ws, value }, { ws.ping, ws, value }, { ws.close, ws, 1, value }, { ws.send, value }, { ws.receive, value } } do
    local task = spectrum.spawn(function() return pcall(unpack(arguments)) end)
    local done, ok, err = task:join(0.05)
    task:cancel()
    assert(not tostring(err):find("internal error", 1, true), err)
    calls = calls + 1
  end
  for _, name in ipairs { "headers", "subprotocols", "timeout", "max_message", "ping_interval", "owner", "server_name", "ca", "cert", "key", "insecure", "proxy", "auth" } do
    local ok, err = pcall(websocket.connect, url, { timeout = 0.05, [name] = value })
    assert(not tostring(err):find("internal error", 1, true), err)
  end
end
assert(calls == 17 * 9)`)
}

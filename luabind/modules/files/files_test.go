package files_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/modules/files"
	"spectrumlua/pb"
	"spectrumlua/runtime/files/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const listen = "[files]\nlisten=127.0.0.1:0"

const head = `local spectrum, files, http = require "spectrum", require "spectrum.files", require "spectrum.http"
local function has(text, part) assert(tostring(text):find(part, 1, true), part .. " is not in " .. tostring(text)) end
`

func run(t *testing.T, script string, lines ...string) *luatest.Fixture {
	t.Helper()
	return luatest.Run(t, head+script, append(lines, listen)...)
}

// picture is a PNG of 60 by 30 pixels, as a Lua string.
func picture(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 60, 30))); err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for _, c := range b.Bytes() {
		fmt.Fprintf(&s, `\%03d`, c)
	}
	return `"` + s.String() + `"`
}

func TestDataIsShared(t *testing.T) {
	run(t, `
assert(spectrum.files == files)
local a = assert(files.share { data = "hello", name = "a b.txt" })
assert(a.name == "a b.txt" and a.mime_type == "text/plain; charset=utf-8" and a.size == 5 and a.width == nil)
local r = assert(http.get(a.url))
assert(r.status == 200 and r.body == "hello" and r.headers["X-Content-Type-Options"] == "nosniff")
has(r.headers["Content-Disposition"], 'inline; filename="a b.txt"')
local html = assert(files.share { data = "<html>", mime_type = "text/html" })
r = assert(http.get(html.url))
assert(r.headers["Content-Type"] == "application/octet-stream" and html.mime_type == "text/html")
assert(files.share { data = "" }.size == 0)
`)
}

func TestPicturesHaveAPreview(t *testing.T) {
	run(t, `
local a = assert(files.share { data = `+picture(t)+`, name = "a.png" })
assert(a.mime_type == "image/png" and a.width == 60 and a.height == 30)
assert(a.preview:sub(1, 3) == "\255\216\255" and #a.preview <= 16000, #a.preview)
local b = assert(files.share { data = `+picture(t)+` })
assert(b.mime_type == "image/png" and b.width == 60 and b.name == "file")
local broken = assert(files.share { data = "PNG?", name = "a.png" })
assert(broken.width == nil and broken.preview == nil)
`)
}

func TestFilesOfTheMachineAreShared(t *testing.T) {
	st := luatest.New(t, head+`
local on = {}
function on.query(m)
  local a, why = files.share { path = m.config }
  if not a then return spectrum.send("query", { config = why }) end
  spectrum.send("query", { config = a.name .. " " .. a.size .. " " .. http.get(a.url).body })
end
return on`, listen)
	st.Write("song.txt", "la la")
	if err := os.Mkdir(filepath.Join(st.Dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"song.txt":                        "song.txt 5 la la",
		filepath.Join(st.Dir, "song.txt"): "song.txt 5 la la",
		"folder":                          "folder is not a regular file",
		"missing":                         "no such file",
	} {
		st.Receive("query", &pb.BackendConfig{Config: &path})
		var m pb.BackendConfig
		st.Expect("query", &m)
		if !strings.Contains(m.GetConfig(), want) {
			t.Errorf("%s: %q", path, m.GetConfig())
		}
	}
}

func TestTheSandboxSharesFilesOfTheScriptOnly(t *testing.T) {
	run(t, `
local a, why = files.share { path = "/etc/passwd" }
assert(a == nil) has(why, "sandbox")
assert(files.share { path = "script.lua" })
`, "sandbox=1")
}

func TestMisuseRaises(t *testing.T) {
	for call, want := range map[string]string{
		`files.share()`:                                          "table expected",
		`files.share("a")`:                                       "table expected",
		`files.share {}`:                                         "one of path, data and fetch is required",
		`files.share { data = "a", path = "b" }`:                 "one of path, data and fetch is required",
		`files.share { data = 5 }`:                               "data: string expected",
		`files.share { data = "a", size = 1 }`:                   "size is only for fetch",
		`files.share { fetch = print, size = -1 }`:               "size: number of bytes expected",
		`files.share { fetch = print, size = 1.5 }`:              "size: number of bytes expected",
		`files.share { fetch = "x" }`:                            "fetch: function expected",
		`files.share { data = "a", mime_type = "evil\r\nX: y" }`: "is not a media type",
		`files.share { data = "a", mime = "x" }`:                 `share has no option "mime"`,
		`files.share { data = "a", expire = -1 }`:                "expire: number of seconds expected",
		`files.fetch()`:                                          "address or attachment expected",
		`files.fetch { { url = "https://x" } }`:                  "this is a list of attachments",
		`files.fetch({ name = "a" })`:                            "address or attachment expected",
		`files.fetch("https://x", { max_size = 0 })`:             "max_size: integer of at least 1",
	} {
		run(t, fmt.Sprintf(`local ok, why = pcall(function() %s end); assert(not ok); has(why, %q)`, call, want))
	}
}

func TestErrorsAreReturned(t *testing.T) {
	run(t, `
local a, why = files.share { data = ("x"):rep(1025) }
assert(a == nil) has(why, "too large")
for _ = 1, 2 do assert(files.share { data = ("x"):rep(1024) }) end
a, why = files.share { data = "x" }
assert(a == nil) has(why, "[files] quota")
`, "[files]\nmax_size=1K\nquota=2K")
	luatest.Run(t, head+`
local a, why = files.share { data = "x" }
assert(a == nil) has(why, "set [files] listen")
`)
}

func TestFunctionsMakeFiles(t *testing.T) {
	run(t, `
local runs = 0
local a = assert(files.share { name = "a.txt", fetch = function(write)
  runs = runs + 1
  assert(write("one "))
  spectrum.sleep(0)
  assert(write("two "))
  return "three"
end })
assert(a.size == nil and runs == 0)
assert(http.request { url = a.url, method = "HEAD" }.status == 200 and runs == 0)
local bodies, done = {}, spectrum.channel(5)
for i = 1, 5 do spectrum.spawn(function() done:send(http.get(a.url).body) end) end
for i = 1, 5 do assert(done:receive() == "one two three") end
assert(runs == 1, runs)
assert(http.get(a.url, { headers = { Range = "bytes=4-6" } }).body == "two" and runs == 1)

local server = assert(http.serve("127.0.0.1:0", function(r) return r.path == "/no" and 403 or 200, ("x"):rep(100000) end))
for path, status in pairs { ["/yes"] = 200, ["/no"] = 502 } do
  local through = assert(files.share { fetch = function() return http.get("http://" .. server.address .. path, { stream = true }) end })
  local r = http.get(through.url)
  assert(r.status == status and (status ~= 200 or r.body == ("x"):rep(100000)), r.status)
end

local again = assert(files.share { cache = false, size = 1, fetch = function() runs = runs + 1; return "x" end })
assert(again.size == 1 and http.get(again.url).body == "x")

local file = assert(files.fetch(a))
assert(file:read_all() == "one two three" and file.name == "a.txt")
`)
}

func TestFailuresOfFunctionsAreLogged(t *testing.T) {
	for _, c := range []struct {
		name, fn string
		status   int
		log      []string
	}{
		{"an error", `error("boom")`, 502, []string{"the function of a shared file", "script.lua:4", "boom"}},
		{"a message", `return nil, "the network is down"`, 502, []string{"a shared file could not be made", "script.lua:3", "the network is down"}},
		{"a wrong result", `return {}`, 502, []string{"a shared file could not be made", "returned a table"}},
		{"too much", `write(("x"):rep(2000))`, 502, []string{"a shared file could not be made", "too large"}},
		{"a wrong argument", `write({})`, 502, []string{"the function of a shared file", "string expected"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := run(t, fmt.Sprintf(`local a = assert(files.share { fetch = function(write)
%s end })
local r = assert(http.get(a.url)); assert(r.status == %d, r.status); assert(not r.body:find("boom"))`, c.fn, c.status), "[files]\nmax_size=1K")
			st.ExpectLog(c.log...)
		})
	}
}

// TestAStreamThatStopsIsNotAFile shows that what a function has copied before its time was up
// is not taken for the whole file.
func TestAStreamThatStopsIsNotAFile(t *testing.T) {
	url := internet(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	run(t, fmt.Sprintf(`
local a = assert(files.share { timeout = 0.2, fetch = function() return assert(files.fetch(%q)) end })
local r, why = http.get(a.url)
assert(r == nil, r and r.body) has(why, "ended too early")
`, url))
}

// TestFunctionsEndWithTheirSession also shows that the files of a session remain.
func TestFunctionsEndWithTheirSession(t *testing.T) {
	const user = "alice@localhost"
	st := luatest.Start(t, head+`
local on = {}
function on.login(session)
  session:connected()
  local made = assert(files.share { cache = false, fetch = function() return "made by " .. session.user end })
  local kept = assert(files.share { owner = spectrum, fetch = function() return "kept" end })
  local data = assert(files.share { data = "data" })
  session:conv_message { buddy_name = "b", message = made.url .. " " .. kept.url .. " " .. data.url, attachment = { data } }
end
return on`, listen)
	st.Login(user)
	var m pb.ConversationMessage
	st.Expect("conv_message", &m)
	urls := strings.Fields(m.GetMessage())
	if a := m.GetAttachment(); len(a) != 1 || a[0].GetUrl() != urls[2] || a[0].GetSize() != 4 {
		t.Errorf("%v", a)
	}
	st.Logout(user)
	get := func(url string) string {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		defer http.DefaultClient.CloseIdleConnections()
		body, _ := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", string(body))
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.HasPrefix(get(urls[0]), "410"); {
		if time.Now().After(deadline) {
			t.Fatal(get(urls[0]))
		}
	}
	if kept, data := get(urls[1]), get(urls[2]); kept != "200 kept" || data != "200 data" {
		t.Errorf("%q %q", kept, data)
	}
}

func TestFunctionsSurviveAReload(t *testing.T) {
	st := luatest.Start(t, head+`
local a = assert(files.share { fetch = function() return "old" end })
spectrum.data.url = a.url
return {}`, listen)
	st.Write("script.lua", head+`
local on = {}
function on.query() spectrum.send("query", { config = http.get(spectrum.data.url).body }) end
return on`)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.Receive("query", &pb.BackendConfig{Config: proto.String("")})
	var m pb.BackendConfig
	st.Expect("query", &m)
	if m.GetConfig() != "old" {
		t.Errorf("%q", m.GetConfig())
	}
}

// internet makes a server the only one of the internet, and returns its address.
func internet(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	t.Cleanup(files.SetClient(func() *remote.Client {
		return &remote.Client{
			Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
				if host == "x.example" {
					return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
				}
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			},
			Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
			},
		}
	}))
	return "http://x.example"
}

func TestFilesOfUsersAreFetched(t *testing.T) {
	url := internet(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/endless":
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		case "/inner":
			http.Redirect(w, r, "http://inner.example/", http.StatusFound)
		case "/short":
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "1234")
		case "/silent":
			<-r.Context().Done()
		default:
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "line\nrest")
		}
	})
	run(t, fmt.Sprintf(`local url = %q
local file = assert(files.fetch { url = url .. "/x.html", name = "../a.txt", mime_type = "text/plain" })
assert(file.name == "a.txt" and file.mime_type == "text/plain" and file.size == 9 and file.url == url .. "/x.html")
assert(file:read_line() == "line" and file:read_some() == "rest")
local data, why = file:read_some()
assert(data == nil and why == "end of file", why)
file:close()
data, why = file:read_all()
assert(data == nil) has(why, "closed")
assert(files.fetch(url .. "/").mime_type == "text/html")
assert(files.fetch(url .. "/"):read_all() == "line\nrest")

for address, want in pairs {
  [url .. "/inner"] = "private network", ["http://inner.example/"] = "private network", ["http://127.0.0.1/"] = "private network",
  ["http://[::ffff:10.0.0.1]/"] = "private network", ["file:///etc/passwd"] = "http or https", [""] = "http or https",
} do
  file, why = files.fetch(address)
  assert(file == nil, address) has(why, want)
end
assert(files.fetch("http://127.0.0.1/", { private = true }))
file, why = files.fetch(url .. "/", { max_size = 8 })
assert(file == nil) has(why, "too large")
file = assert(files.fetch(url .. "/endless", { max_size = 100000 }))
data, why = file:read_all()
assert(data == nil) has(why, "too large")
file = assert(files.fetch(url .. "/short"))
data, why = file:read_all()
assert(data == nil, data) has(why, "before its announced size")
file, why = files.fetch(url .. "/silent", { timeout = 0.05 })
assert(file == nil) has(why, "timeout")
`, url))
}

package luabind_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/luabind"
	"spectrumlua/luabind/api"
	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/schema"
)

// objects has Lua code that makes an object of each class.
var objects = map[string]string{
	"blob":         `require("spectrum.sql").blob("x")`,
	"channel":      `spectrum.channel(1)`,
	"conn":         `assert(net.connect(peer.address))`,
	"connection":   `session:connection("misuse", { connect = function() return nil, "no" end, line = print })`,
	"counter":      `require("spectrum.metrics").counter("misuse_total", "Help.", { labels = { "a" } })`,
	"database":     `assert(require("spectrum.sql").open("memory"))`,
	"download":     `assert(require("spectrum.files").fetch("http://" .. assert(http.serve("127.0.0.1:0", function() return "x" end)).address, { private = true }))`,
	"file":         `io.tmpfile()`,
	"gauge":        `require("spectrum.metrics").gauge("misuse", "Help.")`,
	"histogram":    `require("spectrum.metrics").histogram("misuse_seconds", "Help.")`,
	"json.null":    `require("spectrum.json").null`,
	"listener":     `assert(net.listen("127.0.0.1:0"))`,
	"pending":      `spectrum.pending()`,
	"process":      `assert(require("spectrum.process").start { "cat" })`,
	"regexp":       `require("spectrum.regexp").compile("(a)(?P<b>.)")`,
	"response":     `assert(http.get("http://" .. server.address, { stream = true }))`,
	"scram_client": `require("spectrum.crypto").scram_client { username = "a", password = "b" }`,
	"server":       `assert(http.serve("127.0.0.1:0", print))`,
	"session":      `session`,
	"store":        `session:store()`,
	"task":         `spectrum.spawn(spectrum.sleep, 1000)`,
	"timer":        `spectrum.after(1000, print)`,
	"udp socket":   `assert(net.udp("127.0.0.1:0"))`,
	"websocket":    `assert(require("spectrum.websocket").connect("ws://WEBSOCKET"))`,
	"xml.reader":   `require("spectrum.xml").reader()`,
	"xml.stream":   `require("spectrum.xml").stream(assert(net.connect(peer.address)))`,
}

// peers has the peers for the objects: a listener that sends nothing and a web server.
const peers = `
local net, http = require "spectrum.net", require "spectrum.http"
local peer = assert(net.listen("127.0.0.1:0"))
local server = assert(http.serve("127.0.0.1:0", function() return { body = "x" } end))
`

// optionCalls has the functions with options: the call, the required options, and the
// class that describes all options.
var optionCalls = []struct{ call, base, class string }{
	{`function(o) return require("spectrum.metrics").gauge("options", "Help.", o) end`, `{}`, "spectrum.metrics.Options"},
	{`function(o) return require("spectrum.metrics").histogram("options_seconds", "Help.", o) end`, `{}`, "spectrum.metrics.HistogramOptions"},
	{`require("spectrum.crypto").scram_client`, `{ username = "a", password = "b" }`, "spectrum.crypto.SCRAMOptions"},
	{`require("spectrum.files").share`, `{ data = "x" }`, "spectrum.files.ShareOptions"},
	{`function(o) return require("spectrum.files").fetch("http://" .. server.address, o) end`, `{ private = true }`, "spectrum.files.FetchOptions"},
	{`function(o) return http.get("http://" .. server.address, o) end`, `{}`, "spectrum.http.Options"},
	{`function(o) return http.post("http://" .. server.address, nil, o) end`, `{}`, "spectrum.http.Options"},
	{`http.request`, `{ url = "http://127.0.0.1:1" }`, "spectrum.http.RequestOptions"},
	{`function(o) return http.serve("127.0.0.1:0", print, o) end`, `{}`, "spectrum.http.ServeOptions"},
	{`function(o) return require("spectrum.json").encode({ 1 }, o) end`, `{}`, "spectrum.json.EncodeOptions"},
	{`function(o) return require("spectrum.json").decode("[1]", o) end`, `{}`, "spectrum.json.DecodeOptions"},
	{`function(o) return net.connect(peer.address, o) end`, `{}`, "spectrum.net.ConnectOptions"},
	{`function(o) return net.listen("127.0.0.1:0", o) end`, `{}`, "spectrum.net.ListenOptions"},
	{`function(o) return net.udp("127.0.0.1:0", o) end`, `{}`, "spectrum.net.UDPOptions"},
	{`function(o) return net.resolve("127.0.0.1", o) end`, `{}`, "spectrum.net.LookupOptions"},
	{`function(o) return assert(net.connect(peer.address)):starttls(o) end`, `{}`, "spectrum.net.StartTLSOptions"},
	{`function(o) return session:conv_message({ buddy_name = "b", message = "x" }, o) end`, `{}`, "spectrum.SendOptions"},
	{`function(o) return session:spawn(o, print) end`, `{ on_error = "log" }`, "spectrum.SpawnOptions"},
	{`function(o) return spectrum.spawn(o, print) end`, `{}`, "spectrum.SpawnOptions"},
	{`function(o) return session:store():set("k", 1, o) end`, `{}`, "spectrum.store.SetOptions"},
	{`function(o) return session:store():remember("a", "b", o) end`, `{}`, "spectrum.store.RememberOptions"},
	{`function(o) return session:store():transaction(print, o) end`, `{}`, "spectrum.sql.TransactionOptions"},
	{`function(o) return require("spectrum.sql").open("memory", o) end`, `{}`, "spectrum.sql.OpenOptions"},
	{`require("spectrum.process").start`, `{ "true" }`, "spectrum.process.StartOptions"},
	{`function(o) return session:connection("misuse", o) end`, `{ connect = print, line = print }`, "spectrum.ConnectionOptions"},
	{`function(o) return require("spectrum.websocket").connect("ws://127.0.0.1:1", o) end`, `{}`, "spectrum.websocket.Options"},
	{`function(o) return require("spectrum.xml").parse("<a/>", o) end`, `{}`, "spectrum.xml.Limits"},
	{`function(o) return require("spectrum.xml").stream(assert(net.connect(peer.address)), o) end`, `{}`, "spectrum.xml.Limits"},
}

// TestNoArgumentDoesHarm calls each function and each method with wrong arguments of all
// kinds. No call panics or hangs, no other user receives a message, and the script keeps
// running.
func TestNoArgumentDoesHarm(t *testing.T) {
	t.Chdir(t.TempDir())            // os.remove, io.open
	t.Setenv("TMPDIR", t.TempDir()) // os.tmpname
	panics := gatherPanics()
	subjects := map[string]string{}
	for _, name := range moduleNames(t) {
		subjects[name] = fmt.Sprintf("walk(%q, require %q)", name, name)
	}
	for _, name := range []string{"string", "table", "math", "os", "io", "coroutine", "debug", "package"} {
		subjects[name] = fmt.Sprintf("walk(%q, %s)", name, name)
	}
	subjects["_G"] = `for name, value in pairs(_G) do if type(value) == "function" then walk(name, value) end end`
	server := httptest.NewServer(http.HandlerFunc(listenOnly))
	defer server.Close()
	for class, names := range bind.Classes() {
		make := strings.Replace(objects[class], "WEBSOCKET", server.Listener.Addr().String(), 1)
		if make == "" {
			t.Errorf("objects has no code for the class %s", class)
		}
		subjects[class] = fmt.Sprintf(peers+"methods(%q, function() return %s end, { %s })", class, make, quoted(names))
	}
	for i, o := range optionCalls {
		var names []string
		for _, f := range api.FindClass(o.class).AllFields() {
			names = append(names, f.Name)
		}
		subjects[fmt.Sprintf("options %d", i)] = fmt.Sprintf(peers+"options(%q, %s, %s, { %s })", o.class, o.call, o.base, quoted(names))
	}
	for _, name := range slices.Sorted(maps.Keys(subjects)) {
		t.Run(name, func(t *testing.T) {
			misuse(t, subjects[name])
			for _, text := range panics() {
				t.Error(text)
			}
		})
	}
}

func misuse(t *testing.T, subject string) {
	text, err := os.ReadFile(misuseScript)
	if err != nil {
		t.Fatal(err)
	}
	script := strings.Replace(string(text), "--[[SUBJECT]]", subject, 1)
	if race.Enabled {
		script = strings.Replace(script, "THOROUGH = true", "THOROUGH = false", 1)
	}
	st := luatest.Start(t, script, "handler_timeout = 5")
	st.Login("bob@localhost")
	st.Expect("connected", nil)
	st.Login(alice)
	tried := 0
	last := ""
	for done := false; !done; {
		number, payload, ok := st.Sent.Any()
		if !ok {
			t.Fatalf("the script hangs after %q", last)
		}
		typ := schema.TypeByNumber(number)
		if user := typ.UserOf(payload); user != nil && string(user) != alice && !strings.HasPrefix(subject, "walk") {
			t.Errorf("%s was sent to %s", typ.Name, user)
		}
		var q pb.BackendConfig
		if number != pb.WrapperMessage_TYPE_QUERY || proto.Unmarshal(payload, &q) != nil {
			continue
		}
		switch name, isTried := strings.CutPrefix(q.GetConfig(), "tried "); {
		case isTried:
			last = name
			tried++
		case q.GetConfig() == "done":
			done = true
		case strings.Contains(q.GetConfig(), ", call "), strings.HasPrefix(q.GetConfig(), "call "):
			t.Error(q.GetConfig())
		}
	}
	if tried == 0 && !strings.HasSuffix(subject, "{  })") { // a class without methods
		t.Error("no call was made")
	}
	if strings.Contains(st.Log.String(), "error in the task misuse") {
		t.Error("the test's script has failed")
	}
	st.Say("bob@localhost", "b", "still here")
	st.ExpectSaid("still here")
}

// listenOnly is a WebSocket server that sends nothing.
func listenOnly(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	for err == nil {
		_, _, err = ws.Read(r.Context())
	}
}

var misuseScript = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir + "/testdata/misuse.lua"
}()

// gatherPanics collects the reports of panics. The function returns those since its last
// call.
func gatherPanics() func() []string {
	var mu sync.Mutex
	var texts []string
	crash.OnPanic(func(text string) {
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, text)
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		came := texts
		texts = nil
		return came
	}
}

func moduleNames(t *testing.T) []string {
	t.Helper()
	cfg, err := config.Parse("test.cfg", []byte("[service]\njid=lua.localhost\n[lua]\nscript=script.lua\n"), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := cfg.Settings()
	if err != nil {
		t.Fatal(err)
	}
	return luabind.NewSurface(cfg, settings).ModuleNames()
}

func quoted(names []string) string {
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf("%q", name))
	}
	return strings.Join(list, ", ")
}

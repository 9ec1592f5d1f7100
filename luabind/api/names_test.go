package api_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/api"
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// compare reports the names that one side lacks.
func compare(t *testing.T, what string, real, described []string) {
	t.Helper()
	for _, name := range real {
		if !slices.Contains(described, name) {
			t.Errorf("%s: library/*.lua has no %s", what, name)
		}
	}
	for _, name := range described {
		if !slices.Contains(real, name) {
			t.Errorf("%s: library/*.lua has %s, which does not exist", what, name)
		}
	}
}

// run runs a script that sends lines and returns the lines.
func run(t *testing.T, script string, configLines ...string) []string {
	t.Helper()
	st := luatest.Run(t, `
local spectrum = require "spectrum"
local lines = {}
local function say(line) lines[#lines + 1] = line end
`+script+`
spectrum.send("query", { config = table.concat(lines, "\n") })`, configLines...)
	return strings.Split(st.Query(), "\n")
}

// members returns the names in each table by the table's path.
const members = `
local function walk(path, value)
  for name, inner in pairs(value) do
    say(path .. " " .. name)
    if type(inner) == "table" and path ~= "spectrum" then walk(path .. "." .. name, inner) end
  end
end
`

func TestEveryModuleIsDescribed(t *testing.T) {
	script := members
	real := []string{"spectrum"}
	for _, m := range modules.All() {
		real = append(real, m.Name)
	}
	var described []string
	for _, m := range api.Modules() {
		described = append(described, m.Name)
	}
	compare(t, "modules", append(real, "spectrum.test"), described)

	for _, name := range real {
		script += fmt.Sprintf("walk(%q, require %q)\n", name, name)
	}
	names := map[string][]string{}
	for _, line := range run(t, script) {
		path, name, _ := strings.Cut(line, " ")
		names[path] = append(names[path], name)
	}
	if len(names) <= len(real) {
		t.Error("no nested table of a module was found")
	}
	for _, path := range slices.Sorted(maps.Keys(names)) {
		t.Run(path, func(t *testing.T) {
			class := api.FindClass(path)
			if class == nil { // a nested table
				module, field, _ := cutLast(path)
				class = api.Module(module).Field(field).Type.Class()
			}
			compare(t, path, names[path], class.Names())
		})
	}
}

func cutLast(path string) (before, after string, found bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return path, "", false
	}
	return path[:i], path[i+1:], true
}

// described has the documented classes by their names at run time.
var described = map[string]string{
	"blob":         "spectrum.sql.Blob",
	"channel":      "spectrum.Channel",
	"conn":         "spectrum.net.Conn",
	"connection":   "spectrum.Connection",
	"counter":      "spectrum.metrics.Counter",
	"database":     "spectrum.sql.Database",
	"download":     "spectrum.files.Download",
	"gauge":        "spectrum.metrics.Gauge",
	"histogram":    "spectrum.metrics.Histogram",
	"json.null":    "spectrum.json.Null",
	"listener":     "spectrum.net.Listener",
	"pending":      "spectrum.Pending",
	"process":      "spectrum.process.Process",
	"regexp":       "spectrum.regexp.Pattern",
	"response":     "spectrum.http.Stream",
	"scram_client": "spectrum.crypto.SCRAMClient",
	"server":       "spectrum.http.Server",
	"session":      api.SessionClass,
	"store":        "spectrum.store.Store",
	"task":         "spectrum.Task",
	"timer":        "spectrum.Timer",
	"udp socket":   "spectrum.net.UDPSocket",
	"websocket":    "spectrum.websocket.Socket",
	"xml.reader":   "spectrum.xml.Reader",
	"xml.stream":   "spectrum.xml.Stream",
}

func TestEveryClassIsDescribed(t *testing.T) {
	classes := bind.Classes()
	delete(classes, "file") // of io, which every editor knows
	compare(t, "classes of objects", slices.Sorted(maps.Keys(classes)), slices.Sorted(maps.Keys(described)))
	for name, members := range classes {
		t.Run(name, func(t *testing.T) {
			class := api.FindClass(described[name])
			if class == nil {
				t.Fatalf("there is no class %s", described[name])
			}
			compare(t, name, members, class.Names())
		})
	}
}

func TestEveryHandlerIsDescribed(t *testing.T) {
	real := []string{"reload"}
	for _, typ := range schema.Types() {
		if typ.Handled() && typ.Number != pb.WrapperMessage_TYPE_PING {
			real = append(real, typ.Name)
		}
	}
	compare(t, "handlers", real, api.Handlers().Names())
}

func TestEveryMessageIsDescribed(t *testing.T) {
	var all, sent []string
	for _, typ := range schema.Types() {
		if typ.Internal {
			continue
		}
		all = append(all, typ.Name)
		if typ.Sendable() {
			sent = append(sent, typ.Name)
		}
		if typ.Payload != nil {
			name := string(typ.Payload.Descriptor.Name())
			compare(t, name, typ.Payload.FieldNames(), api.FindClass("spectrum."+name).Names())
		}
	}
	compare(t, "messages", all, values("spectrum.MessageType"))
	compare(t, "messages that can be sent", sent, values("spectrum.SentType"))
}

func TestEveryEnumIsDescribed(t *testing.T) {
	found := 0
	for _, typ := range schema.Types() {
		if typ.Payload == nil {
			continue
		}
		for _, f := range typ.Payload.Fields {
			if f.Enum != nil {
				found++
				name := string(f.Enum.Descriptor.Name())
				compare(t, name, f.Enum.Names, values("spectrum."+name))
			}
		}
	}
	if found == 0 {
		t.Error("no enum was found")
	}
}

func values(alias string) []string {
	var names []string
	for _, v := range api.FindAlias(alias).Values {
		names = append(names, v.Name())
	}
	return names
}

// options has each function with options: a call with an unknown option, and the class
// that describes the options.
var options = []struct{ call, class string }{
	{`bytes.unpack("b", "a", 1, %s)`, "spectrum.bytes.UnpackOptions"},
	{`encoding.base64.encode("", %s)`, "spectrum.encoding.Base64Options"},
	{`encoding.base64url.encode("", %s)`, "spectrum.encoding.Base64Options"},
	{`crypto.scram_client(%s)`, "spectrum.crypto.SCRAMOptions"},
	{`require("spectrum.files").share(%s)`, "spectrum.files.ShareOptions"},
	{`require("spectrum.files").fetch("https://x", %s)`, "spectrum.files.FetchOptions"},
	{`http.get("http://127.0.0.1:1", %s)`, "spectrum.http.Options"},
	{`http.post("http://127.0.0.1:1", "", %s)`, "spectrum.http.Options"},
	{`http.request(%s)`, "spectrum.http.RequestOptions"},
	{`http.serve("127.0.0.1:0", print, %s)`, "spectrum.http.ServeOptions"},
	{`json.encode({}, %s)`, "spectrum.json.EncodeOptions"},
	{`json.decode("{}", %s)`, "spectrum.json.DecodeOptions"},
	{`net.connect("127.0.0.1:1", %s)`, "spectrum.net.ConnectOptions"},
	{`net.listen("127.0.0.1:0", %s)`, "spectrum.net.ListenOptions"},
	{`net.udp("127.0.0.1:0", %s)`, "spectrum.net.UDPOptions"},
	{`net.resolve("127.0.0.1", %s)`, "spectrum.net.LookupOptions"},
	{`net.srv("a", "tcp", "127.0.0.1", %s)`, "spectrum.net.LookupOptions"},
	{`conn:starttls(%s)`, "spectrum.net.StartTLSOptions"},
	{`session_store:set("k", 1, %s)`, "spectrum.store.SetOptions"},
	{`session_store:remember("a", "b", %s)`, "spectrum.store.RememberOptions"},
	{`session_store:transaction(print, %s)`, "spectrum.sql.TransactionOptions"},
	{`sql.open("memory", %s)`, "spectrum.sql.OpenOptions"},
	{`require("spectrum.metrics").gauge("a", "A.", %s)`, "spectrum.metrics.Options"},
	{`require("spectrum.metrics").histogram("b", "B.", %s)`, "spectrum.metrics.HistogramOptions"},
	{`process.start(%s)`, "spectrum.process.StartOptions"},
	{`spectrum.qr("a", %s)`, "spectrum.QROptions"},
	{`spectrum.connection("a", %s)`, "spectrum.ConnectionOptions"},
	{`spectrum.send("conv_message", { buddy_name = "a", message = "b" }, %s)`, "spectrum.SendOptions"},
	{`websocket.connect("ws://127.0.0.1:1", %s)`, "spectrum.websocket.Options"},
	{`xml.parse("<a/>", %s)`, "spectrum.xml.Limits"},
	{`xml.reader(%s)`, "spectrum.xml.Limits"},
	{`xml.stream(conn, %s)`, "spectrum.xml.Limits"},
}

// TestEveryOptionIsDescribed calls each function with an unknown option. The error lists
// the known ones.
func TestEveryOptionIsDescribed(t *testing.T) {
	const none = "{ QQQQQQQQ = 1 }"
	script := `
local net = require "spectrum.net"
local listener = assert(net.listen "127.0.0.1:0")
local conn = assert(net.connect(listener.address))
`
	for _, m := range modules.All() {
		_, short, _ := cutLast(m.Name)
		script += fmt.Sprintf("local %s = require %q\n", short, m.Name)
	}
	for _, o := range options {
		call := o.call
		argument := none
		switch {
		case strings.HasPrefix(call, "process"):
			argument = `{ "true", QQQQQQQQ = 1 }`
		case strings.HasPrefix(call, "http.request"):
			argument = `{ url = "http://127.0.0.1:1", QQQQQQQQ = 1 }`
		case strings.HasPrefix(call, "crypto"):
			argument = `{ username = "a", password = "b", QQQQQQQQ = 1 }`
		}
		script += fmt.Sprintf("say(tostring(select(2, pcall(function() %s end))))\n", fmt.Sprintf(call, argument))
	}
	script = strings.ReplaceAll(script, "session_store", "store.open()")
	script += "conn:close() listener:close()\n"
	lines := run(t, script)
	for i, o := range options {
		t.Run(o.call, func(t *testing.T) { compareOptions(t, o.class, lines[i]) })
	}
}

var optionList = regexp.MustCompile(`has no option "QQQQQQQQ"; the options are (.*)$`)

// compareOptions compares a class with the options that an error lists.
func compareOptions(t *testing.T, class, message string) {
	t.Helper()
	m := optionList.FindStringSubmatch(message)
	if m == nil {
		t.Fatalf("the error does not list the options: %s", message)
	}
	var described []string
	for _, f := range api.FindClass(class).AllFields() {
		if f.Name != "[integer]" {
			described = append(described, f.Name)
		}
	}
	compare(t, class, strings.Split(m[1], ", "), described)
}

// TestEveryFunctionWithOptionsIsTested finds functions with options that are missing in
// the table options.
func TestEveryFunctionWithOptionsIsTested(t *testing.T) {
	asked := map[string]bool{}
	for _, o := range append(options, testOptions...) {
		asked[o.class] = true
	}
	for _, c := range api.Classes() {
		for _, f := range c.Functions {
			for _, p := range f.Params {
				if class := p.Type.Class(); p.Name == "options" && !asked[class.Name] {
					t.Errorf("%s.%s takes %s, which is not compared", c.Name, f.Name, class.Name)
				}
			}
		}
	}
}

// TestBackendConfigIsDescribed compares the described sections and keys with those that
// backend_config accepts without a warning.
func TestBackendConfigIsDescribed(t *testing.T) {
	sections := api.FindClass("spectrum.BackendConfigSections")
	script := `require("spectrum").backend_config {`
	for _, section := range sections.Fields {
		script += section.Name + " = {"
		for _, key := range section.Type.Class().Fields {
			value := `"Server"`
			if key.Type == "boolean" {
				value = "true"
			}
			script += key.Name + " = " + value + ", "
		}
		script += "}, "
	}
	st := luatest.Run(t, script+"}")
	if log := st.Log.String(); strings.Contains(log, "warning") {
		t.Errorf("the log has %s", log)
	}
}

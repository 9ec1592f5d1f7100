package api_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
	"spectrumlua/luabind/api"
)

func init() { // adds the classes of the module test
	described["t"] = "spectrum.test.Case"
	described["user"] = "spectrum.test.User"
	described["scram_server"] = "spectrum.test.SCRAMServer"
	described["peer"] = "spectrum.test.Peer"
	described["pattern"] = "spectrum.test.Pattern"
}

// testOptions is like options, for the module test.
var testOptions = []struct{ call, class string }{
	{`t:start(%s)`, "spectrum.test.StartOptions"},
	{`t:login(%s)`, "spectrum.test.LoginOptions"},
	{`t:serve(print, %s)`, "spectrum.test.ServeOptions"},
	{`conn:starttls(%s)`, "spectrum.test.StartTLSOptions"},
	{`t:scram_server(%s)`, "spectrum.test.SCRAMOptions"},
}

// TestTheTestModuleIsDescribed runs a script's test that fails with the names that it
// finds.
func TestTheTestModuleIsDescribed(t *testing.T) {
	var methods []string
	for _, f := range api.FindClass("spectrum.test.Conn").Functions {
		methods = append(methods, `"`+f.Name+`"`)
	}
	var calls []string
	for _, o := range testOptions {
		calls = append(calls, "function() "+fmt.Sprintf(o.call, "{ QQQQQQQQ = 1 }")+" end")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"x.lua": "return {}",
		"x_test.lua": `
local net = require "spectrum.net"
local test = require "spectrum.test"

test.case("names", function(t)
  local names = {}
  for name in pairs(test) do
    names[#names + 1] = name
  end
  test.fail("names: " .. table.concat(names, " "))
end)

test.case("options", function(t)
  local errors = {}
  local peer = t:serve(function(conn)
    for _, call in ipairs { ` + strings.Join(calls, ", ") + ` } do
      errors[#errors + 1] = test.error(call)
    end
  end)
  assert(net.connect(peer.address)):close()
  peer:wait()
  test.fail("names: " .. table.concat(errors, "|"))
end)

test.case("connections", function(t)
  local peer = t:serve(function(conn)
    for _, name in ipairs { ` + strings.Join(methods, ", ") + ` } do
      t.truthy(conn[name], name)
    end
  end)
  assert(net.connect(peer.address)):close()
  peer:wait()
end)`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var failures []string
	sum := scripttest.Run(context.Background(), []string{filepath.Join(dir, "x_test.lua")}, scripttest.Options{
		Done: func(r scripttest.Result) { failures = append(failures, r.Failures...) },
	})
	if sum.Passed != 1 || sum.Failed != 2 || len(failures) != 2 {
		t.Fatalf("%+v %q", sum, failures)
	}
	for i, f := range failures {
		_, f, _ = strings.Cut(f, "names: ")
		failures[i], _, _ = strings.Cut(f, "\n")
	}
	compare(t, "spectrum.test", strings.Fields(failures[0]), api.Module("spectrum.test").Names())
	for i, message := range strings.Split(failures[1], "|") {
		compareOptions(t, testOptions[i].class, message)
	}
}

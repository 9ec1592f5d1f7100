package debug

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// object is an object of JSON.
type object = map[string]any

// extension is the part of the package.json of an extension for VS Code that it needs for a
// debugger.
type extension struct {
	Name, Publisher, Version string
	Engines                  struct{ VSCode string }
	Contributes              struct {
		Breakpoints []struct{ Language string }
		Debuggers   []struct {
			Type, Label, Runtime    string
			Languages, RuntimeArgs  []string
			ConfigurationAttributes map[string]struct{ Properties object }
			InitialConfigurations   []object
		}
	}
}

const (
	repository = "../../../../"
	guide      = repository + "docs/guide/debugging.md"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// block returns the code in the guide from a line to the next line of prose.
func block(t *testing.T, first string) (code string) {
	t.Helper()
	_, rest, ok := strings.Cut(string(read(t, guide)), "\n    "+first+"\n")
	if !ok {
		t.Fatalf("the guide has no line %q", first)
	}
	code = first + "\n"
	for line := range strings.Lines(rest) {
		if line != "\n" && !strings.HasPrefix(line, "    ") {
			break
		}
		code += strings.TrimPrefix(line, "    ")
	}
	return code
}

// keys returns the keys of the arguments of launch and attach.
func keys() (all []string) {
	for field := range reflect.TypeFor[Launch]().Fields() {
		all = append(all, field.Tag.Get("json"))
	}
	slices.Sort(all)
	return all
}

// checkConfiguration has a configuration of an editor.
func checkConfiguration(t *testing.T, c object) {
	t.Helper()
	if c["name"] == nil || c["type"] != "spectrum2-lua" || c["request"] != "launch" && c["request"] != "attach" {
		t.Errorf("the configuration is %v", c)
	}
	for key := range c {
		if !slices.Contains(append(keys(), "name", "type", "request"), key) {
			t.Errorf("%s: the adapter does not know %s", c["name"], key)
		}
	}
}

// TestExtensionForVSCodeIsComplete checks the keys that VS Code needs, and those that it offers.
func TestExtensionForVSCodeIsComplete(t *testing.T) {
	var e extension
	if err := json.Unmarshal(read(t, repository+"examples/vscode/package.json"), &e); err != nil {
		t.Fatal(err)
	}
	if e.Name == "" || e.Publisher == "" || e.Version == "" || !strings.HasPrefix(e.Engines.VSCode, "^1.") {
		t.Errorf("%+v", e)
	}
	if b := e.Contributes.Breakpoints; len(b) != 1 || b[0].Language != "lua" {
		t.Errorf("breakpoints: %+v", b)
	}
	if len(e.Contributes.Debuggers) != 1 {
		t.Fatalf("%+v", e.Contributes)
	}
	d := e.Contributes.Debuggers[0]
	if d.Type != "spectrum2-lua" || d.Label == "" || d.Runtime != "spectrum2-lua" || !slices.Equal(d.RuntimeArgs, []string{"debug"}) || !slices.Equal(d.Languages, []string{"lua"}) {
		t.Errorf("%+v", d)
	}
	var offered []string
	for _, request := range []string{"launch", "attach"} {
		for key := range d.ConfigurationAttributes[request].Properties {
			offered = append(offered, key)
		}
	}
	slices.Sort(offered)
	if want := keys(); !slices.Equal(offered, want) {
		t.Errorf("VS Code offers %q, but the adapter has %q", offered, want)
	}
	for _, c := range d.InitialConfigurations {
		checkConfiguration(t, c)
	}
	var file struct{ Configurations []object }
	text := "{\n" + block(t, `  "version": "0.2.0",`)
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(file.Configurations, d.InitialConfigurations) {
		t.Errorf("the guide has %v, but the extension %v", file.Configurations, d.InitialConfigurations)
	}
}

// TestSettingsForNeovim runs the settings of the guide.
func TestSettingsForNeovim(t *testing.T) {
	l := lua.NewState()
	defer l.Close()
	settings := block(t, `local dap = require("dap")`)
	err := l.DoString(`package.loaded.dap = { adapters = {}, configurations = {}, defaults = { ["spectrum2-lua"] = {} } }
` + settings + "\nreturn dap")
	if err != nil {
		t.Fatal(err)
	}
	dap := l.CheckTable(-1)
	adapter := l.GetField(l.GetField(dap, "adapters"), "spectrum2-lua")
	if l.GetField(adapter, "command").String() != "spectrum2-lua" || l.GetField(adapter, "type").String() != "executable" || l.RawGetInt(l.GetField(adapter, "args").(*lua.LTable), 1).String() != "debug" {
		t.Errorf("the adapter is %v", adapter)
	}
	all := l.GetField(l.GetField(dap, "configurations"), "lua").(*lua.LTable)
	if all.Len() != 4 {
		t.Errorf("there are %d configurations", all.Len())
	}
	all.ForEach(func(_, c lua.LValue) {
		has := object{}
		c.(*lua.LTable).ForEach(func(key, value lua.LValue) { has[key.String()] = value.String() })
		checkConfiguration(t, has)
	})
}

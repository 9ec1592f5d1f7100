package api

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/yuin/gopher-lua/parse"
)

func TestTheFilesRead(t *testing.T) {
	if _, err := read(Files()); err != nil {
		t.Fatal(err)
	}
	conn := FindClass("spectrum.net.Conn")
	if conn == nil {
		t.Fatal("the class spectrum.net.Conn does not exist")
	}
	if conn.Function("read_line") == nil || conn.Function("starttls") == nil {
		t.Errorf("a connection has %q", conn.Names())
	}
	connect := Module("spectrum.net").Function("connect")
	if got := connect.Signature(); got != "connect(address [, options])" {
		t.Errorf("connect is %s", got)
	}
	options := connect.Params[1].Type.Class()
	timeout := options.Field("timeout")
	if timeout.Default != "30" || !timeout.Optional || !strings.HasPrefix(timeout.Doc, "The limit in seconds") {
		t.Errorf("timeout is %+v", timeout)
	}
	if options.Field("server_name") == nil {
		t.Error("the options lack the fields of their parent")
	}
	if got := Handlers().Field("login").Type; got != "async fun(session: spectrum.Session, m: spectrum.Login)" {
		t.Errorf("on.login is %s", got)
	}
	if Session().Function("conv_message") == nil || Session().Field("user") == nil {
		t.Errorf("a session has %q", Session().Names())
	}
	if values := FindAlias("spectrum.StatusType").Values; values[0].Name() != "online" {
		t.Errorf("the first status is %+v", values[0])
	}
	if Module("spectrum.Session") != nil || FindAlias("spectrum.Nothing") != nil || FindClass("nothing") != nil {
		t.Error("Field returns a field that does not exist")
	}
}

func TestClassesInSeveralFiles(t *testing.T) {
	d, err := read(fstest.MapFS{
		"a.lua": {Data: []byte("---@meta a\n\n---@class b\n---@field x string\n\n---@class a\n---@overload fun(x: string): b\nlocal a = {}\n")},
		"b.lua": {Data: []byte("---@meta b\n\n---It is b.\n---@class b\n---@field y string\nlocal b = {}\n\nfunction b.z() end\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, b := d.byName["a"], d.byName["b"]
	if len(d.modules) != 2 || a.Call != "fun(x: string): b" || b.Call != "" {
		t.Errorf("%+v", d.modules)
	}
	if len(b.Fields) != 2 || len(b.Functions) != 1 || b.Doc != "It is b." {
		t.Errorf("%+v", b)
	}
}

// TestTheFilesAreLua compiles the files: editors read them as Lua.
func TestTheFilesAreLua(t *testing.T) {
	names, err := fs.Glob(Files(), "*.lua")
	if err != nil || len(names) == 0 {
		t.Fatal("the folder library has no files", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse.Parse(bytes.NewReader(text), name); err != nil {
			t.Error(err)
		}
		if !bytes.HasPrefix(text, []byte("---@meta ")) {
			t.Errorf("%s has no ---@meta", name)
		}
	}
}

func TestSignatures(t *testing.T) {
	cases := []struct{ class, function, want string }{
		{"spectrum", "spawn", "spawn([name,] fn, …)"},
		{"spectrum", "after", "after([name,] seconds, fn)"},
		{"spectrum", "channel", "channel([capacity])"},
		{"spectrum.net", "udp", "udp([address [, options]])"},
		{"spectrum.crypto", "pbkdf2", "pbkdf2(algorithm, password, salt, iterations [, length [, form]])"},
		{"spectrum.net.Conn", "write", "write(…)"},
		{"spectrum.net.Conn", "close", "close()"},
	}
	for _, c := range cases {
		if got := FindClass(c.class).Function(c.function).Signature(); got != c.want {
			t.Errorf("%s: %s, want %s", c.class, got, c.want)
		}
	}
}

func TestTypes(t *testing.T) {
	cases := []struct {
		typ  Type
		want []Type
	}{
		{"string", []Type{"string"}},
		{"string?", []Type{"string", "nil"}},
		{"string|number|nil", []Type{"string", "number", "nil"}},
		{`"a"|"b"`, []Type{`"a"`, `"b"`}},
		{"table<string, string|number>", []Type{"table<string, string|number>"}},
		{"(string|number)[]", []Type{"(string|number)[]"}},
		{"fun(a: string|nil): boolean|nil", []Type{"fun(a: string|nil): boolean|nil"}},
		{"string|fun(a: string): boolean?", []Type{"string", "fun(a: string): boolean?"}},
		{"(fun(): string?)?", []Type{"fun(): string?", "nil"}},
	}
	for _, c := range cases {
		if got := c.typ.Alternatives(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.typ, got, c.want)
		}
	}
	if got := Type("string|string[]").List(); got != "string" {
		t.Errorf("a list of %q", got)
	}
	if got := Type("(spectrum.Buddy|string)[]").List(); got != "spectrum.Buddy|string" {
		t.Errorf("a list of %q", got)
	}
	if c := Type("spectrum.Session?").Class(); c != Session() {
		t.Errorf("the class is %v", c)
	}
}

// TestUnknownAnnotationsAreErrors expects an error for each line that the parser does not
// understand. Otherwise the line would silently be missing in the docs.
func TestUnknownAnnotationsAreErrors(t *testing.T) {
	class := "---@class a\nlocal a = {}\n"
	cases := []struct{ name, text, want string }{
		{"a tag", "---@nodiscard", "x.lua:1: the tag @nodiscard is not known here"},
		{"code", "a = 1", "x.lua:1: this is none of the forms"},
		{"a field without a class", "---@field a string", "a field without a class"},
		{"text after a field", "---@class a\n---@field b string the text", "b: type expected without a text after it"},
		{"a field without a type", "---@class a\n---@field b", "b: type expected"},
		{"a variable without a class", "local a = {}", "a is of no class"},
		{"a function without a class", "function a.b() end", "a is of no class"},
		{"another parameter", class + "\n---@param x string\nfunction a.b(y) end", `b has the parameters "y", but "x" are described`},
		{"a parameter without a description", class + "\nfunction a.b(y) end", `b has the parameters "y", but "" are described`},
		{"an overload", class + "\n---@param x string\n---@param y string\n---@overload fun(z: string)\nfunction a.b(x, y) end", "the overload does not begin with the second parameter"},
		{"a value without an alias", `---| "a"`, "a value without an alias"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(fstest.MapFS{"x.lua": {Data: []byte(c.text)}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// TestTypesExist checks that each class named in an annotation exists.
func TestTypesExist(t *testing.T) {
	check := func(where string, typ Type) {
		for _, name := range strings.FieldsFunc(string(typ), func(r rune) bool {
			return !(r == '.' || r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
		}) {
			if name = strings.Trim(name, "."); strings.HasPrefix(name, "spectrum") && FindClass(name) == nil && FindAlias(name) == nil {
				t.Errorf("%s: there is no type %s", where, name)
			}
		}
	}
	for _, c := range Classes() {
		for _, parent := range c.Parents {
			check(c.Name, Type(parent))
		}
		for _, f := range c.Fields {
			check(c.Name+"."+f.Name, f.Type)
		}
		for _, f := range c.Functions {
			for _, p := range f.Params {
				check(c.Name+"."+f.Name, p.Type)
			}
			for _, r := range f.Returns {
				check(c.Name+"."+f.Name, r.Type)
			}
		}
	}
}

package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spectrumlua/luabind/policy"
	"spectrumlua/runtime/config"
)

// layout makes a script's folder and a folder next to it, and returns both.
func layout(t *testing.T) (folder, other string) {
	t.Helper()
	top := t.TempDir()
	folder, other = filepath.Join(top, "scripts"), filepath.Join(top, "other")
	for _, dir := range []string{folder, other, filepath.Join(folder, "sub")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"scripts/a", "scripts/sub/b", "other/secret"} {
		if err := os.WriteFile(filepath.Join(top, file), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"inner": "sub/b", "file": "../other/secret", "dir": other, "null": os.DevNull} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder, other
}

func policies(folder string) (sandboxed, open policy.Policy) {
	script := filepath.Join(folder, "script.lua")
	return policy.New(config.Settings{Script: script, Sandbox: true}), policy.New(config.Settings{Script: script})
}

func TestSandboxOpensFilesOfTheScriptsFolderOnly(t *testing.T) {
	folder, other := layout(t)
	sandboxed, open := policies(folder)
	for _, c := range []struct {
		path    string
		allowed bool
	}{
		{folder + "/a", true},
		{folder + "/sub/b", true},
		{folder + "/sub/../a", true},
		{folder + "/inner", true},
		{folder + "/fifo", true},
		{other + "/secret", false},
		{folder + "/../other/secret", false},
		{folder + "/file", false},
		{folder + "/dir/secret", false},
		{folder + "/null", false},
		{"sandbox_test.go", false},
		{"/dev/null", false},
		{"/no/such/file", false},
	} {
		f, err := sandboxed.Open(c.path)
		if err == nil {
			f.Close()
		}
		if allowed := err == nil; allowed != c.allowed || !allowed && !errors.Is(err, policy.ErrOutside) {
			t.Errorf("Open(%q) in the sandbox: %v", c.path, err)
		}
		f, err = open.Open(c.path)
		if err == nil {
			f.Close()
		} else if c.path != "/no/such/file" {
			t.Errorf("Open(%q) without the sandbox: %v", c.path, err)
		}
	}
	if _, err := sandboxed.Open(folder + "/missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file of the folder: %v", err)
	}
}

func TestSandboxChecksDatabaseFiles(t *testing.T) {
	folder, other := layout(t)
	sandboxed, open := policies(folder)
	for _, c := range []struct {
		path string
		want string // "" if it is allowed
	}{
		{folder + "/a", ""},
		{folder + "/missing", ""},
		{folder + "/sub/missing", ""},
		{folder + "/inner", "is not a regular file, which [lua] sandbox requires"},
		{folder + "/file", "is not a regular file, which [lua] sandbox requires"},
		{folder + "/fifo", "is not a regular file, which [lua] sandbox requires"},
		{folder + "/dir/missing", policy.ErrOutside.Error()},
		{other + "/secret", policy.ErrOutside.Error()},
		{folder + "/nowhere/missing", policy.ErrOutside.Error()},
	} {
		err := sandboxed.CheckFile(c.path)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("CheckFile(%q): %v; want %q", c.path, err, c.want)
		}
		if err := open.CheckFile(c.path); err != nil {
			t.Errorf("CheckFile(%q) without the sandbox: %v", c.path, err)
		}
	}
}

func TestSandboxForbidsProgramsAndUnixSockets(t *testing.T) {
	sandboxed, open := policies(t.TempDir())
	for _, err := range []error{sandboxed.CheckProgram(), sandboxed.CheckNetwork("unix")} {
		if err == nil || !strings.Contains(err.Error(), "[lua] sandbox") {
			t.Errorf("%v; want an error that names the setting", err)
		}
	}
	for _, err := range []error{sandboxed.CheckNetwork("tcp"), open.CheckNetwork("unix"), open.CheckProgram()} {
		if err != nil {
			t.Error(err)
		}
	}
	if !sandboxed.ConfinesSQL() || open.ConfinesSQL() {
		t.Error("ConfinesSQL does not follow the sandbox")
	}
}

func TestSandboxKeepsListedLibraryFunctionsOnly(t *testing.T) {
	sandboxed, open := policies(t.TempDir())
	for _, c := range []struct {
		library, name string
		allowed       bool
	}{
		{"", "print", true}, {"", "dofile", false}, {"", "loadfile", false},
		{"os", "time", true}, {"os", "getenv", false}, {"os", "a_new_function", false},
		{"io", "open", false}, {"io", "type", false},
		{"debug", "traceback", true}, {"debug", "getupvalue", false},
		{"string", "rep", true}, {"table", "a_new_function", true},
	} {
		if got := sandboxed.AllowsFunction(c.library, c.name); got != c.allowed {
			t.Errorf("%s.%s in the sandbox: %v", c.library, c.name, got)
		}
		if !open.AllowsFunction(c.library, c.name) || !(policy.Policy{}).AllowsFunction(c.library, c.name) {
			t.Errorf("%s.%s is forbidden without the sandbox", c.library, c.name)
		}
	}
	if sandboxed.AllowsLibrary("io") || !sandboxed.AllowsLibrary("os") || !sandboxed.AllowsLibrary("math") || !open.AllowsLibrary("io") {
		t.Error("the sandbox removes the library io, and no other")
	}
}

func TestSandboxOpensScriptsInFoldersOfThePath(t *testing.T) {
	folder, other := layout(t)
	p := policy.New(config.Settings{Script: folder + "/script.lua", Sandbox: true, Path: []string{"/no/such/folder", other}})
	for _, path := range []string{folder + "/a", other + "/secret"} {
		f, err := p.OpenScript(path)
		if err != nil {
			t.Errorf("OpenScript(%q): %v", path, err)
			continue
		}
		f.Close()
	}
	if _, err := p.OpenScript(other + "/missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file of a folder of the path: %v", err)
	}
	if _, err := p.OpenScript("/dev/null"); !errors.Is(err, policy.ErrOutside) {
		t.Errorf("a file outside of both: %v", err)
	}
	if _, err := p.Open(other + "/secret"); !errors.Is(err, policy.ErrOutside) {
		t.Errorf("a file that is not Lua in a folder of the path: %v", err)
	}
}

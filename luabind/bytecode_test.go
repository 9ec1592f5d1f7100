package luabind_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/luabind/bytecode"
	"spectrumlua/luabind/luatest"
	"spectrumlua/luabind/source"
)

// TestBytecode has one process after the other run a script, in the same folder.
func TestBytecode(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kept")
	// run is one process: it logs what the script says.
	option := "bytecode=" + path
	run := func(t *testing.T, script string) *luatest.Stage {
		t.Helper()
		st := luatest.NewIn(t, dir, script, option)
		t.Cleanup(st.Close)
		_ = st.Host.Load()
		st.Host.SaveBytecode()
		return st
	}
	wantLog := func(t *testing.T, st *luatest.Stage, want string) {
		t.Helper()
		if log := st.Log.String(); !strings.Contains(log, want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
	written := func(t *testing.T) os.FileInfo {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	const script = "print(require 'one', require 'two')\nreturn {}"
	write("one.lua", "return 1")
	write("two.lua", "return 2")
	wantLog(t, run(t, "return {}, ("), "does not load")
	if _, err := os.Stat(path); err == nil {
		t.Error("what does not load is kept")
	}
	quiet := func(t *testing.T, st *luatest.Stage) {
		t.Helper()
		if log := st.Log.String(); strings.Contains(log, "[lua] bytecode") {
			t.Errorf("the log has something that is as it should be:\n%s", log)
		}
	}
	st := run(t, script)
	wantLog(t, st, "1\t2")
	quiet(t, st)
	first := written(t)
	wantLog(t, run(t, script), "1\t2")
	if !os.SameFile(first, written(t)) {
		t.Error("what is kept already is kept again")
	}

	// A file that says something else shows where what runs comes from.
	_, other, problem := source.Compile("one.lua", "\n\nreturn 'kept', error('a place', 1)")
	if problem != nil {
		t.Fatal(problem)
	}
	if err := bytecode.Write(path, []source.Unit{{Name: "one.lua", Text: "return 1", Function: other}}); err != nil {
		t.Fatal(err)
	}
	wantLog(t, run(t, script), "one.lua:3: a place")
	option = "bytecode=off"
	st = run(t, script)
	wantLog(t, st, "1\t2")
	quiet(t, st)
	option = "bytecode=" + path
	write("one.lua", "return 'new'")
	wantLog(t, run(t, script), "new\t2")
	wantLog(t, run(t, script), "new\t2")

	write("kept", "garbage")
	st = run(t, script)
	wantLog(t, st, "new\t2")
	wantLog(t, st, "[lua] bytecode is not used, which costs time alone: "+path+": it is damaged")
	if _, err := bytecode.Open(path); err != nil {
		t.Errorf("it has not been mended: %v", err)
	}

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	wantLog(t, run(t, script), "what the script was compiled to cannot be kept ([lua] bytecode): ")
}

// TestBytecodeOfReloads keeps what the process began with, and nothing that was
// compiled later: that is for the next process to do.
func TestBytecodeOfReloads(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kept")
	scripts := []string{"return { login = function(session) require('la' .. 'te') session:connected() end }", "return {}"}
	const late = "return 'late'"
	st := luatest.NewIn(t, dir, scripts[0], "bytecode="+path)
	defer st.Close()
	st.Write("late.lua", late)
	for _, script := range scripts {
		st.Write("script.lua", script)
		if err := st.Host.Load(); err != nil {
			t.Fatal(err)
		}
		st.Login(alice)
		st.Expect("connected", nil)
		st.Logout(alice)
	}
	st.Host.SaveBytecode()
	file, err := bytecode.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, script := range scripts {
		if kept := file.Function("script.lua", script) != nil; kept != (i == 0) {
			t.Error(fmt.Sprint("script ", i, " is kept: ", kept))
		}
	}
	if file.Function("late.lua", late) != nil {
		t.Error("what was required later is kept")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	st.Host.SaveBytecode()
	if _, err := os.Stat(path); err == nil {
		t.Error("the host holds on to what it has kept")
	}
}

// TestBytecodeOfFailedLoads has a script fail before it loads: nothing of it is
// kept, and nothing at all once the start is over.
func TestBytecodeOfFailedLoads(t *testing.T) {
	const broken, mended = "local a = 1 error('not yet')", "return {}"
	for _, test := range []struct {
		name   string
		before bool // the file has the script already
		late   bool // it is mended when the start is over
		kept   bool
	}{
		{"mended at once", false, false, true},
		{"back to what was kept", true, false, true},
		{"mended later", false, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "kept")
			if test.before {
				st := luatest.NewIn(t, dir, mended, "bytecode="+path)
				defer st.Close()
				_ = st.Host.Load()
				st.Host.SaveBytecode()
			}
			st := luatest.NewIn(t, dir, broken, "bytecode="+path)
			defer st.Close()
			if err := st.Host.Load(); err == nil {
				t.Fatal("it loads")
			}
			if test.late {
				st.Host.SaveBytecode()
			}
			st.Write("script.lua", mended)
			if err := st.Host.Load(); err != nil {
				t.Fatal(err)
			}
			st.Host.SaveBytecode()
			file, _ := bytecode.Open(path) // nil if it is not there
			if file.Function("script.lua", broken) != nil {
				t.Error("what has failed is kept")
			}
			if kept := file.Function("script.lua", mended) != nil; kept != test.kept {
				t.Errorf("the script is kept: %v", kept)
			}
		})
	}
}

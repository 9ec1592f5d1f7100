package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"spectrumlua/luabind/bytecode"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/simulator"
)

// TestBytecode has a process keep what it has compiled, and another one run what
// has been kept: here that is an echo by another name.
func TestBytecode(t *testing.T) {
	script := versionScript("1")
	config := folder(t, script)
	dir := filepath.Dir(config)
	ask := func(want string) {
		t.Helper()
		p, b := startUnder(t, config)
		u := b.Login("alice@localhost", "alice", "pw")
		u.Say("b", "hello")
		u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said(want)))
		path := filepath.Join(dir, "spectrum2-lua.bytecode")
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			_, err := os.Stat(path)
			if err == nil {
				break
			}
			if !errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		b.Exit()
		if code := exitCode(t, p); code != 0 {
			t.Errorf("exit code %d", code)
		}
		_, other, problem := source.Compile("script.lua", versionScript("kept"))
		if problem != nil {
			t.Fatal(problem)
		}
		if err := bytecode.Write(path, []source.Unit{{Name: "script.lua", Text: script, Function: other}}); err != nil {
			t.Fatal(err)
		}
	}
	ask("version 1, message 1")
	ask("version kept, message 1")
	script = versionScript("2")
	write(t, filepath.Join(dir, "script.lua"), script)
	ask("version 2, message 1")
}

package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWatchRunsTestsAgainWhenTheScriptIsSaved saves a script twice while test -watch runs.
func TestWatchRunsTestsAgainWhenTheScriptIsSaved(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const says = "local on = {}\nfunction on.conv_message(session, m)\n" +
		"  session:conv_message { buddy_name = m.buddy_name, message = 'TEXT' }\nend\nreturn on\n"
	write("a.lua", strings.Replace(says, "TEXT", "good day", 1))
	write("a_test.lua", "local test = require 'test'\ntest.case('hello', function(t)\n  local u = t:login()\n  u:say('x', 'hi')\n"+
		"  u:expect('conv_message', { message = 'hello' }, 0.1)\nend)\n")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	read, written := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"test", "-watch", dir}, written, io.Discard)
		_ = written.Close()
	}()
	lines := bufio.NewScanner(read)
	await := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.HasSuffix(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("%q is missing from the output", want)
	}
	await("0 passed, 1 failed")
	write("a.lua", strings.Replace(says, "TEXT", "hello", 1))
	await("a file changed")
	await("1 passed, 0 failed")
	write("a.lua", "local = 1")
	await("0 passed, 1 failed")
	cancel()
	go func() { _, _ = io.Copy(io.Discard, read) }()
	if code := <-ended; code != 1 {
		t.Errorf("the exit code is %d", code)
	}
}

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/commandtest"
)

// TestChatRemovesItsTemporaryFolderAtASignal stops a chat with each signal that stops a
// command.
func TestChatRemovesItsTemporaryFolderAtASignal(t *testing.T) {
	script := filepath.Join(t.TempDir(), "a.lua")
	text := `require("spectrum").store():set("a", 1); print("ready"); return {}`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	commandtest.HearHangups(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			temporary := t.TempDir()
			cmd := exec.CommandContext(t.Context(), "spectrum2-lua", "chat", script)
			cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
			stdin, err := cmd.StdinPipe() // it stays open, without input
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			for lines.Scan() && !strings.Contains(lines.Text(), "ready") {
			}
			if left := names(t, temporary); len(left) == 0 {
				t.Error("the chat wrote no temporary file, so the test proves nothing")
			}
			_ = cmd.Process.Signal(signal)
			for lines.Scan() {
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitFailed { // an interrupted chat has failed
				t.Errorf("the chat ended with %v", cmd.ProcessState)
			}
			if left := names(t, temporary); len(left) > 0 {
				t.Errorf("the chat left %q", left)
			}
		})
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

package prompt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxHistory is the largest number of lines.
const maxHistory = 1000

// maxHistoryFile limits the part of the file that is read, in bytes.
const maxHistoryFile = 4 << 20

// history implements term.History on a file, which only its owner can read.
type history struct {
	keep  func(string) string
	lines []string // oldest first
	file  *os.File // nil if the history is only in memory
}

// StateFile returns the path of a file that a program keeps between runs, in
// $XDG_STATE_HOME/spectrum2-lua. The default of XDG_STATE_HOME is ~/.local/state.
func StateFile(name string) (string, error) {
	dir := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) { // the specification ignores a relative path
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "spectrum2-lua", name), nil
}

// openHistory reads or creates the file. If it fails, the history is only in memory.
func openHistory(path string, keep func(string) string) (h *history, warning error) {
	h = &history{keep: keep}
	if path == "" {
		return h, nil
	}
	if err := h.open(path); err != nil {
		return h, fmt.Errorf("the history is lost at the end: %w", err)
	}
	return h, nil
}

func (h *history) open(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = file.Chmod(0o600)
	text, readErr := io.ReadAll(io.LimitReader(file, maxHistoryFile))
	if err = errors.Join(err, readErr); err != nil {
		return errors.Join(err, file.Close())
	}
	for line := range strings.Lines(string(text)) {
		h.remember(strings.TrimSuffix(line, "\n"))
	}
	h.file = file
	if strings.Count(string(text), "\n") > 2*maxHistory {
		return h.rewrite()
	}
	return nil
}

// rewrite replaces the file by the remembered lines.
func (h *history) rewrite() error {
	if err := h.file.Truncate(0); err != nil {
		return err
	}
	_, err := h.file.WriteString(strings.Join(h.lines, "\n") + "\n")
	return err
}

func (h *history) close() error {
	if h.file == nil {
		return nil
	}
	return h.file.Close()
}

// remember adds a line, unless it is empty or repeats the last one.
func (h *history) remember(line string) (kept bool) {
	if strings.TrimSpace(line) == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return false
	}
	h.lines = append(h.lines, line)
	if len(h.lines) > maxHistory {
		h.lines = append([]string(nil), h.lines[len(h.lines)-maxHistory:]...)
	}
	return true
}

// Add implements term.History.
func (h *history) Add(line string) {
	h.add(h.keep(line))
}

// add adds a line as it is.
func (h *history) add(line string) {
	if h.remember(line) && h.file != nil {
		_, _ = h.file.WriteString(line + "\n") // a full disk loses this line
	}
}

// Len implements term.History.
func (h *history) Len() int { return len(h.lines) }

// At implements term.History: 0 is the newest.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }

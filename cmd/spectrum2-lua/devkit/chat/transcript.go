package chat

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
)

// maxLine is the largest length of a command, in bytes.
const maxLine = 1 << 20

// Transcript is the Console of a list of commands. It writes each command, with masked
// passwords, and the lines that follow.
type Transcript struct {
	lines *bufio.Scanner

	mu  sync.Mutex
	out io.Writer
}

// NewTranscript reads commands from in and writes the transcript to out.
func NewTranscript(in io.Reader, out io.Writer) *Transcript {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	return &Transcript{lines: lines, out: out}
}

// ReadLine implements Console.
func (t *Transcript) ReadLine(prompt string) (string, error) {
	line, err := t.ReadPassword("")
	if err != nil {
		return "", err
	}
	switch trimmed := strings.TrimSpace(line); {
	case trimmed == "":
		t.Print("")
	case strings.HasPrefix(trimmed, "#"):
		t.Print(printable(trimmed))
	default:
		t.Print(prompt + printable(Masked(trimmed)))
	}
	return line, nil
}

// ReadPassword implements Console. The password is the next line, which Transcript does not write.
func (t *Transcript) ReadPassword(string) (string, error) {
	if t.lines.Scan() {
		return t.lines.Text(), nil
	}
	if err := t.lines.Err(); err != nil {
		return "", err
	}
	return "", io.EOF
}

// Print implements Console.
func (t *Transcript) Print(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.out, line)
}

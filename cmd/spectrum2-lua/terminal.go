package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"

	"github.com/mattn/go-isatty"
)

// terminal is the output of a command. Each method writes whole lines. It is safe
// for concurrent use.
type terminal struct {
	out, err io.Writer
	colour   bool // of out

	mu   sync.Mutex
	lost error // the first error of print
}

func newTerminal(out, err io.Writer) *terminal {
	return &terminal{out: out, err: err, colour: wantsColour(out)}
}

// wantsColour reports whether w is a terminal whose user has not turned colours
// off (https://no-color.org).
func wantsColour(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Styles, as the codes of ANSI terminals.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint adds a style to a text if the terminal shows colours.
func (t *terminal) paint(style, text string) string {
	if !t.colour {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// print writes a line to standard output.
func (t *terminal) print(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := fmt.Fprintln(t.out, line); err != nil && t.lost == nil {
		t.lost = err
	}
}

// complete returns an error if print has lost a line, for example on a full disk.
func (t *terminal) complete() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost == nil {
		return nil
	}
	return fmt.Errorf("the output is not complete: %w", t.lost)
}

// note writes a line to standard error.
func (t *terminal) note(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintln(t.err, line)
}

// printable replaces control characters, which could change the terminal.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, line)
}

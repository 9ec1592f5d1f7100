// Package prompt reads lines from a terminal, with editing, history and completion.
// Output appears above the line that the user types.
package prompt

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// Options are the options of Open. In and Out are required.
type Options struct {
	// In and Out are the terminal.
	In, Out *os.File
	// History is the file of the history. If it is "", the history is only in memory.
	History string
	// Keep returns the part of a line that the history keeps, or "" for nothing, so that
	// it keeps no passwords. The default keeps the line.
	Keep func(line string) string
	// Complete returns the words that may replace the text from start to the cursor. It
	// is called when the user presses Tab; before is the line up to the cursor.
	Complete func(before string) (start int, words []string)
}

// Prompt is a terminal in raw mode. Print and Release are safe for concurrent use. The
// other methods are called from one goroutine at a time.
type Prompt struct {
	opts     Options
	terminal *term.Terminal
	before   *term.State
	history  *history
	resized  chan os.Signal
	goes     sync.WaitGroup

	mu       sync.Mutex
	released bool
}

// Open puts the terminal into raw mode, in which Ctrl-C is a key instead of a signal.
// Call Close at the end. If the history cannot be read or written, Open returns a
// warning and works without it.
func Open(o Options) (p *Prompt, warning, err error) {
	if o.Keep == nil {
		o.Keep = func(line string) string { return line }
	}
	before, err := term.MakeRaw(int(o.In.Fd()))
	if err != nil {
		return nil, nil, err
	}
	p = &Prompt{opts: o, before: before, resized: make(chan os.Signal, 1)}
	p.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{o.In, o.Out}, "")
	p.history, warning = openHistory(o.History, o.Keep)
	p.terminal.History = p.history
	if o.Complete != nil {
		p.terminal.AutoCompleteCallback = p.key
	}
	p.terminal.SetBracketedPasteMode(true)
	p.resize()
	signal.Notify(p.resized, syscall.SIGWINCH)
	p.goes.Go(func() {
		for range p.resized {
			p.resize()
		}
	})
	return p, warning, nil
}

func (p *Prompt) resize() {
	if width, height, err := term.GetSize(int(p.opts.Out.Fd())); err == nil && width > 0 {
		_ = p.terminal.SetSize(width, height)
	}
}

// Close restores the terminal.
func (p *Prompt) Close() error {
	signal.Stop(p.resized)
	close(p.resized)
	p.goes.Wait()
	p.terminal.SetBracketedPasteMode(false)
	_, _ = p.opts.Out.WriteString("\r\x1b[K") // erases the prompt
	return errors.Join(term.Restore(int(p.opts.In.Fd()), p.before), p.history.close())
}

// Release leaves raw mode until the next ReadLine. It is for output that does not go
// through the Prompt, such as the report of a panic.
func (p *Prompt) Release() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.released = true
	return term.Restore(int(p.opts.In.Fd()), p.before)
}

func (p *Prompt) retake() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.released {
		return nil
	}
	p.released = false
	_, err := term.MakeRaw(int(p.opts.In.Fd()))
	return err
}

// ReadLine reads a line. It returns io.EOF after Ctrl-C, and after Ctrl-D on an empty
// line. The prompt may have ANSI colours.
func (p *Prompt) ReadLine(prompt string) (string, error) {
	if err := p.retake(); err != nil {
		return "", err
	}
	p.terminal.SetPrompt(prompt)
	line, err := p.terminal.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// ReadPassword reads a line, which the terminal does not show and the history does not keep.
func (p *Prompt) ReadPassword(prompt string) (string, error) {
	return p.terminal.ReadPassword(prompt)
}

// Print writes a line above the line that the user types.
func (p *Prompt) Print(line string) {
	_, _ = p.terminal.Write([]byte(line + "\n")) // ReadLine returns the error of a closed terminal
}

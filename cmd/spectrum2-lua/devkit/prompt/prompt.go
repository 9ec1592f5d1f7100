// Package prompt reads lines from a terminal, with editing, history and completion.
// Output appears above the line that the user types.
package prompt

import (
	"context"
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
	// After follows a word that is complete.
	After string
	// Interrupts makes Ctrl-C an ErrInterrupt instead of an end.
	Interrupts bool
}

// MaxLine is the number of characters that a line can have. The terminal ignores more.
const MaxLine = 4096

// ErrInterrupt is the error of ReadLine after Ctrl-C.
var ErrInterrupt = errors.New("interrupted")

// Prompt is a terminal in raw mode. Print, Release and Quit are safe for concurrent use. The
// other methods are called from one goroutine at a time.
type Prompt struct {
	opts     Options
	input    *input
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
	in, err := newInput(o.In, o.Interrupts)
	if err != nil {
		return nil, nil, err
	}
	before, err := term.MakeRaw(int(o.In.Fd()))
	if err != nil {
		in.close()
		return nil, nil, err
	}
	p = &Prompt{opts: o, input: in, before: before, resized: make(chan os.Signal, 1)}
	p.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, o.Out}, "")
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

// Quit ends ReadLine, and all later calls of it, with io.EOF.
func (p *Prompt) Quit() { p.input.stop() }

// Close restores the terminal. ReadLine must have returned.
func (p *Prompt) Close() error {
	p.input.close()
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

// ReadLine reads a line. It returns io.EOF after Ctrl-D on an empty line, and after Ctrl-C
// io.EOF or ErrInterrupt; see Options. The prompt may have ANSI colours.
func (p *Prompt) ReadLine(prompt string) (string, error) {
	if err := p.retake(); err != nil {
		return "", err
	}
	p.terminal.SetPrompt(prompt)
	line, err := p.terminal.ReadLine()
	if p.input.interrupted {
		p.input.interrupted = false
		return "", ErrInterrupt
	}
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// ReadPassword reads a line, which the terminal does not show and the history does not keep.
func (p *Prompt) ReadPassword(prompt string) (string, error) {
	return p.terminal.ReadPassword(prompt)
}

// AwaitInterrupt waits until the user presses Ctrl-C, and returns true, or until ctx is done.
// ReadLine reads the other keys later. AwaitInterrupt also returns true if the terminal is
// closed.
func (p *Prompt) AwaitInterrupt(ctx context.Context) bool { return p.input.awaitInterrupt(ctx) }

// Remember adds a line to the history, in addition to those that Keep has returned.
func (p *Prompt) Remember(line string) { p.history.add(line) }

// Print writes a line above the line that the user types.
func (p *Prompt) Print(line string) {
	_, _ = p.terminal.Write([]byte(line + "\n")) // ReadLine returns the error of a closed terminal
}

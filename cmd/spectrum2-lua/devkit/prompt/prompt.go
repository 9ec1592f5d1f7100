// Package prompt reads lines from a person at a terminal, with editing, history
// and completion, while output arrives above the line that is being typed.
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

// Options are what a Prompt is made of. In and Out must be given.
type Options struct {
	// In and Out are the terminal.
	In, Out *os.File
	// History is the file that keeps what was typed; "" keeps it in memory.
	History string
	// Keep is what the history keeps of a line, so that no password is among
	// it; "" for nothing. Default: the line.
	Keep func(line string) string
	// Complete is asked when the user presses Tab, with what stands before the
	// cursor: the words that may stand in the place of what begins at start.
	Complete func(before string) (start int, words []string)
}

// Prompt is a terminal in raw mode. Print and Release may be called from any
// goroutine, the rest from one at a time.
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

// Open puts the terminal into raw mode, in which Ctrl-C is a key and no signal.
// Close must be called. That the history cannot be read or written is no
// error: the returned warning says so, and is nil otherwise.
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

// Close gives the terminal back as it was.
func (p *Prompt) Close() error {
	signal.Stop(p.resized)
	close(p.resized)
	p.goes.Wait()
	p.terminal.SetBracketedPasteMode(false)
	_, _ = p.opts.Out.WriteString("\r\x1b[K") // the prompt that stands there
	return errors.Join(term.Restore(int(p.opts.In.Fd()), p.before), p.history.close())
}

// Release leaves raw mode until the next ReadLine: for what is written past the
// Prompt, such as the last words of a process that ends in the middle.
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

// ReadLine reads a line. Ctrl-C, and Ctrl-D on an empty line, are io.EOF. A
// prompt may have ANSI colours.
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

// ReadPassword reads a line that is neither shown nor kept.
func (p *Prompt) ReadPassword(prompt string) (string, error) {
	return p.terminal.ReadPassword(prompt)
}

// Print writes a line above the line that the user types.
func (p *Prompt) Print(line string) {
	_, _ = p.terminal.Write([]byte(line + "\n")) // ReadLine returns the error of a closed terminal
}

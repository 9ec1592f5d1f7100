package prompt

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/creack/pty"
)

// openScreen opens a prompt for which Ctrl-C is an interrupt.
func openScreen(t *testing.T) (*Prompt, *screen) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal is available: %v", err)
	}
	t.Cleanup(func() { _, _ = master.Close(), slave.Close() })
	p, warning, err := Open(Options{In: slave, Out: slave, Interrupts: true})
	if err != nil || warning != nil {
		t.Fatal(err, warning)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, &screen{t: t, master: master}
}

// read reads a line.
func (s *screen) read(p *Prompt, want string, wanted error) {
	s.t.Helper()
	if line, err := p.ReadLine("> "); line != want || !errors.Is(err, wanted) {
		s.t.Errorf("the line is %q, %v; want %q, %v", line, err, want, wanted)
	}
}

func TestCtrlCDiscardsOnlyTheTypedLine(t *testing.T) {
	p, s := openScreen(t)
	s.types("one\rtwo\x03three\r\x03\x04")
	s.read(p, "one", nil)
	s.read(p, "", ErrInterrupt)
	s.read(p, "three", nil)
	s.read(p, "", ErrInterrupt)
	s.read(p, "", io.EOF)
}

func TestAwaitInterruptKeepsOtherKeys(t *testing.T) {
	p, s := openScreen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() { ended <- p.AwaitInterrupt(ctx) }()
	s.types("ahead\r")
	cancel()
	if <-ended {
		t.Error("it reports an interrupt that nobody typed")
	}
	s.read(p, "ahead", nil)
	s.types("lost\r\x03")
	if !p.AwaitInterrupt(t.Context()) {
		t.Error("it does not report Ctrl-C")
	}
	s.types("next\r")
	s.read(p, "next", nil)
	s.types("x\r\x03") // both are read at once
	s.read(p, "x", nil)
	if !p.AwaitInterrupt(t.Context()) {
		t.Error("it does not report Ctrl-C that was read before")
	}
}

func TestQuitEndsReadLine(t *testing.T) {
	p, s := openScreen(t)
	ended := make(chan error)
	go func() {
		_, err := p.ReadLine("> ")
		ended <- err
	}()
	s.until("> ")
	p.Quit()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	s.read(p, "", io.EOF)
}

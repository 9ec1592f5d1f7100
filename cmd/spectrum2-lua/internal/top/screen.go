package top

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/crash"
)

// Control sequences of terminals.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // the alternate screen, without the cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	clearLine   = "\x1b[K"
	clearRest   = "\x1b[J"
)

// findEvery is how many views are made before new processes are looked for.
const findEvery = 5

// Live shows the processes on a terminal until the user quits or ctx is done. It asks them
// once in every.
func Live(ctx context.Context, o Options, in, out *os.File, every time.Duration) error {
	all, err := live.Of(o.File, o.PID) // an error is easier to read without the screen
	if err != nil {
		return err
	}
	live.Close(all)
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }()
	_, _ = io.WriteString(out, enterScreen)
	defer func() { _, _ = io.WriteString(out, leaveScreen) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &screen{ui: newUI(o), out: out, every: every, views: make(chan *view), notes: make(chan string, 8), wanted: make(chan Options, 1)}
	keys := make(chan []byte)
	go read(ctx, in, keys)
	go s.watch(ctx, o)
	return s.run(ctx, keys)
}

// screen is a terminal with the view on it.
type screen struct {
	*ui
	out    *os.File
	every  time.Duration
	views  chan *view
	notes  chan string  // results of actions
	wanted chan Options // for watch: other rows, at once
}

// run handles keys and views.
func (s *screen) run(ctx context.Context, keys <-chan []byte) error {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	for {
		s.draw()
		select {
		case <-ctx.Done():
			return nil
		case v := <-s.views:
			s.view = v
		case note := <-s.notes:
			s.note = note
		case <-resized:
		case typed, open := <-keys:
			if !open {
				return nil
			}
			for _, key := range parseKeys(typed) {
				s.press(ctx, key)
			}
			if s.quit {
				return nil
			}
		}
	}
}

// press handles a key and starts what it asks for.
func (s *screen) press(ctx context.Context, key string) {
	todo := s.ui.press(key)
	if s.changed {
		s.changed = false
		select {
		case <-s.wanted: // replaced by a newer one
		default:
		}
		s.wanted <- s.o
	}
	if todo == nil {
		return
	}
	o := s.o
	go func() {
		defer crash.Guard()
		note := act(ctx, o, todo)
		select {
		case s.notes <- note:
		case <-ctx.Done():
		}
	}()
}

// watch sends views until ctx is done.
func (s *screen) watch(ctx context.Context, o Options) {
	defer crash.Guard()
	var all []live.Backend
	defer func() { live.Close(all) }()
	var before *view
	for n := 0; ; n++ {
		if n%findEvery == 0 || before == nil || before.incomplete() {
			if found, err := live.Of(o.File, o.PID); err == nil {
				live.Close(all)
				all = found
			} else if none := (*live.NoneError)(nil); errors.As(err, &none) {
				live.Close(all)
				all = nil
			}
		}
		before = ask(ctx, o, all, before)
		select {
		case s.views <- before:
		case <-ctx.Done():
			return
		}
		select {
		case o = <-s.wanted:
		case <-time.After(s.every):
		case <-ctx.Done():
			return
		}
	}
}

// incomplete reports whether a process has not answered.
func (v *view) incomplete() bool {
	for _, p := range v.processes {
		if p.err != nil {
			return true
		}
	}
	return len(v.processes) == 0
}

// draw writes the whole screen.
func (s *screen) draw() {
	width, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	var b strings.Builder
	b.WriteString(home)
	for i, line := range s.lines(width, height) {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line + clearLine)
	}
	b.WriteString(clearRest)
	_, _ = io.WriteString(s.out, b.String())
}

// read sends what the user types until ctx is done. It blocks in a read after that, so the
// last key may be lost.
func read(ctx context.Context, in io.Reader, keys chan<- []byte) {
	defer crash.Guard()
	defer close(keys)
	for {
		typed := make([]byte, 64)
		n, err := in.Read(typed)
		if n > 0 {
			select {
			case keys <- typed[:n]:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

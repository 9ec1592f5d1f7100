package prompt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Keys as a terminal in raw mode sends them.
const (
	ctrlC = 3
	// emptyLine are the keys that empty the line and finish it: end, delete to the start, enter.
	emptyLine = "\x05\x15\r"
)

// maxAhead limits the keys that the user types ahead, in bytes. Later ones are lost.
const maxAhead = 1 << 20

// input reads a terminal for the line editor. Another goroutine may call stop.
type input struct {
	file       *os.File
	interrupts bool
	ahead      []byte // that were read, but not by the line editor
	// interrupted is true if the line that the editor returns next was ended by Ctrl-C.
	interrupted bool

	quit, quitter *os.File // quit can be read after quitter was closed
	once          sync.Once
}

func newInput(file *os.File, interrupts bool) (*input, error) {
	quit, quitter, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &input{file: file, interrupts: interrupts, quit: quit, quitter: quitter}, nil
}

// stop makes Read return io.EOF.
func (in *input) stop() { in.once.Do(func() { _ = in.quitter.Close() }) }

// close releases the input.
func (in *input) close() {
	in.stop()
	_ = in.quit.Close()
}

// Read implements io.Reader. With interrupts, Ctrl-C becomes the keys that empty and finish
// the line.
func (in *input) Read(p []byte) (int, error) {
	if len(in.ahead) == 0 {
		var err error
		if in.ahead, err = in.keys(in.quit); err != nil {
			return 0, err
		}
	}
	n := len(in.ahead)
	if in.interrupts {
		switch at := bytes.IndexByte(in.ahead, ctrlC); {
		case at == 0:
			in.ahead = in.ahead[1:]
			in.interrupted = true
			return copy(p, emptyLine), nil
		case at > 0:
			n = at // the lines before it are not interrupted
		}
	}
	n = copy(p, in.ahead[:n])
	in.ahead = in.ahead[n:]
	return n, nil
}

// keys waits for keys. It returns io.EOF if the file stop can be read before.
func (in *input) keys(stop *os.File) ([]byte, error) {
	fds := []unix.PollFd{{Fd: int32(in.file.Fd()), Events: unix.POLLIN}, {Fd: int32(stop.Fd()), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return nil, err
		}
		if fds[1].Revents != 0 {
			return nil, io.EOF
		}
		if fds[0].Revents != 0 {
			keys := make([]byte, 4096)
			n, err := in.file.Read(keys)
			return keys[:n], err
		}
	}
}

// awaitInterrupt waits for Ctrl-C. Read returns the other keys, unless Ctrl-C follows.
func (in *input) awaitInterrupt(ctx context.Context) bool {
	stop, stopper, err := os.Pipe()
	if err != nil { // the line runs, but cannot be interrupted
		<-ctx.Done()
		return false
	}
	defer func() { _ = stop.Close() }()
	end := sync.OnceFunc(func() { _ = stopper.Close() })
	defer end()
	defer context.AfterFunc(ctx, end)()
	for keys := in.ahead; ; {
		if bytes.IndexByte(keys, ctrlC) >= 0 {
			in.ahead = nil // as a terminal does
			return true
		}
		var err error
		if keys, err = in.keys(stop); err != nil {
			return ctx.Err() == nil
		}
		if len(in.ahead)+len(keys) <= maxAhead {
			in.ahead = append(in.ahead, keys...)
		}
	}
}

package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/crash"
)

// Pump is a Source for a body that has no read deadline. It copies the body into a pipe:
// interrupting a read of the body itself would end the body.
type Pump struct {
	cancel      context.CancelFunc // ends a read of the body that waits; called at the end in any case
	here, there net.Conn
	body        io.ReadCloser
	end         error // why the body ended; set before the pipe is closed
}

// pumped is how many bytes are copied at a time.
const pumped = 4 << 10

// Open waits, without the script lock, for open to begin a download, and returns a pump for
// its body. Start starts the pump. The context of open ends with the pump, or with the wait if
// open has not returned by then. A timeout of 0 means no limit. If open returns a body beside
// an error, Open closes it.
func Open(l *lua.LState, timeout time.Duration, open func(ctx context.Context) (io.ReadCloser, error)) (*Pump, error) {
	ctx, cancel := context.WithCancel(context.Background())
	var body io.ReadCloser
	handedOver := false
	defer func() { // the wait may raise an error
		if handedOver {
			return
		}
		cancel()
		if body != nil {
			_ = body.Close()
		}
	}()
	err := bind.WaitTimeout(l, timeout, func(wait context.Context) (err error) {
		stop := context.AfterFunc(wait, cancel)
		body, err = open(ctx)
		if !stop() {
			return context.Cause(wait)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	handedOver = true
	p := &Pump{cancel: cancel, body: body}
	p.here, p.there = net.Pipe()
	return p, nil
}

// Start starts the copying. The caller calls Close at the end.
func (p *Pump) Start() { go p.run() }

func (p *Pump) run() {
	defer crash.Guard()
	defer p.cancel()
	defer func() { _ = p.there.Close() }()
	defer p.body.Close()
	buf := make([]byte, pumped)
	for {
		n, err := p.body.Read(buf)
		if n > 0 { // writing nothing to a pipe waits for a reader, too
			if _, writeErr := p.there.Write(buf[:n]); writeErr != nil {
				return
			}
		}
		if err != nil {
			p.end = err
			return
		}
	}
}

// Read implements Source.
func (p *Pump) Read(b []byte) (int, error) {
	n, err := p.here.Read(b)
	if errors.Is(err, io.EOF) && p.end != nil {
		err = p.end
	}
	return n, err
}

// SetReadDeadline implements Source.
func (p *Pump) SetReadDeadline(t time.Time) error { return p.here.SetReadDeadline(t) }

// Close ends the copying and wakes a waiting reader.
func (p *Pump) Close() error {
	p.cancel()
	return p.here.Close()
}

package stream

import (
	"errors"
	"io"
	"net"
	"time"

	"spectrumlua/runtime/crash"
)

// Pump is a Source for a body that has no read deadline. It copies the body into a pipe:
// interrupting a read of the body itself would end the body.
type Pump struct {
	cancel      func()
	here, there net.Conn
	body        io.ReadCloser
	end         error // why the body ended; set before the pipe is closed
}

// pumped is how many bytes are copied at a time.
const pumped = 4 << 10

// NewPump returns a pump. Start starts it. cancel ends a read of the body that waits; it is
// called at the end in any case.
func NewPump(body io.ReadCloser, cancel func()) *Pump {
	p := &Pump{cancel: cancel, body: body}
	p.here, p.there = net.Pipe()
	return p
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

package backend

import (
	"context"
	"net"

	"spectrumlua/luabind"
	"spectrumlua/pb"
	"spectrumlua/runtime/link"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// Peer is the other side of a backend. It delivers the messages of users and accepts those
// of the script.
type Peer interface {
	luabind.Link
	// Sent returns the number of messages that the script has sent so far.
	Sent() uint64
	// Run serves users until the peer ends or ctx is done. Send works until Close.
	Run(ctx context.Context) error
	// Close flushes the queue until ctx is done and closes the connection.
	Close(ctx context.Context)
}

// Wiring is what a Peer needs from its Backend.
type Wiring struct {
	// Receive delivers a message for the script; see session.Registry.Receive. The peer
	// calls it after New has returned.
	Receive func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)
	// Observer sees the messages in both directions. It is nil if nothing is recorded.
	Observer link.Observer
}

// spectrum is the peer of a backend that Spectrum starts.
type spectrum struct {
	*link.Link
	dial func(ctx context.Context) (net.Conn, error)
}

func (b *Backend) spectrum(w Wiring) Peer {
	return spectrum{link.New(link.Options{
		MaxFrame: int(b.opts.Settings.MaxFrame),
		Log:      b.opts.Log("link"),
		Receive:  w.Receive,
		Observer: w.Observer,
	}), b.opts.Dial}
}

// Send drops the messages that Spectrum does not know.
func (s spectrum) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	if t := schema.TypeByNumber(typ); t != nil && t.GatewayOnly {
		return nil
	}
	return s.Link.Send(typ, payload)
}

// Run connects to Spectrum and serves the connection.
func (s spectrum) Run(ctx context.Context) error {
	conn, err := s.dial(ctx)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			_ = conn.Close()
		}
		return nil
	case err != nil:
		return err
	}
	return s.Link.Run(ctx, conn)
}

package backend

import (
	"cmp"
	"context"
	"net"

	"spectrumlua/luabind"
	"spectrumlua/pb"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/link"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/spectrum"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/trace"
)

// Peer is the other side of a backend. It delivers the messages of users and accepts those
// of the script.
type Peer interface {
	luabind.Link
	// Sent returns the number of messages that the script has sent so far.
	Sent() uint64
	// Queued returns the number of bytes that wait for the other side.
	Queued() int64
	// Connected reports whether the other side accepts messages.
	Connected() bool
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
	// Observer sees the messages in both directions. It is nil if nobody can see them.
	Observer link.Observer
	// Stanzas shows the stanzas of a peer that is a component of an XMPP server to admins.
	Stanzas *trace.Stanzas
	// Handles reports whether the script has a handler for a type. The peer calls it after
	// New has returned.
	Handles func(typ pb.WrapperMessage_Type) bool
	// Files shares files.
	Files *files.Service
}

// linkPeer is the peer of a backend that connects: Spectrum, or a tool that plays the
// gateway.
type linkPeer struct {
	*link.Link
	dial func(ctx context.Context) (net.Conn, error)
}

// spectrumPeer is the peer of a backend that Spectrum starts.
type spectrumPeer struct {
	linkPeer
	side *spectrum.Side
}

func (b *Backend) connect(o link.Observer, receive func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)) linkPeer {
	return linkPeer{link.New(link.Options{
		MaxFrame: int(b.opts.Settings.MaxFrame),
		Log:      b.opts.Log("link"),
		Receive:  receive,
		Observer: o,
	}), b.opts.Dial}
}

func (b *Backend) spectrum(w Wiring) Peer {
	if b.opts.Gateway {
		return b.connect(w.Observer, w.Receive)
	}
	p := &spectrumPeer{}
	name, _ := b.opts.Config.Get("identity.name")
	p.side = spectrum.New(spectrum.Options{
		JID: b.opts.Config.JID(), Name: cmp.Or(name, b.opts.Config.JID()), Receive: w.Receive, Log: b.opts.Log("link"),
		Send: func(typ pb.WrapperMessage_Type, payload []byte) error { return p.Link.Send(typ, payload) },
	})
	// The gate is in front, because the side looks at each message.
	p.linkPeer = b.connect(b.gated(p.side.Observe(w.Observer)), p.side.Receive)
	return p
}

// Send sends a message as Spectrum understands it.
func (p *spectrumPeer) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	return p.side.Send(typ, payload)
}

// Run connects to Spectrum and serves the connection.
func (p linkPeer) Run(ctx context.Context) error {
	conn, err := p.dial(ctx)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			_ = conn.Close()
		}
		return nil
	case err != nil:
		return err
	}
	return p.Link.Run(ctx, conn)
}

// loaded returns the function that a peer wants to be called after each load, with the texts of
// the script's files, or nil.
func loaded(p Peer) func(texts []string) {
	if peer, ok := p.(interface{ Loaded(texts []string) }); ok {
		return peer.Loaded
	}
	return nil
}

// dropped returns the number of stanzas that a peer has dropped. Only an XMPP server has stanzas.
func dropped(p Peer) uint64 {
	if peer, ok := p.(interface{ Dropped() uint64 }); ok {
		return peer.Dropped()
	}
	return 0
}

// Loaded notes what the script uses.
func (p *spectrumPeer) Loaded(texts []string) { p.side.Uses(texts) }

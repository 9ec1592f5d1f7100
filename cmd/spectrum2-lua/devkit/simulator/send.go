package simulator

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// Send sends a message; a nil payload is left out. Like every method that
// sends, it blocks for as long as the backend does not read, until Close.
// Required fields may be missing: the backend has to bear it.
func (b *Backend) Send(typ pb.WrapperMessage_Type, payload proto.Message) error {
	frame, err := wrapper(typ, payload)
	if err != nil {
		return err
	}
	return b.SendFrame(frame)
}

// SendPayload sends a message with a payload of any bytes. A nil payload is
// left out.
func (b *Backend) SendPayload(typ pb.WrapperMessage_Type, payload []byte) error {
	return b.SendFrame(pb.AppendWrapper(nil, typ, payload))
}

// SendFrame sends bytes, which need not be a WrapperMessage, as a frame.
func (b *Backend) SendFrame(frame []byte) error { return b.sendFrames(frame) }

// SendBytes sends bytes as they are, without a length: a part of a frame,
// several frames, or garbage. They are not remembered.
func (b *Backend) SendBytes(raw []byte) error {
	b.writeMu.Lock()
	defer b.writeMu.Unlock()
	_, err := b.conn.Write(raw)
	return err
}

// sendFrames sends frames in one write.
func (b *Backend) sendFrames(frames ...[]byte) error {
	b.writeMu.Lock()
	defer b.writeMu.Unlock()
	_, err := b.writeLocked(frames...)
	return err
}

// writeLocked remembers the frames before it writes them, so that an answer
// never stands before its question. It returns the number of the last PING
// among them, if there is one. It is called with b.writeMu held.
func (b *Backend) writeLocked(frames ...[]byte) (ping int, err error) {
	out := b.out[:0]
	for _, frame := range frames {
		out = append(wire.AppendHeader(out, len(frame)), frame...)
		f := Decode(ToBackend, append([]byte(nil), frame...))
		if b.manners != nil {
			b.manners.note(f)
		}
		if n := b.journal.add(f); n > 0 {
			ping = n
		}
	}
	if cap(out) <= wire.DefaultMaxFrame {
		b.out = out
	}
	_, err = b.conn.Write(out)
	return ping, err
}

// Ping sends PING and waits for its PONG. The backend has then read all that
// was sent before, and is alive. It need not have handled it: PONG leaves ahead
// of everything else. A barrier for handlers is an answer that only a handler
// gives; see Barrier.
func (b *Backend) Ping(ctx context.Context) error {
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	b.writeMu.Lock()
	n, err := b.writeLocked(pb.AppendWrapper(nil, pb.WrapperMessage_TYPE_PING, nil))
	b.writeMu.Unlock()
	if err != nil {
		return fmt.Errorf("sending PING: %w", err)
	}
	err = b.journal.await(ctx, func() bool { return b.journal.pongs >= n })
	if err != nil {
		return b.unmet("PONG", err)
	}
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	for i := range b.journal.entries {
		if e := &b.journal.entries[i]; e.pong > 0 && e.pong <= n {
			e.taken = true
		}
	}
	return nil
}

// Exit sends EXIT and waits until the backend has closed the connection.
func (b *Backend) Exit(ctx context.Context) error {
	if err := b.Send(pb.WrapperMessage_TYPE_EXIT, nil); err != nil {
		return fmt.Errorf("sending EXIT: %w", err)
	}
	return b.AwaitEnd(ctx)
}

// AwaitEnd waits until nothing more comes from the backend. Everything it had
// to say has then been received.
func (b *Backend) AwaitEnd(ctx context.Context) error {
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	select {
	case <-b.done:
		return nil
	case <-ctx.Done():
		return b.unmet("the end of the connection", context.Cause(ctx))
	}
}

func wrapper(typ pb.WrapperMessage_Type, payload proto.Message) ([]byte, error) {
	if payload == nil {
		return pb.AppendWrapper(nil, typ, nil), nil
	}
	bytes, err := proto.MarshalOptions{AllowPartial: true}.MarshalAppend([]byte{}, payload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", typeName(typ), err)
	}
	return pb.AppendWrapper(nil, typ, bytes), nil
}

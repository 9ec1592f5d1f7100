package simulator

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// Send sends a message. payload may be nil, and required fields may be missing: a backend
// must tolerate this. Like all methods that send, Send blocks while the backend does not
// read, until Close.
func (b *Backend) Send(typ pb.WrapperMessage_Type, payload proto.Message) error {
	frame, err := wrapper(typ, payload)
	if err != nil {
		return err
	}
	return b.SendFrame(frame)
}

// SendPayload sends a message with any bytes as payload. payload may be nil.
func (b *Backend) SendPayload(typ pb.WrapperMessage_Type, payload []byte) error {
	return b.SendFrame(pb.AppendWrapper(nil, typ, payload))
}

// SendFrame sends any bytes as a frame. They need not be a WrapperMessage.
func (b *Backend) SendFrame(frame []byte) error { return b.sendFrames(frame) }

// SendBytes sends bytes without a length: a part of a frame, several frames, or garbage.
// The simulator does not keep them.
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

// writeLocked keeps the frames before it writes them, so that a question always stands
// before its answer. It returns the number of the last PING among them, or 0. b.writeMu is
// held.
func (b *Backend) writeLocked(frames ...[]byte) (ping int, err error) {
	out := b.out[:0]
	for _, frame := range frames {
		out = append(wire.AppendHeader(out, len(frame)), frame...)
		f := Decode(ToBackend, append([]byte(nil), frame...))
		b.occupancy.sent(f)
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

// Ping sends PING and waits for its PONG. The backend has then read all earlier messages,
// but need not have handled them, because PONG overtakes other messages. For a wait that
// includes handlers, see Barrier.
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

// AwaitEnd waits until the connection has ended and all frames of the backend are received.
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

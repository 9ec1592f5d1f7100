// Package baseline is the backend to which bench compares others: a plain Go echo
// without Lua, sessions or queues. It does only what every backend must do.
package baseline

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// Contact is the contact of all users.
const Contact = "echo"

// Serve echoes the messages that it reads from conn. It parses each frame and the fields
// of its payload, and encodes a new frame with the same fields. It buffers with bufio's
// default sizes, and flushes when no more input is buffered. It answers PING and LOGIN,
// ignores other messages, and returns at EXIT or at the end of the connection. It does not
// close the connection.
func Serve(conn net.Conn) error {
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	var b Backend
	for {
		frame, err := b.read(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		exit, err := b.Handle(frame)
		if err != nil {
			return err
		}
		if _, err := out.Write(b.Out); err != nil {
			return err
		}
		b.Out = b.Out[:0]
		if exit || in.Buffered() == 0 {
			if err := out.Flush(); err != nil || exit {
				return err
			}
		}
	}
}

// read reads a frame, which is valid until the next call.
func (b *Backend) read(in *bufio.Reader) ([]byte, error) {
	header, err := in.Peek(wire.HeaderSize)
	if err != nil {
		if len(header) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(header))
	if size > wire.DefaultMaxFrame {
		return nil, wire.ErrTooLong
	}
	_, _ = in.Discard(wire.HeaderSize) // it is buffered
	if b.frame = slices.Grow(b.frame[:0], size)[:size]; size == 0 {
		return b.frame, nil
	}
	if _, err := io.ReadFull(in, b.frame); errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return b.frame, nil
}

// Backend is the echo without its connection.
type Backend struct {
	// Out receives the frames of the answers. The caller empties it.
	Out []byte

	frame   []byte
	payload []byte
}

// Handle answers a frame. It reports whether the frame is EXIT.
func (b *Backend) Handle(frame []byte) (exit bool, err error) {
	typ, payload, err := pb.SplitWrapper(frame)
	if err != nil {
		return false, err
	}
	switch typ {
	case pb.WrapperMessage_TYPE_EXIT:
		return true, nil
	case pb.WrapperMessage_TYPE_PING:
		return false, b.pong()
	case pb.WrapperMessage_TYPE_LOGIN:
		return false, b.login(payload)
	case pb.WrapperMessage_TYPE_CONV_MESSAGE:
		return false, b.echo(payload)
	}
	return false, nil
}

func (b *Backend) echo(payload []byte) error {
	m, err := ParseMessage(payload)
	if err != nil {
		return err
	}
	b.payload = m.append(b.payload[:0])
	b.append(pb.WrapperMessage_TYPE_CONV_MESSAGE, b.payload)
	return nil
}

func (b *Backend) login(payload []byte) error {
	var login pb.Login
	if err := proto.Unmarshal(payload, &login); err != nil {
		return err
	}
	err := b.Send(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: login.User})
	if err != nil {
		return err
	}
	return b.Send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{
		UserName:  login.User,
		BuddyName: proto.String(Contact),
		Alias:     proto.String("Echo"),
		Status:    pb.StatusType_STATUS_TYPE_ONLINE.Enum(),
	})
}

func (b *Backend) pong() error {
	b.append(pb.WrapperMessage_TYPE_PONG, nil)
	return b.Send(pb.WrapperMessage_TYPE_STATS, &pb.Stats{
		Res:     proto.Int32(0),
		InitRes: proto.Int32(0),
		Shared:  proto.Int32(0),
		Id:      proto.String(strconv.Itoa(os.Getpid())),
	})
}

// Send appends a frame to Out.
func (b *Backend) Send(typ pb.WrapperMessage_Type, message proto.Message) error {
	payload, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("%v: %w", typ, err)
	}
	b.append(typ, payload)
	return nil
}

// The fields of a WrapperMessage.
const (
	typeField    = 1
	payloadField = 2
)

func (b *Backend) append(typ pb.WrapperMessage_Type, payload []byte) {
	size := protowire.SizeTag(typeField) + protowire.SizeVarint(uint64(typ)) //nolint:gosec // types are positive
	if payload != nil {
		size += protowire.SizeTag(payloadField) + protowire.SizeBytes(len(payload))
	}
	b.Out = wire.AppendHeader(b.Out, size)
	b.Out = protowire.AppendTag(b.Out, typeField, protowire.VarintType)
	b.Out = protowire.AppendVarint(b.Out, uint64(typ)) //nolint:gosec // types are positive
	if payload != nil {
		b.Out = protowire.AppendTag(b.Out, payloadField, protowire.BytesType)
		b.Out = protowire.AppendBytes(b.Out, payload)
	}
}

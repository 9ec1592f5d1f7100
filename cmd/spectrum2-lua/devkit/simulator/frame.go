package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/wire"
)

// Direction says who sent a frame.
type Direction int

const (
	// ToBackend frames are sent by Spectrum.
	ToBackend Direction = iota
	// FromBackend frames are sent by the backend.
	FromBackend
)

// Arrow returns → for frames to the backend and ← for frames from it.
func (d Direction) Arrow() string {
	if d == FromBackend {
		return "←"
	}
	return "→"
}

// Frame is one frame. It never changes.
type Frame struct {
	// Seq is the number of the frame on its connection, from 1, in both directions.
	Seq       uint64
	Time      time.Time
	Direction Direction
	// Bytes is the frame without its length.
	Bytes []byte

	Type pb.WrapperMessage_Type
	// Payload is a part of Bytes, or nil if the frame has no payload.
	Payload []byte
	// Message is the decoded payload. It is nil if the type is unknown, raw or without
	// a payload, or if the payload does not parse.
	Message proto.Message
	// User is the user that the message names, or "".
	User string
	// Err is why the frame or its payload is invalid: it is not a WrapperMessage, does
	// not parse, or lacks a required field. An unknown type is valid.
	Err error
	// Dropped is why Spectrum drops a frame of the backend although it is valid, or "".
	Dropped string
}

// errEmpty is the Err of a frame without bytes.
var errEmpty = errors.New("empty frame")

// Decode parses a frame. It keeps bytes, so the caller must not change them.
func Decode(direction Direction, bytes []byte) Frame {
	f := Frame{Direction: direction, Bytes: bytes, Time: time.Now()}
	if len(bytes) == 0 {
		f.Err = errEmpty
		return f
	}
	f.Type, f.Payload, f.Err = pb.SplitWrapper(bytes)
	if f.Err != nil {
		return f
	}
	typ := schema.TypeByNumber(f.Type)
	if typ == nil {
		return f
	}
	f.User = string(typ.UserOf(f.Payload))
	if typ.Payload == nil {
		return f
	}
	message, err := newMessage(typ.Payload.Descriptor)
	if err == nil {
		err = proto.UnmarshalOptions{AllowPartial: true}.Unmarshal(f.Payload, message)
	}
	if err != nil {
		f.Err = fmt.Errorf("its payload does not parse: %w", err)
		return f
	}
	f.Message = message
	if missing := missingFields(message.ProtoReflect(), typ.Payload); len(missing) > 0 {
		f.Err = fmt.Errorf("required fields are missing: %q", missing)
	}
	return f
}

// understood reports whether f.Type is valid.
func (f Frame) understood() bool {
	return !errors.Is(f.Err, errEmpty) && !errors.Is(f.Err, pb.ErrMalformed)
}

// TypeName returns the type's name in protocol.proto, without TYPE_, or "type N" if the
// type is unknown.
func (f Frame) TypeName() string { return typeName(f.Type) }

func typeName(t pb.WrapperMessage_Type) string {
	if typ := schema.TypeByNumber(t); typ != nil {
		return string(bytes.ToUpper([]byte(typ.Name)))
	}
	return fmt.Sprintf("type %d", int32(t))
}

// AppendFrame appends a frame, with its length, to dst. payload may be nil.
func AppendFrame(dst []byte, typ pb.WrapperMessage_Type, payload []byte) []byte {
	n := len(payload)
	if payload == nil {
		n = -1
	}
	dst = wire.AppendHeader(dst, pb.SizeWrapper(typ, n))
	return pb.AppendWrapper(dst, typ, payload)
}

func newMessage(d protoreflect.MessageDescriptor) (proto.Message, error) {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return nil, err
	}
	return t.New().Interface(), nil
}

// missingFields returns the names of the required fields that m, or a nested message,
// does not have.
func missingFields(m protoreflect.Message, s *schema.Message) []string {
	var missing []string
	for _, field := range s.Fields {
		d := field.Descriptor
		switch {
		case d.Cardinality() == protoreflect.Required && !m.Has(d):
			missing = append(missing, field.Name)
		case d.IsMap() || field.Message == nil || !m.Has(d):
		case d.IsList():
			list := m.Get(d).List()
			for i := range list.Len() {
				for _, name := range missingFields(list.Get(i).Message(), field.Message) {
					missing = append(missing, fmt.Sprintf("%s[%d].%s", field.Name, i, name))
				}
			}
		default:
			for _, name := range missingFields(m.Get(d).Message(), field.Message) {
				missing = append(missing, field.Name+"."+name)
			}
		}
	}
	return missing
}

package record

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/spelling"
)

// maxDepth is the maximum depth of nested messages.
const maxDepth = 32

// typeNumber returns the number of a type by its name in a record.
func typeNumber(name string) (pb.WrapperMessage_Type, error) {
	if typ := schema.TypeByName(name); typ != nil {
		return typ.Number, nil
	}
	if n, err := strconv.ParseInt(name, 10, 32); err == nil {
		return pb.WrapperMessage_Type(n), nil
	}
	var names []string
	for _, typ := range schema.Types() {
		names = append(names, typ.Name)
	}
	return 0, unknown("type", name, names)
}

func unknown(what, name string, names []string) error {
	if near := spelling.Name(name, names); near != "" {
		return fmt.Errorf("there is no %s %q; did you mean %q?", what, name, near)
	}
	return fmt.Errorf("there is no %s %q; there are %s", what, name, strings.Join(names, ", "))
}

// encodePayload encodes the fields of a record as a payload.
func encodePayload(typ *schema.Type, fields json.RawMessage) ([]byte, error) {
	if typ.Payload == nil {
		return nil, fmt.Errorf("%s has no fields", typ.Name)
	}
	m := dynamicpb.NewMessage(typ.Payload.Descriptor)
	if err := readMessage(m, typ.Payload, fields, 0); err != nil {
		return nil, err
	}
	return proto.MarshalOptions{AllowPartial: true, Deterministic: true}.MarshalAppend([]byte{}, m)
}

func readMessage(m protoreflect.Message, s *schema.Message, text json.RawMessage, depth int) error {
	if depth == maxDepth {
		return fmt.Errorf("messages are nested more than %d deep", maxDepth)
	}
	var fields map[string]json.RawMessage
	if err := read(text, &fields, "an object"); err != nil {
		return err
	}
	for name, value := range fields {
		if name == unknownKey {
			if err := readUnknown(m, value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		f := s.Field(name)
		if f == nil {
			return unknown("field", name, s.FieldNames())
		}
		if err := readField(m, f, value, depth); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// readUnknown reads the bytes of unknown fields.
func readUnknown(m protoreflect.Message, value json.RawMessage) error {
	raw, err := readBytes(value)
	if err != nil {
		return err
	}
	for rest := raw; len(rest) > 0; {
		_, _, n := protowire.ConsumeField(rest)
		if n < 0 {
			return fmt.Errorf("the bytes are not fields: %w", protowire.ParseError(n))
		}
		rest = rest[n:]
	}
	m.SetUnknown(append(m.GetUnknown(), raw...))
	return nil
}

func readField(m protoreflect.Message, f *schema.Field, value json.RawMessage, depth int) error {
	switch {
	case f.Descriptor.IsMap():
		return readMap(m.Mutable(f.Descriptor).Map(), f, value, depth)
	case f.Descriptor.IsList():
		var items []json.RawMessage
		if err := read(value, &items, "a list"); err != nil {
			return err
		}
		list := m.Mutable(f.Descriptor).List()
		for _, item := range items {
			v, err := readValue(list.NewElement(), f, item, depth)
			if err != nil {
				return err
			}
			list.Append(v)
		}
		return nil
	}
	v, err := readValue(m.NewField(f.Descriptor), f, value, depth)
	if err == nil {
		m.Set(f.Descriptor, v)
	}
	return err
}

func readMap(m protoreflect.Map, f *schema.Field, value json.RawMessage, depth int) error {
	var items map[string]json.RawMessage
	if err := read(value, &items, "an object"); err != nil {
		return err
	}
	key, field := f.Message.FieldByNumber(1), f.Message.FieldByNumber(2)
	for name, item := range items {
		k := protoreflect.ValueOfString(name)
		if key.Descriptor.Kind() != protoreflect.StringKind {
			var err error
			if k, err = readValue(k, key, json.RawMessage(name), depth); err != nil {
				return err
			}
		}
		v, err := readValue(m.NewValue(), field, item, depth)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.Set(k.MapKey(), v)
	}
	return nil
}

// readValue reads a single value. fresh is an empty value of the same kind.
func readValue(fresh protoreflect.Value, f *schema.Field, value json.RawMessage, depth int) (protoreflect.Value, error) {
	none := protoreflect.Value{}
	switch f.Descriptor.Kind() {
	case protoreflect.StringKind:
		raw, err := readBytes(value)
		return protoreflect.ValueOfString(string(raw)), err
	case protoreflect.BytesKind:
		raw, err := readBytes(value)
		return protoreflect.ValueOfBytes(raw), err
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return fresh, readMessage(fresh.Message(), f.Message, value, depth+1)
	case protoreflect.BoolKind:
		var b bool
		err := read(value, &b, "true or false")
		return protoreflect.ValueOfBool(b), err
	case protoreflect.EnumKind:
		n, err := readEnum(f.Enum, value)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), err
	}
	if f.Flags {
		set, err := readFlags(f.Enum, value)
		return protoreflect.ValueOfInt32(set), err
	}
	var n json.Number
	if err := read(value, &n, "a number"); err != nil {
		return none, err
	}
	return readNumber(f.Descriptor.Kind(), n.String())
}

func readEnum(e *schema.Enum, value json.RawMessage) (int32, error) {
	var n int32
	if read(value, &n, "") == nil {
		return n, nil
	}
	var name string
	if err := read(value, &name, "one of "+strings.Join(e.Names, ", ")); err != nil {
		return 0, err
	}
	n, ok := e.Number(name)
	if !ok {
		return 0, unknown("value", name, e.Names)
	}
	return n, nil
}

func readFlags(e *schema.Enum, value json.RawMessage) (set int32, err error) {
	var items []json.RawMessage
	if err := read(value, &items, "a list with values of "+strings.Join(e.Names, ", ")); err != nil {
		return 0, err
	}
	for _, item := range items {
		bit, err := readEnum(e, item)
		if err != nil {
			return 0, err
		}
		set |= bit
	}
	return set, nil
}

// readNumber reads a number of any kind.
func readNumber(kind protoreflect.Kind, text string) (v protoreflect.Value, err error) {
	switch kind {
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		f, err := strconv.ParseFloat(text, 64)
		if kind == protoreflect.FloatKind {
			return protoreflect.ValueOfFloat32(float32(f)), err
		}
		return protoreflect.ValueOfFloat64(f), err
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		n, err := strconv.ParseUint(text, 10, 32)
		return protoreflect.ValueOfUint32(uint32(n)), err
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		n, err := strconv.ParseUint(text, 10, 64)
		return protoreflect.ValueOfUint64(n), err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if slices.Contains([]protoreflect.Kind{protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind}, kind) {
		return protoreflect.ValueOfInt64(n), err
	}
	if err == nil && (n < math.MinInt32 || n > math.MaxInt32) {
		err = fmt.Errorf("%d is out of range", n)
	}
	return protoreflect.ValueOfInt32(int32(n)), err
}

// readBytes reads a string, or bytes in base64.
func readBytes(value json.RawMessage) ([]byte, error) {
	var text string
	if read(value, &text, "") == nil {
		return []byte(text), nil
	}
	var coded map[string]string
	if err := json.Unmarshal(value, &coded); err != nil || len(coded) != 1 {
		return nil, fmt.Errorf(`must be a string or {"base64":"…"}`)
	}
	for key, text := range coded {
		if key != base64Key {
			return nil, fmt.Errorf(`must be a string or {"base64":"…"}, not an object with %q`, key)
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("invalid base64: %w", err)
		}
		return raw, nil
	}
	return nil, nil
}

// read is json.Unmarshal with a readable error. want describes the expected value. It
// rejects null.
func read(text json.RawMessage, into any, want string) error {
	if string(text) == "null" || json.Unmarshal(text, into) != nil {
		return fmt.Errorf("must be %s", want)
	}
	return nil
}

// Package convert decodes payloads into Lua tables and encodes tables as payloads. It
// works from the descriptors in runtime/schema:
//   - The keys of a table are the field names in snake_case.
//   - An enum value is its name, and flags are a list of names.
//   - A map is a table. Bytes and text are strings.
//   - A field that is not set is nil.
//
// The package does not use generated structs, because every message of every user
// passes through it. Its functions are safe for concurrent use. The caller holds the
// script lock for the tables.
package convert

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/runtime/schema"
)

// maxExact is the limit below which a Lua number can represent every integer.
const maxExact = 1 << 53

// maxDepth is the maximum nesting of messages.
const maxDepth = 32

// shareBelow is the size up to which the strings of a payload share its memory. The
// strings of a longer payload are copies, so a short string does not keep a long payload
// in memory.
const shareBelow = 1 << 10

// Observer is called with a description of each skipped part: a field or an enum value
// of a newer Spectrum. It may be nil.
type Observer func(what string)

// Decode decodes a payload into a table. It returns an error if the payload is malformed
// or lacks a required field.
func Decode(m *schema.Message, payload string, observe Observer) (*lua.LTable, error) {
	return DecodeFor(nil, m, payload, observe)
}

// DecodeFor is like Decode for a payload of a user, whose name is an lua.LString. The
// table contains this value, so that the name needs no memory of its own.
func DecodeFor(user lua.LValue, m *schema.Message, payload string, observe Observer) (*lua.LTable, error) {
	d := decoder{user: user, observe: observe, copy: len(payload) > shareBelow}
	return d.message(m, payload, 0)
}

type decoder struct {
	user    lua.LValue // nil: unknown
	observe Observer
	copy    bool
}

var allocator *lua.LState // CreateTable is a method, but does not use its receiver

func newTable(array, hash int) *lua.LTable { return allocator.CreateTable(array, hash) }

func (d *decoder) message(m *schema.Message, data string, depth int) (*lua.LTable, error) {
	if depth == maxDepth {
		return nil, fmt.Errorf("messages are nested more than %d levels deep", maxDepth)
	}
	var set fieldSet
	set.begin(m)
	var seen uint64
	for len(data) > 0 {
		num, wireType, n := consumeTag(data)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		data = data[n:]
		f := m.FieldByNumber(num)
		if f == nil || !fits(f, wireType) {
			d.passOver(m, num)
			if n = consumeValue(num, wireType, data); n < 0 {
				return nil, protowire.ParseError(n)
			}
			data = data[n:]
			continue
		}
		n, err := d.field(&set, f, wireType, data, depth)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		data = data[n:]
		seen |= 1 << f.Index
	}
	if lacks := m.Required &^ seen; lacks != 0 {
		return nil, fmt.Errorf("the required field %s is missing", m.Fields[bits.TrailingZeros64(lacks)].Name)
	}
	for absent := m.NeverNil &^ seen; absent != 0; absent &= absent - 1 {
		set.inner(m.Fields[bits.TrailingZeros64(absent)], 0, 0)
	}
	return set.table(), nil
}

func (d *decoder) passOver(m *schema.Message, num protowire.Number) {
	if d.observe != nil {
		d.observe(fmt.Sprintf("field %d of %s", num, m.Descriptor.Name()))
	}
}

// field decodes one value or one packed list into the set.
func (d *decoder) field(set *fieldSet, f *schema.Field, wireType protowire.Type, data string, depth int) (int, error) {
	switch {
	case f.Map:
		return d.mapEntry(set, f, data, depth)
	case wireType == protowire.BytesType && f.WireType != protowire.BytesType:
		return d.packed(set, f, data)
	}
	value, n, err := d.value(f, data, depth)
	if err != nil {
		return 0, err
	}
	switch {
	case value == lua.LNil: // an enum value without a name
	case f.List:
		set.inner(f, 4, 0).Append(value)
	default:
		set.set(f, value)
	}
	return n, nil
}

func (d *decoder) mapEntry(set *fieldSet, f *schema.Field, data string, depth int) (int, error) {
	entry, n := consumeBytes(data)
	if n < 0 {
		return 0, protowire.ParseError(n)
	}
	m := set.inner(f, 0, 4)
	pair, err := d.message(f.Message, entry, depth+1)
	if err != nil {
		return 0, err
	}
	key, value := f.Message.FieldByNumber(1), f.Message.FieldByNumber(2)
	k, v := pair.RawGetString(key.Name), pair.RawGetString(value.Name)
	if k == lua.LNil {
		k = zero(key)
	}
	if v == lua.LNil {
		v = zero(value)
	}
	m.RawSet(k, v)
	return n, nil
}

// packed decodes a packed list of numbers.
func (d *decoder) packed(set *fieldSet, f *schema.Field, data string) (int, error) {
	all, n := consumeBytes(data)
	if n < 0 {
		return 0, protowire.ParseError(n)
	}
	l := set.inner(f, 4, 0)
	for len(all) > 0 {
		value, m, err := d.value(f, all, 0)
		if err != nil {
			return 0, err
		}
		if value != lua.LNil {
			l.Append(value)
		}
		all = all[m:]
	}
	return n, nil
}

// value decodes one value and returns its length in bytes.
func (d *decoder) value(f *schema.Field, data string, depth int) (lua.LValue, int, error) {
	switch f.WireType {
	case protowire.BytesType:
		text, n := consumeBytes(data)
		if n < 0 {
			return nil, 0, protowire.ParseError(n)
		}
		if f.Message != nil {
			table, err := d.message(f.Message, text, depth+1)
			return table, n, err
		}
		if f.User && d.user == lua.LString(text) {
			return d.user, n, nil
		}
		if d.copy {
			text = strings.Clone(text)
		}
		return lua.LString(text), n, nil
	case protowire.VarintType:
		v, n := consumeVarint(data)
		if n < 0 {
			return nil, 0, protowire.ParseError(n)
		}
		value, err := d.varint(f, v)
		return value, n, err
	case protowire.Fixed32Type:
		v, n := protowire.ConsumeFixed32([]byte(data[:min(4, len(data))]))
		if n < 0 {
			return nil, 0, protowire.ParseError(n)
		}
		value, err := fixed32(f.Kind, v)
		return value, n, err
	case protowire.Fixed64Type:
		v, n := protowire.ConsumeFixed64([]byte(data[:min(8, len(data))]))
		if n < 0 {
			return nil, 0, protowire.ParseError(n)
		}
		value, err := fixed64(f.Kind, v)
		return value, n, err
	}
	return nil, 0, fmt.Errorf("its kind %v is not supported", f.Kind)
}

func (d *decoder) varint(f *schema.Field, v uint64) (lua.LValue, error) {
	switch kind := f.Kind; kind {
	case protoreflect.BoolKind:
		return lua.LBool(v != 0), nil
	case protoreflect.EnumKind:
		name := f.Enum.Name(int32(v))
		if name == "" {
			if d.observe != nil {
				d.observe(fmt.Sprintf("value %d of %s", int32(v), f.Enum.Descriptor.Name()))
			}
			return lua.LNil, nil
		}
		return lua.LString(name), nil
	case protoreflect.Int32Kind:
		if f.Flags {
			return d.flags(f, int32(v)), nil
		}
		return lua.LNumber(int32(v)), nil
	case protoreflect.Sint32Kind:
		return lua.LNumber(int32(protowire.DecodeZigZag(v & math.MaxUint32))), nil
	case protoreflect.Uint32Kind:
		return lua.LNumber(uint32(v)), nil
	case protoreflect.Int64Kind:
		return signed(int64(v))
	case protoreflect.Sint64Kind:
		return signed(protowire.DecodeZigZag(v))
	default:
		return unsigned(v)
	}
}

func (d *decoder) flags(f *schema.Field, set int32) *lua.LTable {
	names, unknown := f.Enum.Bits(set)
	l := newTable(len(names), 0)
	for _, name := range names {
		l.Append(lua.LString(name))
	}
	if unknown != 0 && d.observe != nil {
		d.observe(fmt.Sprintf("bits %#x of %s", unknown, f.Enum.Descriptor.Name()))
	}
	return l
}

func fixed32(kind protoreflect.Kind, v uint32) (lua.LValue, error) {
	switch kind {
	case protoreflect.FloatKind:
		return lua.LNumber(math.Float32frombits(v)), nil
	case protoreflect.Sfixed32Kind:
		return lua.LNumber(int32(v)), nil
	}
	return lua.LNumber(v), nil
}

func fixed64(kind protoreflect.Kind, v uint64) (lua.LValue, error) {
	switch kind {
	case protoreflect.DoubleKind:
		return lua.LNumber(math.Float64frombits(v)), nil
	case protoreflect.Sfixed64Kind:
		return signed(int64(v))
	}
	return unsigned(v)
}

func signed(v int64) (lua.LValue, error) {
	if v > maxExact || v < -maxExact {
		return nil, fmt.Errorf("%d is beyond the integers that a Lua number holds exactly", v)
	}
	return lua.LNumber(v), nil
}

func unsigned(v uint64) (lua.LValue, error) {
	if v > maxExact {
		return nil, fmt.Errorf("%d is beyond the integers that a Lua number holds exactly", v)
	}
	return lua.LNumber(v), nil
}

// zero returns the default of the key or value that a map entry lacks.
func zero(f *schema.Field) lua.LValue {
	switch {
	case f.Message != nil:
		return newTable(0, 0)
	case f.Enum != nil:
		return lua.LString(f.Enum.Names[0])
	}
	switch f.Kind {
	case protoreflect.StringKind, protoreflect.BytesKind:
		return lua.LString("")
	case protoreflect.BoolKind:
		return lua.LFalse
	}
	return lua.LNumber(0)
}

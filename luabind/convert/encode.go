package convert

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/spelling"
	"spectrumlua/runtime/xmltext"
)

// Encode encodes a table as a payload and appends it to dst. It sets the user field to
// user if the table does not have it. If user is not "", a different user in the table
// is an error. Encode sanitizes text for XML. The error names the wrong field and the
// expected value.
func Encode(dst []byte, m *schema.Message, table *lua.LTable, user string) ([]byte, error) {
	e := encoder{user: user}
	all, err := e.message(dst, m, table, 0)
	return e.result(dst, all, err)
}

// EncodeArgument is like Encode for an argument in place of a table.
func EncodeArgument(dst []byte, m *schema.Message, a *table.Argument, user string) ([]byte, error) {
	e := encoder{user: user}
	all, err := e.argument(dst, m, a)
	return e.result(dst, all, err)
}

// Size returns the number of bytes that a table takes in a stanza as a payload, or the
// error that Encode returns for it.
func Size(m *schema.Message, table *lua.LTable, user string) (int, error) {
	e := encoder{user: user}
	if _, err := e.message(nil, m, table, 0); err != nil {
		return e.stanza, cmp.Or(checkSize(e.stanza), err)
	}
	return e.stanza, nil
}

type encoder struct {
	user   string
	stanza int // bytes that the texts and the elements of lists take in a stanza
}

// result returns the result of Encode: all, or dst and an error.
func (e *encoder) result(dst, all []byte, err error) ([]byte, error) {
	if err != nil {
		return all[:len(dst)], cmp.Or(checkSize(e.stanza), err)
	}
	return all, nil
}

// grow counts bytes before they are added. A table can contain another one many times,
// so the size is checked before the memory is used.
func (e *encoder) grow(n int) error {
	e.stanza += n
	return checkSize(e.stanza)
}

// inlineFields is the number of fields up to which a message needs no allocation.
const inlineFields = 16

func (e *encoder) message(dst []byte, m *schema.Message, table *lua.LTable, depth int) ([]byte, error) {
	if depth == maxDepth {
		return dst, fmt.Errorf("tables are nested more than %d deep", maxDepth)
	}
	var inline [inlineFields]lua.LValue
	values := inline[:]
	if len(m.Fields) > inlineFields {
		values = make([]lua.LValue, len(m.Fields))
	}
	set, err := collect(values, m, table)
	if err != nil {
		return dst, err
	}
	return e.fields(dst, m, values, set, depth)
}

// argument is message for an argument.
func (e *encoder) argument(dst []byte, m *schema.Message, a *table.Argument) ([]byte, error) {
	var inline [inlineFields]lua.LValue
	values := inline[:]
	if len(m.Fields) > inlineFields {
		values = make([]lua.LValue, len(m.Fields))
	}
	indexes := a.Indexes(m)
	if indexes == nil {
		indexes = indexesIn(m, a)
	}
	var set uint64
	for i, v := range a.Values() {
		if v == lua.LNil {
			continue
		}
		index := indexes[i]
		if index < 0 {
			return dst, unknownField(m, lua.LString(a.Names()[i]))
		}
		values[index] = v
		set |= 1 << index
	}
	return e.fields(dst, m, values, set, 0)
}

// indexesIn returns the index of each field of an argument in a message, or -1.
func indexesIn(m *schema.Message, a *table.Argument) []int {
	indexes := make([]int, len(a.Names()))
	for i, name := range a.Names() {
		indexes[i] = -1
		if f := m.Field(name); f != nil {
			indexes[i] = f.Index
		}
	}
	a.SetIndexes(m, indexes)
	return indexes
}

// fields encodes the fields whose bits are set, the required fields and the user.
func (e *encoder) fields(dst []byte, m *schema.Message, values []lua.LValue, set uint64, depth int) (_ []byte, err error) {
	for set |= m.Required | m.User; set != 0; set &= set - 1 {
		i := bits.TrailingZeros64(set)
		if dst, err = e.field(dst, m.Fields[i], values[i], depth); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// collect stores the values of a table by field and returns the bits of their fields. It
// returns an error for a key that is not the name of a field.
func collect(values []lua.LValue, m *schema.Message, fields *lua.LTable) (set uint64, err error) {
	for k, v := range table.All(fields) {
		var f *schema.Field
		if name, ok := k.(lua.LString); ok {
			f = m.Field(string(name))
		}
		if f == nil {
			return 0, unknownField(m, k)
		}
		values[f.Index] = v
		set |= 1 << f.Index
	}
	return set, nil
}

func unknownField(m *schema.Message, key lua.LValue) error {
	names := m.FieldNames()
	if s, ok := key.(lua.LString); ok {
		if near := spelling.Name(string(s), names); near != "" {
			return fmt.Errorf("there is no field %q; did you mean %q?", string(s), near)
		}
		return fmt.Errorf("there is no field %q; the fields are %s", string(s), strings.Join(names, ", "))
	}
	return fmt.Errorf("name of a field expected as the key, got %s; the fields are %s", bind.Describe(key), strings.Join(names, ", "))
}

func (e *encoder) field(dst []byte, f *schema.Field, v lua.LValue, depth int) ([]byte, error) {
	if f.User && e.user != "" {
		if v != nil && v != lua.LString(e.user) {
			return dst, fmt.Errorf("%s is %s, but the session is %q's; leave it out, the session fills it in", f.Name, bind.Describe(v), e.user)
		}
		return e.string(dst, f, xmltext.Clean(e.user))
	}
	if v == nil {
		if !f.Required {
			return dst, nil
		}
		if !f.Flags {
			return dst, missing(f)
		}
		v = newTable(0, 0)
	}
	var err error
	switch {
	case f.Map:
		dst, err = e.mapField(dst, f, v, depth)
	case f.List:
		dst, err = e.list(dst, f, v, depth)
	default:
		dst, err = e.value(dst, f, v, depth)
	}
	if err != nil {
		return dst, fmt.Errorf("%s: %w", f.Name, err)
	}
	return dst, nil
}

func (e *encoder) list(dst []byte, f *schema.Field, v lua.LValue, depth int) ([]byte, error) {
	table, ok := v.(*lua.LTable)
	if !ok {
		return dst, mismatch(v, "list")
	}
	n := table.Len()
	stray := lua.LNil
	table.ForEach(func(k, _ lua.LValue) {
		if i, ok := k.(lua.LNumber); !ok || i < 1 || int(i) > n || lua.LNumber(int(i)) != i {
			stray = k
		}
	})
	if stray != lua.LNil {
		return dst, fmt.Errorf("list expected, got a table with the key %s", bind.Describe(stray))
	}
	for i := 1; i <= n; i++ {
		err := e.grow(1)
		if err == nil {
			dst, err = e.value(dst, f, table.RawGetInt(i), depth)
		}
		if err != nil {
			return dst, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return dst, nil
}

func (e *encoder) mapField(dst []byte, f *schema.Field, v lua.LValue, depth int) ([]byte, error) {
	entries, ok := v.(*lua.LTable)
	if !ok {
		return dst, mismatch(v, "table")
	}
	key, value := f.Message.FieldByNumber(1), f.Message.FieldByNumber(2)
	for k, v := range table.All(entries) {
		var entry []byte
		err := e.grow(1)
		if err == nil {
			entry, err = e.value(nil, key, k, depth)
		}
		if err == nil {
			entry, err = e.value(entry, value, v, depth+1)
		}
		if err != nil {
			return dst, fmt.Errorf("at the key %s: %w", bind.Describe(k), err)
		}
		dst = protowire.AppendTag(dst, f.Number, protowire.BytesType)
		dst = protowire.AppendBytes(dst, entry)
	}
	return dst, nil
}

// value appends one value with its tag.
func (e *encoder) value(dst []byte, f *schema.Field, v lua.LValue, depth int) ([]byte, error) {
	num, kind := f.Number, f.Kind
	switch {
	case f.Message != nil:
		table, ok := v.(*lua.LTable)
		if !ok {
			return dst, mismatch(v, "table")
		}
		inner, err := e.message(nil, f.Message, table, depth+1)
		if err != nil {
			return dst, err
		}
		dst = protowire.AppendTag(dst, num, protowire.BytesType)
		return protowire.AppendBytes(dst, inner), nil
	case kind == protoreflect.BytesKind:
		s, ok := v.(lua.LString)
		if !ok {
			return dst, mismatch(v, "string")
		}
		if err := e.grow((len(s) + 2) / 3 * 4); err != nil {
			return dst, err
		}
		dst = protowire.AppendTag(dst, num, protowire.BytesType)
		return protowire.AppendString(dst, string(s)), nil
	case kind == protoreflect.StringKind:
		s, keep, err := text(f, v)
		if err != nil || !keep {
			return dst, err
		}
		return e.string(dst, f, s)
	case kind == protoreflect.BoolKind:
		b, ok := v.(lua.LBool)
		if !ok {
			return dst, mismatch(v, "true or false")
		}
		dst = protowire.AppendTag(dst, num, protowire.VarintType)
		return protowire.AppendVarint(dst, protowire.EncodeBool(bool(b))), nil
	case f.Enum != nil:
		n, err := enumNumber(f, v)
		if err != nil {
			return dst, err
		}
		dst = protowire.AppendTag(dst, num, protowire.VarintType)
		return protowire.AppendVarint(dst, uint64(int64(n))), nil
	}
	return number(dst, f, v)
}

// string appends a clean text with its tag.
func (e *encoder) string(dst []byte, f *schema.Field, s string) ([]byte, error) {
	if err := e.grow(xmltext.EscapedLen(s)); err != nil {
		return dst, err
	}
	dst = protowire.AppendTag(dst, f.Number, protowire.BytesType)
	return protowire.AppendString(dst, s), nil
}

func enumNumber(f *schema.Field, v lua.LValue) (int32, error) {
	if !f.Flags {
		return enumValue(f.Enum, v)
	}
	list, ok := v.(*lua.LTable)
	if !ok {
		return 0, mismatch(v, "list of "+strings.Join(f.Enum.Names, ", "))
	}
	var set int32
	for k, v := range table.All(list) {
		if _, ok := k.(lua.LNumber); !ok {
			return 0, fmt.Errorf("list of names expected (as in { \"me\" }), got a table with the key %s", bind.Describe(k))
		}
		bit, err := enumValue(f.Enum, v)
		if err != nil {
			return 0, err
		}
		set |= bit
	}
	return set, nil
}

func enumValue(e *schema.Enum, v lua.LValue) (int32, error) {
	name, ok := v.(lua.LString)
	if !ok {
		return 0, mismatch(v, "one of "+strings.Join(e.Names, ", "))
	}
	n, ok := e.Number(string(name))
	if ok {
		return n, nil
	}
	if near := e.Nearest(string(name)); near != "" {
		return 0, fmt.Errorf("invalid value %q; did you mean %q?", string(name), near)
	}
	return 0, fmt.Errorf("invalid value %q; valid values are %s", string(name), strings.Join(e.Names, ", "))
}

// number appends a number of any kind with its tag.
func number(dst []byte, f *schema.Field, v lua.LValue) ([]byte, error) {
	n, ok := v.(lua.LNumber)
	if !ok {
		return dst, mismatch(v, "number")
	}
	num, kind := f.Number, f.Kind
	switch kind {
	case protoreflect.DoubleKind:
		dst = protowire.AppendTag(dst, num, protowire.Fixed64Type)
		return protowire.AppendFixed64(dst, math.Float64bits(float64(n))), nil
	case protoreflect.FloatKind:
		dst = protowire.AppendTag(dst, num, protowire.Fixed32Type)
		return protowire.AppendFixed32(dst, math.Float32bits(float32(n))), nil
	}
	i, err := integer(kind, float64(n))
	if err != nil {
		return dst, err
	}
	dst = protowire.AppendTag(dst, num, f.WireType)
	switch kind {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.AppendFixed32(dst, uint32(i)), nil
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.AppendFixed64(dst, uint64(i)), nil
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protowire.AppendVarint(dst, protowire.EncodeZigZag(i)), nil
	}
	return protowire.AppendVarint(dst, uint64(i)), nil
}

// integer checks that a number is an integer in the range of a kind.
func integer(kind protoreflect.Kind, n float64) (int64, error) {
	low, high := -float64(maxExact), float64(maxExact)
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		low, high = math.MinInt32, math.MaxInt32
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		low, high = 0, math.MaxUint32
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		low = 0
	}
	if n != math.Trunc(n) {
		return 0, fmt.Errorf("integer expected, got %v", n)
	}
	if n < low || n > high {
		return 0, fmt.Errorf("%.0f is out of range: %.0f to %.0f", n, low, high)
	}
	return int64(n), nil
}

// wanted describes the values that a field accepts.
func wanted(f *schema.Field) string {
	switch {
	case f.Flags:
		return "list of " + strings.Join(f.Enum.Names, ", ")
	case f.Enum != nil:
		return "one of " + strings.Join(f.Enum.Names, ", ")
	case f.Message != nil:
		return "table"
	}
	switch f.Kind {
	case protoreflect.StringKind, protoreflect.BytesKind:
		return "string"
	case protoreflect.BoolKind:
		return "true or false"
	}
	return "number"
}

func mismatch(v lua.LValue, want string) error {
	return fmt.Errorf("%s expected, got %s", want, bind.Describe(v))
}

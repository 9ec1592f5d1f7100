package record

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
)

// encoder encodes payloads in the format of a record. Only one goroutine uses it.
type encoder struct {
	known secret.Known
	also  *secret.Known // more secrets, which others add; it may be nil
	user  string        // the user of the current message, or ""
	// withoutBodies leaves out what people wrote to each other.
	withoutBodies bool
}

// TypeName returns the name of a type in a record: its name in scripts, or the number
// of an unknown type.
func TypeName(number pb.WrapperMessage_Type) string {
	if typ := schema.TypeByNumber(number); typ != nil {
		return typ.Name
	}
	return strconv.Itoa(int(number))
}

// body appends the part of a line after the type: fields, payload or left_out. It
// appends nothing for a nil payload.
func (e *encoder) body(dst []byte, number pb.WrapperMessage_Type, payload []byte) []byte {
	if payload == nil {
		return dst
	}
	typ := schema.TypeByNumber(number)
	if typ != nil && typ.Payload != nil {
		fields, ok := e.fields(typ, payload)
		if ok {
			dst = append(dst, `,"fields":{`...)
			return append(appendFields(dst, fields), '}')
		}
		return leftOut(dst, payload) // it may contain a secret
	}
	e.user = ""
	if typ != nil && typ.Format == pb.PayloadFormat_PAYLOAD_FORMAT_STANZA {
		stanza, ok := secret.XML(string(payload))
		if ok && e.withoutBodies {
			stanza, ok = emptyStanza(stanza)
		}
		if !ok || !utf8.Valid(payload) {
			return leftOut(dst, payload)
		}
		return text(append(dst, `,"payload":`...), e.hide(stanza))
	}
	if e.withoutBodies || e.within(payload) {
		return leftOut(dst, payload)
	}
	return text(append(dst, `,"payload":`...), string(payload))
}

func leftOut(dst, payload []byte) []byte {
	return strconv.AppendInt(append(dst, `,"left_out":`...), int64(len(payload)), 10)
}

// Field is one field of a payload as a record shows it.
type Field struct {
	Name string
	JSON string
}

// Fields returns the fields of a payload in the format of a record, with secrets
// masked. It reports false if the payload does not parse.
func Fields(typ *schema.Type, payload []byte) ([]Field, bool) {
	return new(encoder).fields(typ, payload)
}

// Text returns a payload without fields in the format of a record. typ is nil for an
// unknown type.
func Text(typ *schema.Type, payload []byte) string {
	if typ != nil && typ.Format == pb.PayloadFormat_PAYLOAD_FORMAT_STANZA {
		if stanza, ok := secret.XML(string(payload)); ok {
			payload = []byte(stanza)
		}
	}
	return string(text(nil, string(payload)))
}

func (e *encoder) fields(typ *schema.Type, payload []byte) ([]Field, bool) {
	if typ.Payload == nil {
		return nil, len(payload) == 0
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(typ.Payload.Descriptor.FullName())
	if err != nil {
		return nil, false
	}
	m := t.New()
	if err := (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(payload, m.Interface()); err != nil {
		return nil, false
	}
	e.user = string(typ.UserOf(payload))
	e.learn(m, typ.Payload)
	fields, err := e.messageFields(m, typ.Payload)
	return fields, err == nil
}

// messageFields returns the fields that m has, in the order of their numbers.
func (e *encoder) messageFields(m protoreflect.Message, s *schema.Message) ([]Field, error) {
	var fields []Field
	secrets := false
	for _, f := range s.Fields {
		secrets = secrets || f.Secret
		if !m.Has(f.Descriptor) {
			continue
		}
		value, err := e.field(nil, m.Get(f.Descriptor), f)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Field{f.Name, string(value)})
	}
	if unknown := m.GetUnknown(); len(unknown) > 0 && !secrets && !e.withoutBodies && !e.within(unknown) {
		fields = append(fields, Field{unknownKey, string(bytesObject(nil, unknown))})
	}
	return fields, nil
}

func (e *encoder) message(dst []byte, m protoreflect.Message, s *schema.Message) ([]byte, error) {
	fields, err := e.messageFields(m, s)
	if err != nil {
		return nil, err
	}
	return append(appendFields(append(dst, '{'), fields), '}'), nil
}

func appendFields(dst []byte, fields []Field) []byte {
	for i, f := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, f.Name), ':')
		dst = append(dst, f.JSON...)
	}
	return dst
}

func (e *encoder) field(dst []byte, v protoreflect.Value, f *schema.Field) (_ []byte, err error) {
	switch {
	case f.Descriptor.IsMap():
		return e.mapField(dst, v.Map(), f)
	case f.Descriptor.IsList():
		dst = append(dst, '[')
		list := v.List()
		for i := range list.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = e.value(dst, list.Get(i), f); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	return e.value(dst, v, f)
}

func (e *encoder) mapField(dst []byte, m protoreflect.Map, f *schema.Field) (_ []byte, err error) {
	var keys []protoreflect.MapKey
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
	value := f.Message.FieldByNumber(2)
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !utf8.ValidString(k.String()) {
			return nil, fmt.Errorf("%s has a key that is not UTF-8", f.Name)
		}
		dst = append(appendText(dst, e.hide(k.String())), ':')
		if f.Secret || secretSetting(k, m.Get(k)) {
			dst = text(dst, secret.Mask)
		} else if e.hides(f) && value.Kind == protoreflect.StringKind {
			dst = text(dst, Omitted)
		} else if dst, err = e.value(dst, m.Get(k), value); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func secretSetting(k protoreflect.MapKey, v protoreflect.Value) bool {
	s := v.String()
	return s != "" && (secret.Name(k.String()) || secret.Value(s))
}

// value appends a single value. It returns an error for a number that JSON does not
// have.
func (e *encoder) value(dst []byte, v protoreflect.Value, f *schema.Field) ([]byte, error) {
	switch f.Descriptor.Kind() {
	case protoreflect.StringKind:
		switch s := v.String(); {
		case f.User:
			return text(dst, s), nil
		case f.Secret && s != "":
			return text(dst, secret.Mask), nil
		case e.hides(f) && s != "":
			return text(dst, Omitted), nil
		default:
			return text(dst, e.hide(s)), nil
		}
	case protoreflect.BytesKind:
		data := v.Bytes()
		switch {
		case f.Secret && len(data) > 0 || e.within(data):
			data = []byte(secret.Mask)
		case e.hides(f):
			data = nil
		}
		return bytesObject(dst, data), nil
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return e.message(dst, v.Message(), f.Message)
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, v.Bool()), nil
	case protoreflect.EnumKind:
		if name := f.Enum.Name(int32(v.Enum())); name != "" {
			return appendText(dst, name), nil
		}
		return strconv.AppendInt(dst, int64(v.Enum()), 10), nil
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		if n := v.Float(); math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, fmt.Errorf("%s is not a finite number", f.Name)
		}
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 64), nil
	}
	if f.Flags {
		return appendFlags(dst, int32(v.Int()), f.Enum), nil
	}
	return append(dst, v.String()...), nil
}

// appendFlags appends the names of the bits that are set, and a number for the set
// bits without a name.
func appendFlags(dst []byte, set int32, e *schema.Enum) []byte {
	names, unknown := e.Bits(set)
	dst = append(dst, '[')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, name)
	}
	if unknown != 0 {
		if len(names) > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(unknown), 10)
	}
	return append(dst, ']')
}

// text appends a text, or an object with its bytes if it is not UTF-8.
func text(dst []byte, s string) []byte {
	if utf8.ValidString(s) {
		return appendText(dst, s)
	}
	return bytesObject(dst, []byte(s))
}

func bytesObject(dst, data []byte) []byte {
	dst = append(dst, `{"`+base64Key+`":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, `"}`...)
}

const hexDigits = "0123456789abcdef"

// appendText appends s as a JSON string. It escapes characters that are not printable.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r > 0xffff:
			r -= 0x10000
			dst = appendEscape(appendEscape(dst, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			dst = appendEscape(dst, r)
		}
	}
	return append(dst, '"')
}

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

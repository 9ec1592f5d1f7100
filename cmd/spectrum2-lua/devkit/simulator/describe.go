package simulator

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
)

// Limits of Describe.
const (
	shownRunes = 120 // of one text
	shownItems = 8   // of one list or map
	shownBytes = 16  // of bytes that do not parse
)

// Describe returns one readable line for a frame: direction, type, user, and the other
// fields by their names in scripts. It shortens texts, escapes control characters and
// masks passwords. It accepts any frame, also a broken one.
func Describe(f Frame) string {
	head := f.Direction.Arrow() + " "
	switch {
	case errors.Is(f.Err, errEmpty):
		return head + "(an empty frame)"
	case errors.Is(f.Err, pb.ErrMalformed):
		return head + fmt.Sprintf("(%s, %v) %s", count(len(f.Bytes), "byte"), f.Err, hex(f.Bytes))
	}
	line := head + f.TypeName()
	if f.User != "" {
		line += " " + bare(f.User)
	}
	typ := schema.TypeByNumber(f.Type)
	switch {
	case typ == nil || f.Message == nil && f.Err == nil && !typ.Raw:
		if f.Payload != nil {
			line += fmt.Sprintf(" (payload of %s) %s", count(len(f.Payload), "byte"), hex(f.Payload))
		}
	case typ.Raw:
		line += " " + rawText(f.Payload)
	case f.Message == nil:
		line += fmt.Sprintf(" (payload of %s) %s", count(len(f.Payload), "byte"), hex(f.Payload))
	default:
		if fields := describeFields(f.Message.ProtoReflect(), typ.Payload); fields != "" {
			line += " " + fields
		}
	}
	if f.Err != nil {
		line += fmt.Sprintf(" (%v)", f.Err)
	}
	return line
}

// describeFields describes all present fields except the user's name.
func describeFields(m protoreflect.Message, s *schema.Message) string {
	var parts []string
	for _, field := range s.Fields {
		if field.User || !m.Has(field.Descriptor) {
			continue
		}
		parts = append(parts, field.Name+"="+describeField(m.Get(field.Descriptor), field))
	}
	return strings.Join(parts, " ")
}

func describeField(v protoreflect.Value, field *schema.Field) string {
	switch d := field.Descriptor; {
	case field.Secret:
		return secret.Mask
	case d.IsMap():
		return describeMap(v.Map(), field.Message.FieldByNumber(2))
	case d.IsList():
		list := v.List()
		return "[" + joinSome(list.Len(), func(i int) string { return describeValue(list.Get(i), field) }) + "]"
	}
	return describeValue(v, field)
}

func describeMap(m protoreflect.Map, value *schema.Field) string {
	var keys []protoreflect.MapKey
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
	return "{" + joinSome(len(keys), func(i int) string {
		if secret.Name(keys[i].String()) {
			return bare(keys[i].String()) + "=" + secret.Mask
		}
		return bare(keys[i].String()) + "=" + describeValue(m.Get(keys[i]), value)
	}) + "}"
}

func describeValue(v protoreflect.Value, field *schema.Field) string {
	switch field.Descriptor.Kind() {
	case protoreflect.StringKind:
		return quote(v.String())
	case protoreflect.BytesKind:
		return "<" + count(len(v.Bytes()), "byte") + ">"
	case protoreflect.EnumKind:
		if name := field.Enum.Name(int32(v.Enum())); name != "" {
			return name
		}
		return strconv.Itoa(int(v.Enum()))
	case protoreflect.MessageKind:
		return describeMessage(v.Message(), field.Message)
	}
	if field.Flags {
		return describeFlags(int32(v.Int()), field.Enum)
	}
	return v.String()
}

// describeMessage describes a nested message. A message with only a map looks like the map.
func describeMessage(m protoreflect.Message, s *schema.Message) string {
	if len(s.Fields) == 1 && s.Fields[0].Descriptor.IsMap() {
		return describeField(m.Get(s.Fields[0].Descriptor), s.Fields[0])
	}
	return "{" + describeFields(m, s) + "}"
}

func describeFlags(set int32, e *schema.Enum) string {
	names, unknown := e.Bits(set)
	if unknown != 0 {
		names = append(names, strconv.Itoa(int(unknown)))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// xmlSecret matches the elements in which XEP-0077, XEP-0078 and SASL send passwords. The
// XML may be incomplete.
var xmlSecret = regexp.MustCompile(`(?is)(<(?:\w+:)?(?:password|digest|auth|response)\b[^<>]*>)[^<]*`)

func rawText(payload []byte) string {
	if payload == nil {
		return "(no payload)"
	}
	if !utf8.Valid(payload) {
		return fmt.Sprintf("(%s) %s", count(len(payload), "byte"), hex(payload))
	}
	if masked, ok := secret.XML(string(payload)); ok {
		return quote(masked)
	}
	return quote(xmlSecret.ReplaceAllString(string(payload), "${1}"+secret.Mask))
}

// quote quotes a text on one line and shortens a long one.
func quote(s string) string {
	short, runes := s, 0
	for i := range s {
		if runes++; runes > shownRunes {
			short = s[:i]
			break
		}
	}
	quoted := strconv.Quote(short)
	if len(short) < len(s) {
		quoted = strings.TrimSuffix(quoted, `"`) + `…" (` + count(len(s), "byte") + ")"
	}
	return quoted
}

// bare returns a name without quotes if it needs none.
func bare(s string) string {
	if s == "" || len(s) > 4*shownRunes || strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || r == '"' || r == '=' || unicode.IsSpace(r) || !unicode.IsPrint(r)
	}) {
		return quote(s)
	}
	return s
}

func hex(b []byte) string {
	if len(b) > shownBytes {
		return fmt.Sprintf("% x …", b[:shownBytes])
	}
	return fmt.Sprintf("% x", b)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func joinSome(n int, item func(int) string) string {
	parts := make([]string, 0, min(n, shownItems+1))
	for i := range min(n, shownItems) {
		parts = append(parts, item(i))
	}
	if n > shownItems {
		parts = append(parts, fmt.Sprintf("… %d more", n-shownItems))
	}
	return strings.Join(parts, " ")
}

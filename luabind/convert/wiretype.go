package convert

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/runtime/schema"
)

// kindType returns the wire type of a kind.
func kindType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}

// fits reports whether a field can have a wire type: that of its kind or, for a list of
// numbers, the type of a packed list. Like other protobuf parsers, Decode treats a field
// that does not fit as unknown.
func fits(f *schema.Field, t protowire.Type) bool {
	want := kindType(f.Descriptor.Kind())
	return t == want && want != protowire.StartGroupType ||
		t == protowire.BytesType && f.Descriptor.IsList() && want != protowire.BytesType
}

// protowire takes byte slices, but a payload is a string here, so that its texts can
// share the memory. The slices below are never written to.

func asBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func consumeTag(s string) (protowire.Number, protowire.Type, int) {
	return protowire.ConsumeTag(asBytes(s))
}

func consumeValue(num protowire.Number, t protowire.Type, s string) int {
	return protowire.ConsumeFieldValue(num, t, asBytes(s))
}

func consumeVarint(s string) (uint64, int) { return protowire.ConsumeVarint(asBytes(s)) }

// consumeBytes returns a part of s.
func consumeBytes(s string) (string, int) {
	b, n := protowire.ConsumeBytes(asBytes(s))
	if n < 0 {
		return "", n
	}
	return s[n-len(b) : n], n
}

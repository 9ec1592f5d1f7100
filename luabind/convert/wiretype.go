package convert

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"spectrumlua/runtime/schema"
)

// fits reports whether a field can have a wire type: that of its kind or, for a list of
// numbers, the type of a packed list. Like other protobuf parsers, Decode treats a field
// that does not fit as unknown.
func fits(f *schema.Field, t protowire.Type) bool {
	return t == f.WireType && t != protowire.StartGroupType ||
		t == protowire.BytesType && f.List && f.WireType != protowire.BytesType
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

package schema

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// UserOf finds the user whom a payload of this type is for, as a part of
// payload. It is nil if the type names no user or the payload does not hold
// one; whether the rest of the payload parses is not looked at.
func (t *Type) UserOf(payload []byte) []byte {
	for _, number := range t.User() {
		payload = Find(payload, number)
		if payload == nil {
			return nil
		}
	}
	if t.User() == nil {
		return nil
	}
	return payload
}

// Find finds the value of a length-delimited field of an encoded message, as a
// part of it: the first of a repeated one, which for the fields in question is
// the same as the last. It is nil if there is none.
func Find(message []byte, number protoreflect.FieldNumber) []byte {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		message = message[n:]
		if num == number && typ == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return nil
			}
			return value
		}
		if n = protowire.ConsumeFieldValue(num, typ, message); n < 0 {
			return nil
		}
		message = message[n:]
	}
	return nil
}

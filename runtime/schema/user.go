package schema

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// UserOf returns the user's name in a payload of this type, as a part of payload.
// It returns nil if the type names no user or the payload does not contain one. It
// does not check the rest of the payload.
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

// Find returns the value of a length-delimited field of an encoded message, as a
// part of it, or nil. It returns the first value of a repeated field, which for its
// callers equals the last one.
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

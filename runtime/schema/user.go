package schema

import (
	"iter"

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
		num, value, rest := next(message)
		if num == number && value != nil {
			return value
		}
		message = rest
	}
	return nil
}

// FindAll returns an iterator over all values of a length-delimited field of an encoded
// message. Each value is a part of the message.
func FindAll(message []byte, number protoreflect.FieldNumber) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(message) > 0 {
			num, value, rest := next(message)
			if num == number && value != nil && !yield(value) {
				return
			}
			message = rest
		}
	}
}

// next returns the number of the first field of an encoded message, its value if it is
// length-delimited, and the rest of the message. The rest is empty if the message is
// damaged.
func next(message []byte) (num protowire.Number, value, rest []byte) {
	num, typ, n := protowire.ConsumeTag(message)
	if n < 0 {
		return 0, nil, nil
	}
	message = message[n:]
	if typ == protowire.BytesType {
		if value, n = protowire.ConsumeBytes(message); n < 0 {
			return 0, nil, nil
		}
		return num, value, message[n:]
	}
	if n = protowire.ConsumeFieldValue(num, typ, message); n < 0 {
		return 0, nil, nil
	}
	return num, nil, message[n:]
}

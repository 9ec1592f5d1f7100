package spectrum

import "google.golang.org/protobuf/encoding/protowire"

// field returns the first value of a text field in an encoded message, or nil.
func field(payload []byte, number protowire.Number) []byte {
	for len(payload) > 0 {
		at, typ, n := protowire.ConsumeTag(payload)
		if n < 0 {
			return nil
		}
		payload = payload[n:]
		if at == number && typ == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(payload)
			return value
		}
		if n = protowire.ConsumeFieldValue(at, typ, payload); n < 0 {
			return nil
		}
		payload = payload[n:]
	}
	return nil
}

// hasNumber reports whether an encoded message has a field with at least that number.
func hasNumber(payload []byte, least protowire.Number) bool {
	for len(payload) > 0 {
		at, typ, n := protowire.ConsumeTag(payload)
		if n < 0 || at >= least {
			return n >= 0
		}
		payload = payload[n:]
		if n = protowire.ConsumeFieldValue(at, typ, payload); n < 0 {
			return false
		}
		payload = payload[n:]
	}
	return false
}

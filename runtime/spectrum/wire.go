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

package baseline

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message holds the fields of a ConversationMessage that an echo has. They are parts of
// the payload.
type Message struct{ User, Contact, Text []byte }

// The fields' numbers.
const (
	userField = 1 + iota
	contactField
	textField
)

// ParseMessage parses a ConversationMessage without allocations. It ignores all other
// fields.
func ParseMessage(payload []byte) (m Message, err error) {
	for len(payload) > 0 {
		field, typ, n := protowire.ConsumeTag(payload)
		if n < 0 {
			return Message{}, protowire.ParseError(n)
		}
		payload = payload[n:]
		size := protowire.ConsumeFieldValue(field, typ, payload)
		if size < 0 {
			return Message{}, protowire.ParseError(size)
		}
		value := payload[:size]
		payload = payload[size:]
		if field > textField {
			continue
		}
		if typ != protowire.BytesType {
			return Message{}, errors.New("a field is not text")
		}
		content, _ := protowire.ConsumeBytes(value)
		switch field {
		case userField:
			m.User = content
		case contactField:
			m.Contact = content
		case textField:
			m.Text = content
		}
	}
	if m.User == nil || m.Contact == nil || m.Text == nil {
		return Message{}, errors.New("a required field is missing")
	}
	return m, nil
}

// append appends a ConversationMessage to dst.
func (m Message) append(dst []byte) []byte {
	for i, text := range [...][]byte{m.User, m.Contact, m.Text} {
		dst = protowire.AppendTag(dst, protowire.Number(userField+i), protowire.BytesType)
		dst = protowire.AppendBytes(dst, text)
	}
	return dst
}

package schema

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spectrumlua/runtime/secret"
)

// HasSecrets reports whether a payload of this type may hold a secret, in a secret
// field or in a setting with a name such as password.
func (t *Type) HasSecrets() bool { return t.secrets }

// Secrets returns the secrets in a payload. It returns nil if the payload does not
// parse.
func (t *Type) Secrets(payload []byte) (words []string) {
	if !t.secrets {
		return nil
	}
	typ, err := protoregistry.GlobalTypes.FindMessageByName(t.Payload.Descriptor.FullName())
	if err != nil {
		return nil
	}
	m := typ.New()
	if (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(payload, m.Interface()) != nil {
		return nil
	}
	t.Payload.Secrets(m, func(word string) { words = append(words, word) })
	return words
}

// Secrets calls found for each secret in a message.
func (m *Message) Secrets(in protoreflect.Message, found func(word string)) {
	for _, f := range m.Fields {
		d := f.Descriptor
		if !in.Has(d) {
			continue
		}
		v := in.Get(d)
		switch {
		case d.IsMap():
			v.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
				if secret.Name(key.String()) {
					found(v.String())
				}
				return true
			})
		case d.IsList():
			for i := range v.List().Len() {
				f.secret(v.List().Get(i), found)
			}
		default:
			f.secret(v, found)
		}
	}
}

// secret calls found for a single value, or for the secrets in it.
func (f *Field) secret(v protoreflect.Value, found func(word string)) {
	switch {
	case f.Masked:
	case f.Message != nil:
		f.Message.Secrets(v.Message(), found)
	case f.Secret && f.Kind == protoreflect.BytesKind:
		found(string(v.Bytes()))
	case f.Secret:
		found(v.String())
	}
}

// hasSecrets reports whether a message may hold a secret. seen ends the recursion
// for messages that contain each other.
func (m *Message) hasSecrets(seen map[*Message]bool) bool {
	if m == nil || seen[m] {
		return false
	}
	seen[m] = true
	for _, f := range m.Fields {
		if f.Secret || f.Map || f.Message.hasSecrets(seen) {
			return true
		}
	}
	return false
}

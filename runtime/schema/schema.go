// Package schema describes the protocol as scripts see it: message types, fields
// and enum values, derived from the descriptor of pb/protocol.proto.
//
// All values are immutable and safe for concurrent use.
package schema

import (
	"fmt"
	"sort"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/pb"
	"spectrumlua/runtime/spelling"
)

// Type is one type of WrapperMessage.
type Type struct {
	// Name is the name in scripts, as in "conv_message".
	Name   string
	Number pb.WrapperMessage_Type
	// Payload describes the message in the payload. It is nil if the type has no
	// payload or is Raw.
	Payload *Message
	// Raw is true if the runtime passes the payload on unchanged, as bytes.
	Raw bool
	// FromScript is true if Spectrum, or the gateway for a type that is GatewayOnly,
	// accepts the type. Any other type would stall Spectrum.
	FromScript bool
	// ToScript is true if Spectrum, or the gateway, sends the type.
	ToScript bool
	// GatewayOnly is true if Spectrum does not know the type. It is never written as a
	// frame for Spectrum.
	GatewayOnly bool
	// Internal is true if only the runtime handles and sends the type. Scripts do not see
	// it.
	Internal bool
	// Format is the required form of the whole payload.
	Format pb.PayloadFormat

	secrets bool // the payload may hold secrets
}

// Handled reports whether a script may have a handler for the type.
func (t *Type) Handled() bool { return t.ToScript && !t.Internal }

// Sendable reports whether a script may send the type.
func (t *Type) Sendable() bool { return t.FromScript && !t.Internal }

// User returns the path of field numbers to the user's name in a payload, or nil if
// the type has no such field.
func (t *Type) User() []protoreflect.FieldNumber {
	if t.Payload == nil {
		return nil
	}
	return t.Payload.userPath
}

// Message describes a payload, or a message in a field.
type Message struct {
	Descriptor protoreflect.MessageDescriptor
	// Index is the position in Messages().
	Index int
	// Fields are in the order of their numbers.
	Fields []*Field
	// Required has the bits of the required fields: bit 0 is that of the first field.
	// User has the bit of the user field. It is 0 if the message has no such field.
	Required, User uint64
	// GatewayOnly has the bits of the fields that Spectrum does not know.
	GatewayOnly uint64
	// NeverNil has the bits of the lists that a script gets even if they are empty.
	NeverNil uint64

	byName   map[string]*Field
	byNumber []*Field // nil for an unknown number
	userPath []protoreflect.FieldNumber
}

// Field is one field of a Message.
type Field struct {
	// Name is the key in a script's table, as in "buddy_name".
	Name       string
	Descriptor protoreflect.FieldDescriptor
	// Index is the position in the message's Fields.
	Index int
	// These are from the descriptor, whose methods are too slow for each message. A
	// list is a repeated field that is not a map.
	Number   protowire.Number
	Kind     protoreflect.Kind
	WireType protowire.Type // of one value
	Map      bool
	List     bool
	Required bool
	// Message describes the value of a field of message kind. For a map it is the
	// entry.
	Message *Message
	// Enum names the values of an enum, or the bits of an integer if Flags is true.
	Enum  *Enum
	Flags bool
	// User is true for the field that names the user.
	User bool
	// Secret fields are never logged. Content fields are what people wrote or made for
	// each other.
	Secret, Content bool
	// Masked is true for a Secret field for whose value other texts are not searched.
	Masked bool
	// GatewayOnly fields are unknown to Spectrum.
	GatewayOnly bool
	// NeverNil is true for a list that a script gets even if it is empty.
	NeverNil bool
	Format   pb.Format
}

// Enum is a set of named numbers.
type Enum struct {
	Descriptor protoreflect.EnumDescriptor
	// Names are in the order of their numbers.
	Names []string

	byName   map[string]int32
	byNumber map[int32]string
}

// meanings has the names of values that authors expect under another name.
var meanings = map[string]string{
	"offline": "none", "unavailable": "none", "gone": "none", "left": "none", "available": "online",
	"busy": "dnd", "do_not_disturb": "dnd", "chat": "ffc", "free_for_chat": "ffc", "extended_away": "xa",
	"idle": "away", "op": "moderator", "admin": "moderator", "owner": "moderator", "self": "me",
	"nickname_conflict": "conflict", "ban": "banned", "kick": "kicked", "forbidden": "not_authorized",
	"not_found": "room_not_found", "wrong_password": "authentication_failed", "invalid_password": "authentication_failed",
	"auth_failed": "authentication_failed", "not_authorized": "authentication_failed", "timeout": "network_error",
	"connection_lost": "network_error", "unknown": "other_error", "error": "other_error",
}

// Nearest returns the name that word most likely means, by meaning ("offline" is
// "none") or by spelling, or "" if no name is near.
func (e *Enum) Nearest(word string) string {
	name := meanings[strings.ReplaceAll(strings.ToLower(word), " ", "_")]
	if _, ok := e.byName[name]; ok {
		return name
	}
	return spelling.Name(word, e.Names)
}

// Origins returns the values of the argument origin, which the handlers of some types
// receive after the payload: why Spectrum has sent the message.
func (t *Type) Origins() []string {
	switch t.Number {
	case pb.WrapperMessage_TYPE_BUDDY_CHANGED:
		return []string{"user", "echo", "authorized"}
	case pb.WrapperMessage_TYPE_BUDDY_REMOVED:
		return []string{"user", "refused"}
	}
	return nil
}

// Types returns all types of WrapperMessage, in the order of their numbers.
func Types() []*Type { return all.types }

// Messages returns all messages in payloads and in their fields.
func Messages() []*Message {
	messages := make([]*Message, len(all.messages))
	for _, m := range all.messages {
		messages[m.Index] = m
	}
	return messages
}

// TypeByName returns the type with that name in scripts, or nil.
func TypeByName(name string) *Type { return all.byName[name] }

// TypeByNumber returns the type with that number. It returns nil for a type that is
// unknown to this version of the protocol.
func TypeByNumber(n pb.WrapperMessage_Type) *Type {
	if n < 0 || int(n) >= len(all.byNumber) {
		return nil
	}
	return all.byNumber[n]
}

// Field returns the field with that name in scripts, or nil.
func (m *Message) Field(name string) *Field { return m.byName[name] }

// FieldByNumber returns the field with that number, or nil.
func (m *Message) FieldByNumber(n protoreflect.FieldNumber) *Field {
	if n < 0 || int(n) >= len(m.byNumber) {
		return nil
	}
	return m.byNumber[n]
}

// FieldNames returns the names of all fields, in the order of their numbers.
func (m *Message) FieldNames() []string {
	names := make([]string, len(m.Fields))
	for i, f := range m.Fields {
		names[i] = f.Name
	}
	return names
}

// Number returns the number of a name, and reports whether the name exists.
func (e *Enum) Number(name string) (int32, bool) {
	n, ok := e.byName[name]
	return n, ok
}

// Name returns the name of a number, or "".
func (e *Enum) Name(n int32) string { return e.byNumber[n] }

// Bits returns the names of the bits that are set, lowest first, and the set bits
// without a name.
func (e *Enum) Bits(set int32) (names []string, unknown int32) {
	unknown = set
	for _, name := range e.Names {
		if bit := e.byName[name]; bit != 0 && set&bit == bit {
			names = append(names, name)
			unknown &^= bit
		}
	}
	return names, unknown
}

// SnakeCase converts buddyName to buddy_name, and userJID to user_jid.
func SnakeCase(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if isUpper(c) && i > 0 && name[i-1] != '_' &&
			(!isUpper(name[i-1]) || i+1 < len(name) && isLower(name[i+1])) {
			b.WriteByte('_')
		}
		if isUpper(c) {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Names in a .proto are ASCII.

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

// MaxFields is the maximum number of fields in a message. Readers of a payload keep
// the fields that they have seen in the bits of a uint64.
const MaxFields = 64

// all is the schema of the protocol.
var all = read(pb.File_protocol_proto)

type registry struct {
	types    []*Type
	byName   map[string]*Type
	byNumber []*Type
	messages map[protoreflect.FullName]*Message
	enums    map[protoreflect.FullName]*Enum
	file     protoreflect.FileDescriptor
}

func read(file protoreflect.FileDescriptor) *registry {
	values := file.Messages().ByName("WrapperMessage").Enums().ByName("Type").Values()
	r := &registry{
		types:    make([]*Type, 0, values.Len()),
		byName:   make(map[string]*Type, values.Len()),
		messages: make(map[protoreflect.FullName]*Message, file.Messages().Len()),
		enums:    make(map[protoreflect.FullName]*Enum, file.Enums().Len()),
		file:     file,
	}
	for i := range values.Len() {
		t := r.readType(values.Get(i))
		r.types = append(r.types, t)
		r.byName[t.Name] = t
	}
	sort.Slice(r.types, func(i, j int) bool { return r.types[i].Number < r.types[j].Number })
	r.byNumber = make([]*Type, r.types[len(r.types)-1].Number+1)
	for _, t := range r.types {
		r.byNumber[t.Number] = t
	}
	return r
}

func (r *registry) readType(v protoreflect.EnumValueDescriptor) *Type {
	traits, _ := proto.GetExtension(v.Options(), pb.E_Traits).(*pb.TypeOptions)
	t := &Type{
		Name:        valueName(v),
		Number:      pb.WrapperMessage_Type(v.Number()),
		Raw:         traits.GetRaw(),
		FromScript:  traits.GetFromScript(),
		ToScript:    traits.GetToScript(),
		GatewayOnly: traits.GetGatewayOnly(),
		Internal:    traits.GetInternal(),
		Format:      traits.GetFormat(),
	}
	if name := traits.GetPayload(); name != "" {
		d := r.file.Messages().ByName(protoreflect.Name(name))
		if d == nil {
			panic(fmt.Sprintf("schema: protocol.proto: %s has the payload %s, which is not a message in the file", v.Name(), name))
		}
		t.Payload = r.message(d)
		t.secrets = t.Payload.hasSecrets(map[*Message]bool{})
	}
	return t
}

func (r *registry) message(d protoreflect.MessageDescriptor) *Message {
	if m := r.messages[d.FullName()]; m != nil {
		return m
	}
	n := d.Fields().Len()
	m := &Message{
		Descriptor: d,
		Index:      len(r.messages),
		Fields:     make([]*Field, 0, n),
		byName:     make(map[string]*Field, n),
	}
	r.messages[d.FullName()] = m
	if n > MaxFields {
		panic(fmt.Sprintf("schema: protocol.proto: %s has %d fields, at most %d are supported", d.FullName(), n, MaxFields))
	}
	for i := range n {
		m.Fields = append(m.Fields, r.field(d.Fields().Get(i)))
	}
	sort.Slice(m.Fields, func(i, j int) bool {
		return m.Fields[i].Number < m.Fields[j].Number
	})
	if n > 0 {
		m.byNumber = make([]*Field, m.Fields[n-1].Number+1)
	}
	for i, f := range m.Fields {
		f.Index = i
		m.byName[f.Name] = f
		m.byNumber[f.Number] = f
		if f.Required {
			m.Required |= 1 << i
		}
		if f.User {
			m.User |= 1 << i
		}
		if f.GatewayOnly {
			m.GatewayOnly |= 1 << i
		}
		if f.NeverNil {
			m.NeverNil |= 1 << i
		}
		if m.userPath == nil || f.User && len(m.userPath) > 1 {
			m.userPath = userPath(f)
		}
	}
	return m
}

// userPath returns the path to the user through f: f itself, or a field of the
// message in f, as in a list of contacts.
func userPath(f *Field) []protoreflect.FieldNumber {
	switch {
	case f.User:
		return []protoreflect.FieldNumber{f.Number}
	case f.Message != nil && f.Message.userPath != nil:
		return append([]protoreflect.FieldNumber{f.Number}, f.Message.userPath...)
	}
	return nil
}

func (r *registry) field(d protoreflect.FieldDescriptor) *Field {
	about, _ := proto.GetExtension(d.Options(), pb.E_About).(*pb.FieldOptions)
	f := &Field{
		Name:        SnakeCase(string(d.Name())),
		Descriptor:  d,
		Number:      d.Number(),
		Kind:        d.Kind(),
		WireType:    wireType(d.Kind()),
		Map:         d.IsMap(),
		List:        d.IsList(),
		Required:    d.Cardinality() == protoreflect.Required,
		User:        about.GetUser(),
		Secret:      about.GetSecret() || about.GetMasked(),
		Masked:      about.GetMasked(),
		GatewayOnly: about.GetGatewayOnly(),
		NeverNil:    about.GetNeverNil(),
		Content:     about.GetContent(),
		Format:      about.GetFormat(),
	}
	if d.Message() != nil {
		f.Message = r.message(d.Message())
	}
	if d.Enum() != nil {
		f.Enum = r.enum(d.Enum())
	}
	if name := about.GetFlags(); name != "" {
		e := r.file.Enums().ByName(protoreflect.Name(name))
		if e == nil {
			panic(fmt.Sprintf("schema: protocol.proto: %s has the flags of %s, which is not an enum in the file", d.FullName(), name))
		}
		f.Enum, f.Flags = r.enum(e), true
	}
	return f
}

func (r *registry) enum(d protoreflect.EnumDescriptor) *Enum {
	if e := r.enums[d.FullName()]; e != nil {
		return e
	}
	n := d.Values().Len()
	e := &Enum{
		Descriptor: d,
		Names:      make([]string, 0, n),
		byName:     make(map[string]int32, n),
		byNumber:   make(map[int32]string, n),
	}
	for i := range n {
		v := d.Values().Get(i)
		name := valueName(v)
		e.Names = append(e.Names, name)
		e.byName[name] = int32(v.Number())
		e.byNumber[int32(v.Number())] = name
	}
	sort.Slice(e.Names, func(i, j int) bool { return e.byName[e.Names[i]] < e.byName[e.Names[j]] })
	r.enums[d.FullName()] = e
	return e
}

// valueName removes the prefix of an enum value: STATUS_TYPE_ONLINE of StatusType
// becomes "online".
func valueName(v protoreflect.EnumValueDescriptor) string {
	prefix := strings.ToUpper(SnakeCase(string(v.Parent().Name()))) + "_"
	return strings.ToLower(strings.TrimPrefix(string(v.Name()), prefix))
}

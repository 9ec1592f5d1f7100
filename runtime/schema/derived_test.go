package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"spectrumlua/pb"
)

// changed returns the protocol after a change to protocol.proto.
func changed(t *testing.T, change func(*descriptorpb.FileDescriptorProto)) protoreflect.FileDescriptor {
	t.Helper()
	file := protodesc.ToFileDescriptorProto(pb.File_protocol_proto)
	change(file)
	d, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func addType(file *descriptorpb.FileDescriptorProto, name string, number int32, traits *pb.TypeOptions) {
	options := &descriptorpb.EnumValueOptions{}
	proto.SetExtension(options, pb.E_Traits, traits)
	for _, m := range file.MessageType {
		if m.GetName() == "WrapperMessage" {
			m.EnumType[0].Value = append(m.EnumType[0].Value, &descriptorpb.EnumValueDescriptorProto{
				Name: &name, Number: &number, Options: options,
			})
		}
	}
}

func addMessage(file *descriptorpb.FileDescriptorProto, name string, fields ...*descriptorpb.FieldDescriptorProto) {
	file.MessageType = append(file.MessageType, &descriptorpb.DescriptorProto{Name: &name, Field: fields})
}

func newField(name string, number int32, about *pb.FieldOptions) *descriptorpb.FieldDescriptorProto {
	f := &descriptorpb.FieldDescriptorProto{
		Name:   &name,
		Number: &number,
		Label:  descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		Type:   descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
	}
	if about != nil {
		f.Options = &descriptorpb.FieldOptions{}
		proto.SetExtension(f.Options, pb.E_About, about)
	}
	return f
}

func messageField(name string, number int32, kind string) *descriptorpb.FieldDescriptorProto {
	f := newField(name, number, nil)
	f.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
	f.TypeName = proto.String(".spectrumlua.pb." + kind)
	return f
}

// TestNewTypeNeedsOnlyProtocolProto adds a type to the descriptor, as a change to
// protocol.proto would.
func TestNewTypeNeedsOnlyProtocolProto(t *testing.T) {
	r := read(changed(t, func(file *descriptorpb.FileDescriptorProto) {
		addType(file, "TYPE_USER_POKED", 4000, &pb.TypeOptions{Payload: proto.String("Poke"), FromScript: proto.Bool(true)})
		flag := newField("pokeFlags", 3, &pb.FieldOptions{Flags: proto.String("ParticipantFlag")})
		flag.Type = descriptorpb.FieldDescriptorProto_TYPE_INT32.Enum()
		addMessage(file, "Poke",
			newField("howOften", 2, &pb.FieldOptions{Secret: proto.Bool(true), Format: pb.Format_FORMAT_XHTML.Enum()}),
			newField("userJID", 1, &pb.FieldOptions{User: proto.Bool(true)}),
			flag)
	}))
	typ := r.byName["user_poked"]
	if typ == nil || typ != r.byNumber[4000] || typ != r.types[len(r.types)-1] {
		t.Fatal("the new type is missing")
	}
	if !typ.FromScript || typ.ToScript || typ.Raw {
		t.Errorf("%+v", *typ)
	}
	if want := []string{"user_jid", "how_often", "poke_flags"}; !slices.Equal(typ.Payload.FieldNames(), want) {
		t.Errorf("the type has the fields %q", typ.Payload.FieldNames())
	}
	if f := typ.Payload.Field("how_often"); !f.Secret || f.Format != pb.Format_FORMAT_XHTML {
		t.Errorf("%+v", *f)
	}
	if f := typ.Payload.Field("poke_flags"); !f.Flags || f.Enum.Name(16) != "me" {
		t.Errorf("%+v", *f)
	}
	if user := typ.UserOf([]byte("\x12\x01x\x0a\x05alice")); string(user) != "alice" {
		t.Errorf("the user is %q", user)
	}
}

func TestUserIsFoundInFieldsAndMessages(t *testing.T) {
	user := &pb.FieldOptions{User: proto.Bool(true)}
	cases := []struct {
		name   string
		fields []*descriptorpb.FieldDescriptorProto
		want   []protoreflect.FieldNumber
	}{
		{"a field", []*descriptorpb.FieldDescriptorProto{newField("a", 1, nil), newField("b", 2, user)}, []protoreflect.FieldNumber{2}},
		{"a field of a field", []*descriptorpb.FieldDescriptorProto{messageField("a", 3, "Connected")}, []protoreflect.FieldNumber{3, 1}},
		{"deeper", []*descriptorpb.FieldDescriptorProto{messageField("a", 3, "Buddies")}, []protoreflect.FieldNumber{3, 1, 1}},
		{"a direct field before a nested one", []*descriptorpb.FieldDescriptorProto{messageField("a", 1, "Connected"), newField("b", 2, user)}, []protoreflect.FieldNumber{2}},
		{"nobody", []*descriptorpb.FieldDescriptorProto{newField("a", 1, nil), messageField("b", 2, "Stats")}, nil},
		{"a message within itself", []*descriptorpb.FieldDescriptorProto{messageField("a", 1, "Poke"), newField("b", 2, user)}, []protoreflect.FieldNumber{2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := read(changed(t, func(file *descriptorpb.FileDescriptorProto) {
				addType(file, "TYPE_POKE", 4000, &pb.TypeOptions{Payload: proto.String("Poke")})
				addMessage(file, "Poke", c.fields...)
			}))
			if got := r.byName["poke"].User(); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestMistakesInTheProtocolPanicAtTheStart(t *testing.T) {
	fields := func(n int32) (all []*descriptorpb.FieldDescriptorProto) {
		for i := range n {
			all = append(all, newField(fmt.Sprintf("f%d", i), i+1, nil))
		}
		return all
	}
	poke := &pb.TypeOptions{Payload: proto.String("Poke")}
	cases := []struct {
		name   string
		change func(*descriptorpb.FileDescriptorProto)
		want   string
	}{
		{"the maximum number of fields", func(file *descriptorpb.FileDescriptorProto) {
			addType(file, "TYPE_POKE", 4000, poke)
			addMessage(file, "Poke", fields(MaxFields)...)
		}, ""},
		{"one field over the maximum", func(file *descriptorpb.FileDescriptorProto) {
			addType(file, "TYPE_POKE", 4000, poke)
			addMessage(file, "Poke", fields(MaxFields+1)...)
		}, "spectrumlua.pb.Poke has 65 fields, at most 64"},
		{"a payload that is not a message", func(file *descriptorpb.FileDescriptorProto) {
			addType(file, "TYPE_POKE", 4000, poke)
		}, "TYPE_POKE has the payload Poke, which is not a message"},
		{"flags of an unknown enum", func(file *descriptorpb.FileDescriptorProto) {
			addType(file, "TYPE_POKE", 4000, poke)
			addMessage(file, "Poke", newField("a", 1, &pb.FieldOptions{Flags: proto.String("PokeFlag")}))
		}, "spectrumlua.pb.Poke.a has the flags of PokeFlag, which is not an enum"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				text := fmt.Sprint(recover())
				if c.want == "" {
					c.want = "<nil>"
				}
				if !strings.Contains(text, c.want) {
					t.Errorf("%s, want %s", text, c.want)
				}
			}()
			read(changed(t, c.change))
		})
	}
}

func TestEnumNamesAreInTheOrderOfTheirNumbers(t *testing.T) {
	r := read(changed(t, func(file *descriptorpb.FileDescriptorProto) {
		value := func(name string, n int32) *descriptorpb.EnumValueDescriptorProto {
			return &descriptorpb.EnumValueDescriptorProto{Name: &name, Number: &n}
		}
		file.EnumType = append(file.EnumType, &descriptorpb.EnumDescriptorProto{
			Name:  proto.String("HTTPError"),
			Value: []*descriptorpb.EnumValueDescriptorProto{value("HTTP_ERROR_GONE", 4), value("HTTP_ERROR_FINE", 0), value("BARE", -1)},
		})
		f := newField("error", 1, nil)
		f.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
		f.TypeName = proto.String(".spectrumlua.pb.HTTPError")
		addType(file, "TYPE_POKE", 4000, &pb.TypeOptions{Payload: proto.String("Poke")})
		addMessage(file, "Poke", f)
	}))
	e := r.byName["poke"].Payload.Field("error").Enum
	if want := []string{"bare", "fine", "gone"}; !slices.Equal(e.Names, want) {
		t.Errorf("%q, want %q", e.Names, want)
	}
}

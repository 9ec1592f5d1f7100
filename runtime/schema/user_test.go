package schema_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

const alice = "alice@localhost"

// TestUserOfEveryType fills each payload and finds its user.
func TestUserOfEveryType(t *testing.T) {
	nobody := map[string]bool{"stats": true, "commands": true, "backend_config": true, "query": true, "api_version": true}
	for _, typ := range schema.Types() {
		t.Run(typ.Name, func(t *testing.T) {
			if typ.Payload == nil {
				if typ.User() != nil || typ.UserOf([]byte("\x0a\x05alice")) != nil {
					t.Error("a payload without fields names a user")
				}
				return
			}
			m := dynamicpb.NewMessage(typ.Payload.Descriptor)
			fill(m)
			payload, err := proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			user := typ.UserOf(payload)
			if nobody[typ.Name] {
				if user != nil || typ.User() != nil {
					t.Errorf("the user is %q, at %v", user, typ.User())
				}
				return
			}
			if string(user) != alice {
				t.Errorf("the user is %q, at %v", user, typ.User())
			}
			if got := typ.UserOf(nil); got != nil {
				t.Errorf("an empty payload names %q", got)
			}
		})
	}
}

// fill sets every field: the user's field to alice and other texts to bob.
func fill(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		about := proto.GetExtension(f.Options(), pb.E_About).(*pb.FieldOptions)
		switch {
		case f.IsMap():
			m.Mutable(f).Map().Set(protoreflect.ValueOf("k").MapKey(), protoreflect.ValueOf("v"))
		case f.IsList():
			if f.Message() != nil {
				fill(m.Mutable(f).List().AppendMutable().Message())
				break
			}
			m.Mutable(f).List().Append(protoreflect.ValueOf("bob"))
		case f.Message() != nil:
			fill(m.Mutable(f).Message())
		case about.GetUser():
			m.Set(f, protoreflect.ValueOf(alice))
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOf("bob"))
		case f.Kind() == protoreflect.BytesKind:
			m.Set(f, protoreflect.ValueOf([]byte("\x0a\x03bob")))
		default:
			m.Set(f, f.Default())
		}
	}
}

func TestUserOfFindsTheUserInAPayload(t *testing.T) {
	roster := func(users ...string) string {
		b := &pb.Buddies{}
		for _, user := range users {
			b.Buddy = append(b.Buddy, &pb.Buddy{UserName: &user, BuddyName: proto.String("bob")})
		}
		payload, err := proto.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(payload)
	}
	cases := []struct {
		name, typ, payload string
		want               string
		none               bool
	}{
		{"the first field", "connected", "\x0a\x05alice", "alice", false},
		{"after other fields", "conv_message", "\x12\x03bob\x1a\x02hi\x48\x01\x0a\x05alice", "alice", false},
		{"after unknown fields", "conv_message", "\xc0\x3e\x01\xcd\x3e\x01\x02\x03\x04\x0a\x05alice", "alice", false},
		{"an empty name", "connected", "\x0a\x00", "", false},
		{"none", "conv_message", "\x12\x03bob", "", true},
		{"rooms of one user", "room_list", "\x0a\x01r\x12\x01n\x1a\x05alice", "alice", false},
		{"rooms of all users", "room_list", "\x0a\x01r\x12\x01n", "", true},
		{"a roster", "buddies", roster("alice"), "alice", false},
		{"a roster with many contacts", "buddies", roster("alice", "alice", "alice"), "alice", false},
		{"an empty roster", "buddies", "", "", true},
		{"a roster with an empty contact", "buddies", "\x0a\x00", "", true},
		{"a roster with a contact without a user", "buddies", "\x0a\x05\x12\x03bob", "", true},
		{"another kind", "connected", "\x08\x05", "", true},
		{"another kind first", "connected", "\x08\x05\x0a\x05alice", "alice", false},
		{"an end within the name", "connected", "\x0a\x06alice", "", true},
		{"an end within a field before", "conv_message", "\x12\x30bob", "", true},
		{"garbage", "conv_message", "garbage", "", true},
		{"garbage after the user", "conv_message", "\x0a\x05alice\xff\xff\xff", "alice", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			payload := []byte(c.payload)
			user := schema.TypeByName(c.typ).UserOf(payload)
			if string(user) != c.want || (user == nil) != c.none {
				t.Errorf("%#v, want %q (none: %v)", user, c.want, c.none)
			}
		})
	}
}

func TestUserOfDoesNotAllocate(t *testing.T) {
	typ := schema.TypeByName("conv_message")
	payload := []byte("\x12\x03bob\x1a\x02hi\x0a\x05alice")
	if allocs := testing.AllocsPerRun(100, func() {
		if typ.UserOf(payload) == nil {
			t.Fatal("nobody")
		}
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

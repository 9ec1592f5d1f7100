package schema_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

func TestTypesMatchTheProtocol(t *testing.T) {
	values := pb.WrapperMessage_Type(0).Descriptor().Values()
	types := schema.Types()
	if len(types) != values.Len() {
		t.Fatalf("%d types, want %d", len(types), values.Len())
	}
	for i, typ := range types {
		v := values.ByNumber(protoreflect.EnumNumber(typ.Number))
		if v == nil {
			t.Fatalf("type %d is not in the protocol", typ.Number)
		}
		if name := strings.ToLower(strings.TrimPrefix(string(v.Name()), "TYPE_")); typ.Name != name {
			t.Errorf("type %d is called %s, want %s", typ.Number, typ.Name, name)
		}
		if i > 0 && types[i-1].Number >= typ.Number {
			t.Errorf("%s follows %s", typ.Name, types[i-1].Name)
		}
		if schema.TypeByName(typ.Name) != typ || schema.TypeByNumber(typ.Number) != typ {
			t.Errorf("%s is not found again", typ.Name)
		}
		if typ.Raw && typ.Payload != nil {
			t.Errorf("%s is raw, but has fields", typ.Name)
		}
	}
}

func TestUnknownTypesAreNil(t *testing.T) {
	for _, n := range []pb.WrapperMessage_Type{-1, 0, 5, 37, 1 << 30, -1 << 31} {
		if typ := schema.TypeByNumber(n); typ != nil {
			t.Errorf("type %d is %s", n, typ.Name)
		}
	}
	for _, name := range []string{"", "LOGIN", "type_login", "login "} {
		if typ := schema.TypeByName(name); typ != nil {
			t.Errorf("%q is type %d", name, typ.Number)
		}
	}
}

func TestTraitsOfTypes(t *testing.T) {
	cases := []struct {
		name         string
		payload      string
		raw          bool
		takes, sends bool
		format       pb.PayloadFormat
	}{
		{"connected", "Connected", false, true, false, 0},
		{"login", "Login", false, false, true, 0},
		{"conv_message", "ConversationMessage", false, true, true, 0},
		{"ping", "", false, false, true, 0},
		{"pong", "", false, true, false, 0},
		{"exit", "", false, false, true, 0},
		{"ft_start", "", true, false, false, 0},
		{"ft_continue", "", true, false, false, 0},
		{"backend_config", "BackendConfig", false, true, false, pb.PayloadFormat_PAYLOAD_FORMAT_CONFIG},
		{"query", "BackendConfig", false, true, true, 0},
		{"raw_xml", "", true, true, true, pb.PayloadFormat_PAYLOAD_FORMAT_STANZA},
		{"buddies", "Buddies", false, false, true, 0},
		{"api_version", "APIVersion", false, false, true, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			typ := schema.TypeByName(c.name)
			if typ == nil {
				t.Fatal("the type does not exist")
			}
			payload := ""
			if typ.Payload != nil {
				payload = string(typ.Payload.Descriptor.Name())
			}
			if payload != c.payload || typ.Raw != c.raw || typ.FromScript != c.takes || typ.ToScript != c.sends || typ.Format != c.format {
				t.Errorf("%+v with the payload %q", *typ, payload)
			}
		})
	}
}

// TestFieldsHaveTheirNamesAndOptions compares the keys of a script's tables, in order,
// and the options that protocol.proto sets.
func TestFieldsHaveTheirNamesAndOptions(t *testing.T) {
	cases := []struct{ typ, want string }{
		{"connected", "user:user"},
		{"disconnected", "user:user error:ConnectionError message"},
		{"login", "user:user legacy_name password:secret extra_fields:secret settings"},
		{"buddy_changed", "user_name:user buddy_name:FORMAT_LOCALPART alias group status:StatusType status_message:content icon_hash blocked idle_since:gateway:FORMAT_TIMESTAMP"},
		{"conv_message", "user_name:user buddy_name:FORMAT_LOCALPART message:content nickname:FORMAT_RESOURCE xhtml:content:FORMAT_XHTML timestamp:FORMAT_TIMESTAMP headline id:FORMAT_ID pm carbon attachment replaces:gateway:FORMAT_ID reply_to:gateway origin:gateway lang:gateway spoiler:content:gateway"},
		{"join_room", "user_name:user nickname:FORMAT_RESOURCE room:FORMAT_LOCALPART password:secret"},
		{"room_list", "room:FORMAT_LOCALPART name user:user"},
		{"participant_changed", "user_name:user room:FORMAT_LOCALPART nickname:FORMAT_RESOURCE flag:flags:ParticipantFlag status:StatusType status_message:content newname:FORMAT_RESOURCE icon_hash alias idle_since:gateway:FORMAT_TIMESTAMP"},
		{"vcard", "user_name:user buddy_name id fullname:content nickname:content photo:content"},
		{"status_changed", "user_name:user status:StatusType status_message:content idle_since:gateway:FORMAT_TIMESTAMP"},
		{"stats", "res init_res shared id"},
		{"backend_config", "config"},
		{"buddies", "buddy"},
	}
	for _, c := range cases {
		t.Run(c.typ, func(t *testing.T) {
			m := schema.TypeByName(c.typ).Payload
			var got []string
			for i, f := range m.Fields {
				got = append(got, f.Name+about(f))
				if f.Index != i || m.Field(f.Name) != f || m.FieldByNumber(f.Descriptor.Number()) != f {
					t.Errorf("%s is not found again", f.Name)
				}
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s\nwant %s", text, c.want)
			}
			if m.Field("nothing") != nil || m.FieldByNumber(2000) != nil {
				t.Error("an unknown field is found")
			}
			var names []string
			for _, name := range strings.Fields(c.want) {
				name, _, _ = strings.Cut(name, ":")
				names = append(names, name)
			}
			if !slices.Equal(m.FieldNames(), names) {
				t.Errorf("FieldNames: %q", m.FieldNames())
			}
		})
	}
}

func about(f *schema.Field) (text string) {
	for _, trait := range []struct {
		has  bool
		name string
	}{{f.User, "user"}, {f.Secret, "secret"}, {f.Content, "content"}, {f.GatewayOnly, "gateway"}, {f.Flags, "flags"}} {
		if trait.has {
			text += ":" + trait.name
		}
	}
	if f.Enum != nil {
		text += ":" + string(f.Enum.Descriptor.Name())
	}
	if f.Format != pb.Format_FORMAT_TEXT {
		text += ":" + f.Format.String()
	}
	return text
}

func TestNestedMessagesAreDescribed(t *testing.T) {
	settings := schema.TypeByName("login").Payload.Field("settings").Message
	entry := settings.Field("value").Message
	if !slices.Equal(entry.FieldNames(), []string{"key", "value"}) || !settings.Field("value").Descriptor.IsMap() {
		t.Errorf("the settings' entries have the fields %q", entry.FieldNames())
	}
	attachment := schema.TypeByName("conv_message").Payload.Field("attachment").Message
	if want := []string{"url", "mime_type", "description", "name", "size", "width", "height", "duration", "preview", "voice", "sticker"}; !slices.Equal(attachment.FieldNames(), want) {
		t.Errorf("an attachment has the fields %q", attachment.FieldNames())
	}
	buddy := schema.TypeByName("buddies").Payload.Field("buddy").Message
	if buddy != schema.TypeByName("buddy_changed").Payload {
		t.Error("Buddy is described twice")
	}
}

func TestEnumsConvertNamesAndNumbers(t *testing.T) {
	status := schema.TypeByName("status_changed").Payload.Field("status").Enum
	if want := []string{"online", "away", "ffc", "xa", "dnd", "none", "invisible"}; !slices.Equal(status.Names, want) {
		t.Errorf("%q", status.Names)
	}
	for want, name := range status.Names {
		if n, ok := status.Number(name); !ok || int(n) != want || status.Name(n) != name {
			t.Errorf("%s is %d, %v", name, n, ok)
		}
	}
	if _, ok := status.Number("ONLINE"); ok {
		t.Error("ONLINE is a name")
	}
	if name := status.Name(7) + status.Name(-1); name != "" {
		t.Errorf("an unknown number has the name %q", name)
	}
	errors := schema.TypeByName("disconnected").Payload.Field("error").Enum
	if n, ok := errors.Number("other_error"); !ok || n != 16 {
		t.Errorf("other_error is %d, %v", n, ok)
	}
}

func TestBitsHaveNames(t *testing.T) {
	flags := schema.TypeByName("participant_changed").Payload.Field("flag").Enum
	cases := []struct {
		name    string
		set     int32
		names   string
		unknown int32
	}{
		{"none", 0, "", 0},
		{"one", 1, "moderator", 0},
		{"two", 1 | 16, "moderator me", 0},
		{"all", 127, "moderator conflict banned not_authorized me kicked room_not_found", 0},
		{"a known and an unknown bit", 16 | 128, "me", 128},
		{"every bit", -1, "moderator conflict banned not_authorized me kicked room_not_found", -1 &^ 127},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			names, unknown := flags.Bits(c.set)
			if got := strings.Join(names, " "); got != c.names || unknown != c.unknown {
				t.Errorf("%q and %#x; want %q and %#x", got, unknown, c.names, c.unknown)
			}
		})
	}
}

func TestSnakeCaseConvertsNames(t *testing.T) {
	for name, want := range map[string]string{
		"":               "",
		"user":           "user",
		"buddyName":      "buddy_name",
		"init_res":       "init_res",
		"legacyName2":    "legacy_name2",
		"StatusType":     "status_type",
		"userJID":        "user_jid",
		"APIVersion":     "api_version",
		"isXMLStream":    "is_xml_stream",
		"Already_Snaked": "already_snaked",
		"aB":             "a_b",
		"x2Y":            "x2_y",
	} {
		if got := schema.SnakeCase(name); got != want {
			t.Errorf("%s becomes %q, want %q", name, got, want)
		}
	}
}

package record

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

const (
	tLogin   = pb.WrapperMessage_TYPE_LOGIN
	tMessage = pb.WrapperMessage_TYPE_CONV_MESSAGE
	tRawXML  = pb.WrapperMessage_TYPE_RAW_XML
	tQuery   = pb.WrapperMessage_TYPE_QUERY
	tExit    = pb.WrapperMessage_TYPE_EXIT
)

// filled returns a message with a value in every field, and two values in every list.
func filled(s *schema.Message) *dynamicpb.Message {
	m := dynamicpb.NewMessage(s.Descriptor)
	for i, f := range s.Fields {
		value := func() protoreflect.Value {
			switch f.Descriptor.Kind() {
			case protoreflect.MessageKind:
				return protoreflect.ValueOfMessage(filled(f.Message))
			case protoreflect.EnumKind:
				return protoreflect.ValueOfEnum(1)
			case protoreflect.BoolKind:
				return protoreflect.ValueOfBool(true)
			case protoreflect.BytesKind:
				return protoreflect.ValueOfBytes([]byte{0, 1, 0xff})
			case protoreflect.Int32Kind:
				return protoreflect.ValueOfInt32(17 | 1<<20)
			case protoreflect.Int64Kind:
				return protoreflect.ValueOfInt64(1 << 40)
			case protoreflect.DoubleKind:
				return protoreflect.ValueOfFloat64(1.5)
			}
			return protoreflect.ValueOfString(fmt.Sprintf("täxt \"%d\" 🌍\u202e\x1b\n", i))
		}
		switch {
		case f.Descriptor.IsMap():
			m.Mutable(f.Descriptor).Map().Set(protoreflect.ValueOfString("a name").MapKey(), protoreflect.ValueOfString("a value"))
		case f.Descriptor.IsList():
			m.Mutable(f.Descriptor).List().Append(value())
			m.Mutable(f.Descriptor).List().Append(value())
		case !f.Secret:
			m.Set(f.Descriptor, value())
		}
	}
	return m
}

// TestEveryTypeIsReadAsItWasWritten records each type of the protocol with all its
// fields.
func TestEveryTypeIsReadAsItWasWritten(t *testing.T) {
	type sent struct {
		name    string
		typ     pb.WrapperMessage_Type
		payload []byte
	}
	var all []sent
	for _, typ := range schema.Types() {
		all = append(all, sent{typ.Name + ", no payload", typ.Number, nil})
		if typ.Payload == nil {
			continue
		}
		m := filled(typ.Payload)
		secrets := false
		for _, f := range typ.Payload.Fields { // masked fields do not come back
			if f.Secret {
				m.Clear(f.Descriptor)
				secrets = true
			}
		}
		payload, err := proto.MarshalOptions{AllowPartial: true, Deterministic: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sent{typ.Name, typ.Number, payload}, sent{typ.Name + ", empty", typ.Number, []byte{}})
		if !secrets {
			all = append(all, sent{typ.Name + ", fields of a newer version", typ.Number, []byte("\xfa\x3f\x03new")})
		}
	}
	all = append(all,
		sent{"raw XML", tRawXML, []byte(`<iq  type='get'><q xmlns="x">ü &amp; 🌍</q></iq>`)},
		sent{"a newer type", 99, []byte("\x00\xff")}, sent{"a newer type with a text", 99, []byte("text")},
		sent{"a text that is not UTF-8", tQuery, []byte("\x0a\x02\xff\xfe")},
		sent{"an enum's value of a newer version", pb.WrapperMessage_TYPE_STATUS_CHANGED, []byte("\x0a\x01a\x18\x63")},
	)
	o, _ := options(t)
	r := open(t, o)
	r.Loaded(1, "abcdef123456")
	for i, s := range all {
		if i%2 == 0 {
			r.In(s.typ, s.payload)
		} else {
			r.Out(s.typ, s.payload)
		}
	}
	r.Failed(fmt.Errorf("x.lua:1: a typo"))
	r.Close()
	runs := load(t, o.Path)
	if len(runs) != 1 || !runs[0].Whole || runs[0].Header.JID != "lua.localhost" || runs[0].Header.Part != 1 {
		t.Fatalf("%+v", runs)
	}
	entries := runs[0].Entries
	if len(entries) != len(all)+3 || entries[0].Event != EventLoaded || entries[0].SHA256 != "abcdef123456" ||
		entries[len(all)+1].Error != "x.lua:1: a typo" {
		t.Fatalf("%d entries of %d", len(entries), len(all))
	}
	for i, s := range all {
		e := entries[i+1]
		if e.Type != s.typ || e.Out != (i%2 == 1) || !bytes.Equal(e.Payload, s.payload) || (e.Payload == nil) != (s.payload == nil) || e.LeftOut {
			t.Errorf("%s: %d %v %q, want %d %q", s.name, e.Type, e.Out, e.Payload, s.typ, s.payload)
		}
	}
}

func TestRecordHasTheDocumentedFormat(t *testing.T) {
	o, _ := options(t)
	r := open(t, o)
	r.In(tLogin, login(t, "hunter2"))
	r.Out(pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, marshal(t, &pb.Participant{
		UserName: proto.String(alice), Room: proto.String("#r"), Nickname: proto.String("n\x1b"), Flag: proto.Int32(17),
		Status: pb.StatusType_STATUS_TYPE_DND.Enum()}))
	r.In(tRawXML, []byte(`<iq type='get'/>`))
	r.Close()
	got := regexp.MustCompile(`"t":[0-9.]+`).ReplaceAllString(content(t, o.Path), `"t":0`)
	_, got, _ = strings.Cut(got, "\n")
	want := `{"t":0,"dir":"in","type":"login","fields":{"user":"alice@localhost","legacy_name":"bob","password":"***","extra_fields":["***",""],` +
		`"settings":{"value":{"empty_token":"","irc.password":"***","proxy":"***","stay_connected":"0"}}}}
{"t":0,"dir":"out","type":"participant_changed","fields":{"user_name":"alice@localhost","room":"#r","nickname":"n\u001b","flag":["moderator","me"],"status":"dnd"}}
{"t":0,"dir":"in","type":"raw_xml","payload":"<iq type='get'/>"}
{"t":0,"event":"end"}
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestRecordContainsNoSecrets searches the file, and decodes all base64 in it.
func TestRecordContainsNoSecrets(t *testing.T) {
	o, _ := options(t)
	r := open(t, o)
	newer := login(t, "hunter2")
	newer = append(newer, "\xfa\x3f\x07hunter2"...) // a field of a newer Login
	r.In(tLogin, newer)
	r.In(tLogin, login(t, "hunter2")[:38]) // broken
	r.In(tMessage, says(t, "identify hunter2"))
	r.Out(tMessage, append(says(t, "hunter2hunter3 hunter4"), "\xfa\x3f\x07hunter2"...))
	r.Out(pb.WrapperMessage_TYPE_VCARD, marshal(t, &pb.VCard{UserName: proto.String(alice), BuddyName: proto.String("b"), Id: proto.Int32(1), Photo: []byte("\xffhunter2")}))
	r.In(pb.WrapperMessage_TYPE_JOIN_ROOM, marshal(t, &pb.Room{UserName: proto.String(alice), Nickname: proto.String("a"), Room: proto.String("r"), Password: proto.String("hunter6")}))
	r.Out(tMessage, says(t, "the room's password is hunter6"))
	r.In(tRawXML, []byte(`<iq><query xmlns='jabber:iq:register'><password>hunter7</password></query></iq>`))
	r.In(tRawXML, []byte(`<message><body>hunter2</body></message>`))
	r.In(tRawXML, []byte(`<password>hunter7`))
	r.In(tQuery, marshal(t, &pb.BackendConfig{Config: proto.String("register alice hunter2")}))
	r.In(99, []byte("\x00hunter2"))
	r.In(99, []byte("hunter2"))
	r.Close()
	text := content(t, o.Path)
	for _, coded := range regexp.MustCompile(`"base64":"([^"]*)"`).FindAllStringSubmatch(text, -1) {
		raw, err := base64.StdEncoding.DecodeString(coded[1])
		if err != nil {
			t.Error(err)
		}
		text += "\n" + string(raw)
	}
	if strings.Contains(text, "hunter") {
		t.Errorf("the record contains a secret:\n%s", text)
	}
	runs := load(t, o.Path)
	if n := len(runs[0].Entries); n != 14 {
		t.Errorf("%d entries", n)
	}
	if !runs[0].Entries[1].LeftOut || runs[0].Entries[0].LeftOut {
		t.Error("the broken login has its payload, or the complete one does not")
	}
}

// TestRecordContainsNoEncodedSecrets puts encoded secrets into several fields.
func TestRecordContainsNoEncodedSecrets(t *testing.T) {
	const password = `Tom&Jerry's "1"`
	o, _ := options(t)
	o.Secrets = []string{"the/config's"}
	r := open(t, o)
	r.In(tLogin, login(t, password))
	written := []string{
		"Tom&amp;Jerry's &quot;1&quot;", "Tom&#38;Jerry&#39;s &#x22;1&#x22;", "Tom%26Jerry%27s+%221%22", `Tom\u0026Jerry's \"1\"`,
		base64.StdEncoding.EncodeToString([]byte("\x00alice\x00" + password)), fmt.Sprintf("%x", password),
		"the%2Fconfig&apos;s",
	}
	for _, text := range written {
		r.Out(tMessage, marshal(t, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("b"),
			Message: proto.String("it is " + text), Xhtml: proto.String("<body>" + text + "</body>")}))
		r.In(tRawXML, []byte("<message><body>"+strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(text)+"</body></message>"))
	}
	r.Failed(fmt.Errorf("x.lua:1: in https://alice:Tom%%26Jerry%%27s%%20%%221%%22@host"))
	r.Close()
	text := content(t, o.Path)
	for _, part := range []string{"Tom", "Jerry", "config", "546f6d", "VG9t", "AGFsaWNlAF"} {
		_, body, _ := strings.Cut(text, "\n")
		if strings.Contains(body, part) {
			t.Errorf("the record contains %s:\n%s", part, body)
		}
	}
	if n := strings.Count(text, "***"); n < 3*len(written)+2 {
		t.Errorf("%d masks in:\n%s", n, text)
	}
}

func TestPasswordIsNotMaskedInTextsOfOtherUsers(t *testing.T) {
	o, _ := options(t)
	r := open(t, o)
	r.In(tLogin, login(t, "hello"))
	r.In(tMessage, marshal(t, &pb.ConversationMessage{UserName: proto.String("bob@localhost"), BuddyName: proto.String("x"), Message: proto.String("hello")}))
	r.In(tMessage, says(t, "hello"))
	r.In(tLogin, login(t, "abc")) // too short to be masked
	r.In(tMessage, says(t, "abc"))
	r.In(tLogin, login(t, "alice")) // a part of the user's name
	r.Close()
	entries := load(t, o.Path)[0].Entries
	for i, want := range map[int]string{1: "hello", 2: "***", 4: "abc"} {
		var m pb.ConversationMessage
		if err := proto.Unmarshal(entries[i].Payload, &m); err != nil || m.GetMessage() != want {
			t.Errorf("%d: %q, %v, want %q", i, m.GetMessage(), err, want)
		}
	}
	if u := entries[5].User(); u != alice {
		t.Errorf("the user is %q", u)
	}
}

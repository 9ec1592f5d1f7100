package convert

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"spectrumlua/luabind/table"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

func typeNamed(t testing.TB, name string) *schema.Type {
	t.Helper()
	typ := schema.TypeByName(name)
	if typ == nil {
		t.Fatalf("no type %s", name)
	}
	return typ
}

// tableOf runs a Lua expression and returns the table that it makes.
func tableOf(t testing.TB, expression string) *lua.LTable {
	t.Helper()
	l := lua.NewState()
	defer l.Close()
	if err := l.DoString("local function many(n, v) local t = {} for i = 1, n do t[i] = v end return t end return " + expression); err != nil {
		t.Fatal(err)
	}
	return l.CheckTable(-1)
}

// show returns a value as a Lua expression with sorted keys.
func show(v lua.LValue) string {
	table, ok := v.(*lua.LTable)
	if !ok {
		if s, ok := v.(lua.LString); ok {
			return fmt.Sprintf("%q", string(s))
		}
		return v.String()
	}
	var parts []string
	for i := 1; i <= table.Len(); i++ {
		parts = append(parts, show(table.RawGetInt(i)))
	}
	keys := map[string]lua.LValue{}
	table.ForEach(func(k, v lua.LValue) {
		if s, ok := k.(lua.LString); ok {
			keys[string(s)] = v
		}
	})
	for _, k := range sorted(keys) {
		parts = append(parts, k+"="+show(keys[k]))
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func sorted(m map[string]lua.LValue) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	for i := range keys {
		for j := i; j > 0 && keys[j] < keys[j-1]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

func TestDecode(t *testing.T) {
	user := proto.String("alice@localhost")
	cases := []struct {
		name string
		typ  string
		in   proto.Message
		want string
	}{
		{"settings are a table, extra fields a list", "login",
			&pb.Login{User: user, LegacyName: proto.String("bob"), Password: proto.String("pw"), ExtraFields: []string{"a", "b"},
				Settings: &pb.UserSettings{Value: map[string]string{"stay_connected": "1", "x": ""}}},
			`{extra_fields={"a" "b"} legacy_name="bob" password="pw" settings={value={stay_connected="1" x=""}} user="alice@localhost"}`},
		{"an enum is its name", "buddy_changed",
			&pb.Buddy{UserName: user, BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_NONE.Enum(), Blocked: proto.Bool(false)},
			`{blocked=false buddy_name="carol" status="none" user_name="alice@localhost"}`},
		{"flags are a list of names", "participant_changed",
			&pb.Participant{UserName: user, Room: proto.String("#r"), Nickname: proto.String("n"), Flag: proto.Int32(1 | 16), Status: pb.StatusType_STATUS_TYPE_FFC.Enum()},
			`{flag={"moderator" "me"} nickname="n" room="#r" status="ffc" user_name="alice@localhost"}`},
		{"no flags are an empty list", "participant_changed",
			&pb.Participant{UserName: user, Room: proto.String("#r"), Nickname: proto.String("n"), Flag: proto.Int32(0), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()},
			`{flag={} nickname="n" room="#r" status="online" user_name="alice@localhost"}`},
		{"messages in a list", "conv_message",
			&pb.ConversationMessage{UserName: user, BuddyName: proto.String("b"), Message: proto.String("m"),
				Attachment: []*pb.Attachment{{Url: proto.String("u"), Description: proto.String("d")}}},
			`{attachment={{description="d" url="u"}} buddy_name="b" message="m" user_name="alice@localhost"}`},
		{"bytes are a string", "vcard",
			&pb.VCard{UserName: user, BuddyName: proto.String(""), Id: proto.Int32(-7), Photo: []byte("\x89PNG\x00")},
			`{buddy_name="" id=-7 photo="\x89PNG\x00" user_name="alice@localhost"}`},
		{"a list of contacts", "buddies",
			&pb.Buddies{Buddy: []*pb.Buddy{{UserName: user, BuddyName: proto.String("a")}, {UserName: user, BuddyName: proto.String("b")}}},
			`{buddy={{buddy_name="a" user_name="alice@localhost"} {buddy_name="b" user_name="alice@localhost"}}}`},
		{"numbers", "stats", &pb.Stats{Res: proto.Int32(1), InitRes: proto.Int32(2), Shared: proto.Int32(3), Id: proto.String("4")},
			`{id="4" init_res=2 res=1 shared=3}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data, err := proto.Marshal(c.in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(typeNamed(t, c.typ).Payload, string(data), func(what string) { t.Errorf("skipped: %s", what) })
			if err != nil {
				t.Fatal(err)
			}
			if show(got) != c.want {
				t.Errorf("got  %s\nwant %s", show(got), c.want)
			}
		})
	}
}

func TestDecodeSkipsUnknownFields(t *testing.T) {
	data, _ := proto.Marshal(&pb.Status{UserName: proto.String("a"), Status: pb.StatusType(77).Enum()})
	data = append(data, 0xF8, 0x07, 0x01) // field 127, a varint
	var seen []string
	got, err := Decode(typeNamed(t, "status_changed").Payload, string(data), func(what string) { seen = append(seen, what) })
	if err != nil {
		t.Fatal(err)
	}
	if show(got) != `{user_name="a"}` {
		t.Errorf("got %s", show(got))
	}
	if want := "value 77 of StatusType, field 127 of Status"; strings.Join(seen, ", ") != want {
		t.Errorf("skipped %v, want %s", seen, want)
	}
}

func TestDecodeErrors(t *testing.T) {
	cases := []struct{ name, typ, payload, want string }{
		{"a missing required field", "connected", "", "the required field user is missing"},
		{"a missing required field of a nested message", "buddies", "\x0a\x03\x0a\x01a", "buddy: the required field buddy_name is missing"},
		{"a length past the end", "connected", "\x0a\x7f", "unexpected EOF"},
		{"garbage", "connected", "\xff\xff\xff", "unexpected EOF"},
		{"field number 0", "connected", "\x00\x00", "invalid field number"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(typeNamed(t, c.typ).Payload, c.payload, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	cases := []struct {
		name, typ, fields string
		want              proto.Message
	}{
		{"the user is filled in", "connected", `{}`, &pb.Connected{User: proto.String("alice@localhost")}},
		{"the user may be given", "connected", `{user = "alice@localhost"}`, &pb.Connected{User: proto.String("alice@localhost")}},
		{"an error by name", "disconnected", `{error = "authentication_failed", message = "no"}`,
			&pb.Disconnected{User: proto.String("alice@localhost"), Error: pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED.Enum(), Message: proto.String("no")}},
		{"a list and false", "buddy_changed", `{buddy_name = "c", group = {"x", "y"}, blocked = false}`,
			&pb.Buddy{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Group: []string{"x", "y"}, Blocked: proto.Bool(false)}},
		{"a number for a text", "conv_message", `{buddy_name = "c", message = 42}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("42")}},
		{"flags", "participant_changed", `{room = "r", nickname = "n", status = "away", flag = {"me", "moderator"}}`,
			&pb.Participant{UserName: proto.String("alice@localhost"), Room: proto.String("r"), Nickname: proto.String("n"), Flag: proto.Int32(17), Status: pb.StatusType_STATUS_TYPE_AWAY.Enum()}},
		{"missing flags become none", "participant_changed", `{room = "r", nickname = "n", status = "away"}`,
			&pb.Participant{UserName: proto.String("alice@localhost"), Room: proto.String("r"), Nickname: proto.String("n"), Flag: proto.Int32(0), Status: pb.StatusType_STATUS_TYPE_AWAY.Enum()}},
		{"a time in seconds", "conv_message", `{buddy_name = "c", message = "m", timestamp = 1700000000.9}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("m"), Timestamp: proto.String("20231114T221320")}},
		{"a time in Spectrum's format", "conv_message", `{buddy_name = "c", message = "m", timestamp = "20240229T235959"}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("m"), Timestamp: proto.String("20240229T235959")}},
		{"control characters are removed, invalid UTF-8 is replaced", "conv_message", `{buddy_name = "c", message = "\3" .. "04red\15 \255 gr\195\188n\n"}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("04red \uFFFD grün\n")}},
		{"xhtml that is well-formed stays", "conv_message", `{buddy_name = "c", message = "m", xhtml = "<b>m</b>"}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("m"), Xhtml: proto.String("<b>m</b>")}},
		{"xhtml that is not well-formed is dropped", "conv_message", `{buddy_name = "c", message = "m", xhtml = "<b>m"}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("m")}},
		{"names are converted to valid parts of a JID", "participant_changed", `{room = "r\3", nickname = "", status = "none", newname = "\238\128\128x"}`,
			&pb.Participant{UserName: proto.String("alice@localhost"), Room: proto.String("r"), Nickname: proto.String("_"), Flag: proto.Int32(0),
				Status: pb.StatusType_STATUS_TYPE_NONE.Enum(), Newname: proto.String("x")}},
		{"messages in a list", "conv_message", `{buddy_name = "c", message = "m", attachment = {{url = "u", description = "d", mime_type = "image/png"}}}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("m"),
				Attachment: []*pb.Attachment{{Url: proto.String("u"), MimeType: proto.String("image/png"), Description: proto.String("d")}}}},
		{"an empty id is an absent one", "conv_message", `{buddy_name = "c", message = "m", id = "", replaces = "", lang = ""}`,
			&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Message: proto.String("m"), Lang: proto.String("")}},
		{"bytes are not changed", "vcard", `{buddy_name = "c", id = 3, photo = "\0\255"}`,
			&pb.VCard{UserName: proto.String("alice@localhost"), BuddyName: proto.String("c"), Id: proto.Int32(3), Photo: []byte{0, 255}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data, err := Encode(nil, typeNamed(t, c.typ).Payload, tableOf(t, c.fields), "alice@localhost")
			if err != nil {
				t.Fatal(err)
			}
			got := c.want.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(data, got); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

func TestEncodeErrors(t *testing.T) {
	cases := []struct{ name, typ, fields, want string }{
		{"a field with a typo", "conv_message", `{buddy_name = "c", mesage = "m"}`, `there is no field "mesage"; did you mean "message"?`},
		{"a field that is not similar to another", "connected", `{zzzzzz = 1}`, `there is no field "zzzzzz"; the fields are user`},
		{"a list for fields", "connected", `{"x"}`, `name of a field expected as the key, got number 1`},
		{"a missing field", "conv_message", `{buddy_name = "c"}`, `the field message is missing (string expected)`},
		{"an enum with a typo", "buddy_changed", `{buddy_name = "c", status = "onlin"}`, `status: invalid value "onlin"; did you mean "online"?`},
		{"a number for an enum", "buddy_changed", `{buddy_name = "c", status = 1}`, `status: one of online, away,`},
		{"a boolean as a string", "buddy_changed", `{buddy_name = "c", blocked = "yes"}`, `blocked: true or false expected, got string "yes"`},
		{"a table for a text", "conv_message", `{buddy_name = {}, message = ""}`, `buddy_name: string expected, got table`},
		{"a string for a list", "buddy_changed", `{buddy_name = "c", group = "x"}`, `group: list expected, got string "x"`},
		{"a table for a list", "buddy_changed", `{buddy_name = "c", group = {x = 1}}`, `group: list expected, got a table with the key string "x"`},
		{"a list with a hole", "buddy_changed", `{buddy_name = "c", group = {[1] = "a", [1e9] = "b"}}`, `group: list expected, got a table with the key number 1000000000`},
		{"an unknown flag", "participant_changed", `{room = "r", nickname = "n", status = "away", flag = {"op"}}`, `flag: invalid value "op"`},
		{"flags as a number", "participant_changed", `{room = "r", nickname = "n", status = "away", flag = 16}`, `flag: list of none, moderator`},
		{"a fraction", "vcard", `{buddy_name = "c", id = 1.5}`, `id: integer expected, got 1.5`},
		{"a number that is too large", "vcard", `{buddy_name = "c", id = 2^31}`, `id: 2147483648 is out of range`},
		{"NaN", "vcard", `{buddy_name = "c", id = 0/0}`, `id: integer expected, got NaN`},
		{"another user", "conv_message", `{user_name = "eve@x", buddy_name = "c", message = "m"}`, `the session is "alice@localhost"'s`},
		{"a bad time", "conv_message", `{buddy_name = "c", message = "m", timestamp = "2024-01-01"}`, `timestamp: seconds since 1970 or UTC as in "20060102T150405" expected, got string "2024-01-01"`},
		{"a day that does not exist", "conv_message", `{buddy_name = "c", message = "m", timestamp = "20230229T000000"}`, `timestamp:`},
		{"a time that is too large", "conv_message", `{buddy_name = "c", message = "m", timestamp = 1e300}`, `timestamp:`},
		{"a picture of 1 MB", "vcard", `{buddy_name = "c", id = 1, photo = ("x"):rep(1000000)}`, `it is too big`},
		{"a text that grows by escaping", "conv_message", `{buddy_name = "c", message = ("&"):rep(120000)}`, `it is too big`},
		{"too many empty strings", "buddy_changed", `{buddy_name = "c", group = many(600000, "")}`, `it is too big`},
		{"a missing field of a nested message", "conv_message", `{buddy_name = "c", message = "m", attachment = {{description = "d"}}}`, `attachment: element 1: the field url is missing`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dst := []byte("before")
			got, err := Encode(dst, typeNamed(t, c.typ).Payload, tableOf(t, c.fields), "alice@localhost")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if string(got) != "before" {
				t.Errorf("Encode changed dst to %q", got)
			}
		})
	}
}

// TestEncodeStopsInTime encodes a list that has one string many times. Encode must fail
// before it allocates the whole message.
func TestEncodeStopsInTime(t *testing.T) {
	fields := tableOf(t, `{buddy_name = "c", group = many(1000, ("x"):rep(2^20))}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Encode(nil, typeNamed(t, "buddy_changed").Payload, fields, "alice@localhost")
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "it is too big") {
		t.Error(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("Encode allocated %d MB before it rejected a gigabyte", took>>20)
	}
}

// TestRecordedSession decodes each frame of a session recorded with Spectrum 2.2.1, and
// encodes each table again. The generated code must decode the same message.
func TestRecordedSession(t *testing.T) {
	f, err := os.Open("testdata/session.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan() // the argument vector
	frames := 0
	for lines.Scan() {
		var line struct{ Frame []byte }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		frames++
		number, payload, err := pb.SplitWrapper(line.Frame)
		if err != nil {
			t.Fatalf("frame %d: %v", frames, err)
		}
		typ := schema.TypeByNumber(number)
		if typ == nil {
			t.Fatalf("frame %d: the type %d is unknown", frames, number)
		}
		if typ.Payload == nil {
			continue
		}
		decoded, err := Decode(typ.Payload, string(payload), func(what string) { t.Errorf("frame %d: skipped: %s", frames, what) })
		if err != nil {
			t.Fatalf("frame %d, %s: %v", frames, typ.Name, err)
		}
		if !typ.Sendable() {
			continue
		}
		again, err := Encode(nil, typ.Payload, decoded, "")
		if err != nil {
			t.Fatalf("frame %d, %s: %v", frames, typ.Name, err)
		}
		if before, after := message(t, typ, payload), message(t, typ, again); !proto.Equal(before, after) {
			t.Errorf("frame %d, %s:\nbefore %v\nafter  %v", frames, typ.Name, before, after)
		}
	}
	if frames < 70 {
		t.Errorf("only %d frames", frames)
	}
}

func message(t *testing.T, typ *schema.Type, payload []byte) proto.Message {
	t.Helper()
	m := dynamicpb.NewMessage(typ.Payload.Descriptor)
	if err := proto.Unmarshal(payload, m); err != nil {
		t.Fatalf("%s: %v in %s", typ.Name, err, base64.StdEncoding.EncodeToString(payload))
	}
	return m
}

// FuzzDecode compares Decode with the generated code. Both must accept or reject a
// payload. Encoding the decoded table again must give the same message.
func FuzzDecode(f *testing.F) {
	data, _ := proto.Marshal(&pb.Login{User: proto.String("a"), LegacyName: proto.String("b"), Password: proto.String(""),
		Settings: &pb.UserSettings{Value: map[string]string{"k": "v"}}})
	f.Add(3, data)
	f.Add(8, []byte("\x0a\x01a\x12\x01b\x1a\x01c"))
	f.Add(13, []byte("\x0a\x01a\x12\x01b\x1a\x01c\x20\x11\x28\x05"))
	f.Add(35, []byte("\x0a\x06\x0a\x01a\x12\x01b"))
	f.Fuzz(func(t *testing.T, number int, payload []byte) {
		typ := schema.TypeByNumber(pb.WrapperMessage_Type(number & 63))
		if typ == nil || typ.Payload == nil {
			return
		}
		unknown := false
		got, err := Decode(typ.Payload, string(payload), func(string) { unknown = true })
		want := dynamicpb.NewMessage(typ.Payload.Descriptor)
		wantErr := proto.Unmarshal(payload, want)
		if unknown {
			return // Decode drops enum numbers without a name, the generated code keeps them
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s %q: got %v, the generated code %v", typ.Name, payload, err, wantErr)
		}
		if err != nil {
			return
		}
		again, err := Encode(nil, typ.Payload, got, "")
		if err != nil {
			return // Encode changes the texts
		}
		after := dynamicpb.NewMessage(typ.Payload.Descriptor)
		if err := proto.Unmarshal(again, after); err != nil {
			t.Fatal(err)
		}
		if clean(want) && !proto.Equal(want, after) {
			t.Fatalf("%s %q:\nbefore %v\nafter  %v", typ.Name, payload, want, after)
		}
	})
}

// clean reports whether converting a message does not change its texts.
func clean(m protoreflect.Message) bool {
	ok := true
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		check := func(v protoreflect.Value) {
			switch fd.Kind() {
			case protoreflect.StringKind:
				s := v.String()
				ok = ok && s == strings.ToValidUTF8(s, "") && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r >= 0xFFFE && r <= 0xFFFF })
			case protoreflect.MessageKind:
				ok = ok && clean(v.Message())
			}
		}
		switch {
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				ok = false // keys are cleaned, too
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				check(v.List().Get(i))
			}
		default:
			check(v)
		}
		switch fd.Name() {
		case "xhtml", "timestamp", "flag", "buddyName", "nickname", "newname", "room": // may be repaired
			ok = false
		}
		return true
	})
	return ok
}

func TestDecodeForUsesTheGivenName(t *testing.T) {
	user := lua.LValue(lua.LString(strings.Clone("alice@localhost")))
	for name, same := range map[string]bool{"alice@localhost": true, "bob@localhost": false} {
		payload, err := proto.Marshal(&pb.ConversationMessage{UserName: &name, BuddyName: proto.String("b"), Message: proto.String("m")})
		if err != nil {
			t.Fatal(err)
		}
		table, err := DecodeFor(user, benchMessage, string(payload), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := string(table.RawGetString("user_name").(lua.LString))
		if got != name || (unsafe.StringData(got) == unsafe.StringData(string(user.(lua.LString)))) != same {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestAnArgumentIsEncodedAsItsTable encodes an argument and the same table.
func TestAnArgumentIsEncodedAsItsTable(t *testing.T) {
	method := &lua.LFunction{IsG: true}
	table.Accept(method)
	for _, c := range []struct {
		name   string
		fields []any // names and values
	}{
		{"texts", []any{"buddy_name", "bob", "message", "<hello> & \x01"}},
		{"another order", []any{"message", "hello", "xhtml", "<b>x", "buddy_name", "b o b"}},
		{"nil", []any{"buddy_name", "bob", "nickname", nil, "message", "hello"}},
		{"an unknown field that is nil", []any{"buddy_name", "bob", "nothing", nil, "message", "hello"}},
		{"an unknown field", []any{"buddy_name", "bob", "mesage", "hello", "nicknam", "x"}},
		{"a missing field", []any{"buddy_name", "bob"}},
		{"a wrong type", []any{"buddy_name", "bob", "message", true}},
		{"the user", []any{"user_name", "alice", "buddy_name", "bob", "message", "hello"}},
		{"another user", []any{"user_name", "eve", "buddy_name", "bob", "message", "hello"}},
		{"too big", []any{"buddy_name", "bob", "message", strings.Repeat("x", MaxStanza)}},
		{"too big and wrong", []any{"message", strings.Repeat("x", MaxStanza+1), "buddy_name", true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var names []string
			args, whole := []lua.LValue{method}, newTable(0, 4)
			for i := 0; i < len(c.fields); i += 2 {
				var v lua.LValue = lua.LNil
				switch f := c.fields[i+1].(type) {
				case string:
					v = lua.LString(f)
				case bool:
					v = lua.LBool(f)
				}
				names, args = append(names, c.fields[i].(string)), append(args, v)
				whole.RawSetString(names[len(names)-1], v)
			}
			constructor := table.NewFields(names...).ArgumentConstructor()
			want, problem := Encode([]byte("before"), benchMessage, whole, "alice")
			for range 2 { // the second time, the indexes are known
				l := lua.NewState(lua.Options{SkipOpenLibs: true})
				defer l.Close()
				if err := l.CallByParam(lua.P{Fn: constructor, NRet: 1, Protect: true}, args...); err != nil {
					t.Fatal(err)
				}
				got, err := EncodeArgument([]byte("before"), benchMessage, table.ArgumentOf(l.Get(-1)), "alice")
				if string(got) != string(want) || fmt.Sprint(err) != fmt.Sprint(problem) {
					t.Errorf("got  %q, %v\nwant %q, %v", got, err, want, problem)
				}
			}
		})
	}
}

package simulator_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// frame returns a frame with a payload.
func frame(t testing.TB, d simulator.Direction, typ pb.WrapperMessage_Type, payload proto.Message) simulator.Frame {
	t.Helper()
	var bytes []byte
	if payload != nil {
		var err error
		if bytes, err = (proto.MarshalOptions{AllowPartial: true}).MarshalAppend([]byte{}, payload); err != nil {
			t.Fatal(err)
		}
	}
	return simulator.Decode(d, pb.AppendWrapper(nil, typ, bytes))
}

func rawFrame(d simulator.Direction, typ pb.WrapperMessage_Type, payload string) simulator.Frame {
	return simulator.Decode(d, pb.AppendWrapper(nil, typ, []byte(payload)))
}

func conv(message string) *pb.ConversationMessage {
	return &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("echo"), Message: proto.String(message)}
}

func TestDescribeShowsTypeUserAndFields(t *testing.T) {
	const to, from = simulator.ToBackend, simulator.FromBackend
	tests := []struct {
		name  string
		frame simulator.Frame
		want  string
	}{
		{"no payload", frame(t, to, typePing, nil), `→ PING`},
		{"from the backend", frame(t, from, typePong, nil), `← PONG`},
		{"password and settings", frame(t, to, typeLogin, &pb.Login{
			User: proto.String(alice), LegacyName: proto.String("bob"), Password: proto.String("hunter2"),
			ExtraFields: []string{"hunter3"},
			Settings:    &pb.UserSettings{Value: map[string]string{"stay_connected": "0", "enable_transport": "1", "irc.password": "hunter4"}},
		}), `→ LOGIN alice@localhost legacy_name="bob" password=*** extra_fields=*** settings={enable_transport="1" irc.password=*** stay_connected="0"}`},
		{"message", frame(t, from, typeConvMessage, conv("hello")),
			`← CONV_MESSAGE alice@localhost buddy_name="echo" message="hello"`},
		{"text beyond ASCII", frame(t, from, typeConvMessage, conv("héllo 🌍 \u202Edlrow")),
			`← CONV_MESSAGE alice@localhost buddy_name="echo" message="héllo 🌍 \u202edlrow"`},
		{"control characters", frame(t, from, typeConvMessage, conv("a\nb\x1b[31m\x00\xff\u009b\"")),
			`← CONV_MESSAGE alice@localhost buddy_name="echo" message="a\nb\x1b[31m\x00\xff\u009b\""`},
		{"control characters in the user", frame(t, from, typeConnected, &pb.Connected{User: proto.String("a\x1b]0;x\a\nb")}),
			`← CONNECTED "a\x1b]0;x\a\nb"`},
		{"long text", frame(t, from, typeConvMessage, conv(strings.Repeat("é", 1000))),
			`← CONV_MESSAGE alice@localhost buddy_name="echo" message="` + strings.Repeat("é", 120) + `…" (2000 bytes)`},
		{"enum and empty texts", frame(t, from, typeBuddyChanged, &pb.Buddy{
			UserName: proto.String(alice), BuddyName: proto.String("echo"), Alias: proto.String(""),
			Group: []string{"a", "b c"}, Status: pb.StatusType_STATUS_TYPE_DND.Enum(), Blocked: proto.Bool(false),
		}), `← BUDDY_CHANGED alice@localhost buddy_name="echo" alias="" group=["a" "b c"] status=dnd blocked=false`},
		{"unknown enum value", frame(t, from, typeDisconnected, &pb.Disconnected{
			User: proto.String(alice), Error: pb.ConnectionError(99).Enum()}), `← DISCONNECTED alice@localhost error=99`},
		{"flags", frame(t, from, pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, &pb.Participant{
			UserName: proto.String(alice), Room: proto.String("#r"), Nickname: proto.String("n"),
			Flag: proto.Int32(1 | 16 | 1024), Status: pb.StatusType_STATUS_TYPE_NONE.Enum(),
		}), `← PARTICIPANT_CHANGED alice@localhost room="#r" nickname="n" flag=moderator|me|1024 status=none`},
		{"no flags", frame(t, from, pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, &pb.Participant{
			UserName: proto.String(alice), Room: proto.String("#r"), Nickname: proto.String("n"),
			Flag: proto.Int32(0), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum(),
		}), `← PARTICIPANT_CHANGED alice@localhost room="#r" nickname="n" flag=none status=online`},
		{"bytes", frame(t, from, pb.WrapperMessage_TYPE_VCARD, &pb.VCard{
			UserName: proto.String(alice), BuddyName: proto.String("echo"), Id: proto.Int32(7), Photo: make([]byte, 4000),
		}), `← VCARD alice@localhost buddy_name="echo" id=7 photo=<4000 bytes>`},
		{"nested messages", frame(t, to, pb.WrapperMessage_TYPE_BUDDIES, &pb.Buddies{Buddy: []*pb.Buddy{
			{UserName: proto.String(alice), BuddyName: proto.String("a")},
			{UserName: proto.String(alice), BuddyName: proto.String("b"), Alias: proto.String("B")},
		}}), `→ BUDDIES alice@localhost buddy=[{buddy_name="a"} {buddy_name="b" alias="B"}]`},
		{"long list", frame(t, from, pb.WrapperMessage_TYPE_ROOM_LIST, &pb.RoomList{Room: strings.Split(strings.Repeat("r", 20), "")}),
			`← ROOM_LIST room=["r" "r" "r" "r" "r" "r" "r" "r" … 12 more]`},
		{"config", frame(t, from, typeConfig, &pb.BackendConfig{Config: proto.String("[features]\nmuc=1\n")}),
			`← BACKEND_CONFIG config="[features]\nmuc=1\n"`},
		{"raw XML", rawFrame(from, typeRawXML, `<iq type="get"/>`), `← RAW_XML "<iq type=\"get\"/>"`},
		{"password in raw XML", rawFrame(to, typeRawXML, `<iq><query xmlns="jabber:iq:register"><username>u</username><password>hunter2</password></query></iq>`),
			`→ RAW_XML "<iq><query xmlns=\"jabber:iq:register\"><username>u</username><password>***</password></query></iq>"`},
		{"raw XML that is not UTF-8", rawFrame(from, typeRawXML, "<\xff>"), `← RAW_XML (3 bytes) 3c ff 3e`},
		{"raw without a payload", frame(t, from, pb.WrapperMessage_TYPE_FT_START, nil), `← FT_START (no payload)`},
		{"unknown type", rawFrame(from, 99, "abc"), `← type 99 (payload of 3 bytes) 61 62 63`},
		{"unknown type without a payload", frame(t, from, 99, nil), `← type 99`},
		{"a payload for a type without one", rawFrame(from, typePong, "\x01"), `← PONG (payload of 1 byte) 01`},
		{"missing fields", frame(t, from, typeConvMessage, &pb.ConversationMessage{UserName: proto.String(alice), Id: proto.String("7")}),
			`← CONV_MESSAGE alice@localhost id="7" (required fields are missing: ["buddy_name" "message"])`},
		{"missing fields in a nested message", frame(t, to, pb.WrapperMessage_TYPE_BUDDIES, &pb.Buddies{Buddy: []*pb.Buddy{
			{UserName: proto.String(alice), BuddyName: proto.String("a")}, {UserName: proto.String(alice)}}}),
			`→ BUDDIES alice@localhost buddy=[{buddy_name="a"} {}] (required fields are missing: ["buddy[1].buddy_name"])`},
		{"a missing payload", frame(t, from, typeConnected, nil),
			`← CONNECTED (required fields are missing: ["user"])`},
		{"empty frame", simulator.Decode(from, nil), `← (an empty frame)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := simulator.Describe(test.frame); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestDescribeShowsBrokenFrames compares only parts of errors from libraries.
func TestDescribeShowsBrokenFrames(t *testing.T) {
	tests := []struct {
		name, bytes string
		want        []string
	}{
		{"no WrapperMessage", strings.Repeat("\xff", 40), []string{"← (40 bytes, not a WrapperMessage", "ff ff", "…"}},
		{"no type", "\x12\x01a", []string{"← (3 bytes, not a WrapperMessage: it has no type) 12 01 61"}},
		{"payload that does not parse", "\x08\x08\x12\x02\x0a\x05", []string{"← CONV_MESSAGE (payload of 2 bytes) 0a 05 (its payload does not parse: "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := simulator.Describe(simulator.Decode(simulator.FromBackend, []byte(test.bytes)))
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s\nlacks %s", got, want)
				}
			}
			if strings.ContainsAny(got, "\n\x1b") {
				t.Errorf("%q is not one line of text", got)
			}
		})
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add([]byte("\x08\x08\x12\x02\x0a\x05"))
	f.Add(pb.AppendWrapper(nil, typeRawXML, []byte("<iq/>")))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		for _, d := range []simulator.Direction{simulator.ToBackend, simulator.FromBackend} {
			frame := simulator.Decode(d, bytes)
			line := simulator.Describe(frame)
			if strings.ContainsAny(line, "\n\r\x1b\x00") {
				t.Errorf("%q is not one line of text", line)
			}
			simulator.Check(frame)
		}
	})
}

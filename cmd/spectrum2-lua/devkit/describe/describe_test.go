package describe_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/describe"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

const alice = "alice@localhost"

// frame returns a frame that a backend sends.
func frame(t *testing.T, typ string, m proto.Message) simulator.Frame {
	t.Helper()
	var payload []byte
	if m != nil {
		var err error
		if payload, err = (proto.MarshalOptions{AllowPartial: true}).Marshal(m); err != nil {
			t.Fatal(err)
		}
	}
	return simulator.Decode(simulator.FromBackend, pb.AppendWrapper(nil, schema.TypeByName(typ).Number, payload))
}

func buddy(b *pb.Buddy) *pb.Buddy {
	b.UserName, b.BuddyName = proto.String(alice), proto.String("echo")
	return b
}

func message(room string, m *pb.ConversationMessage) *pb.ConversationMessage {
	m.UserName, m.BuddyName = proto.String(alice), proto.String(room)
	if m.Message == nil {
		m.Message = proto.String("hello")
	}
	return m
}

func person(nickname string, status pb.StatusType, flag pb.ParticipantFlag) *pb.Participant {
	return &pb.Participant{UserName: proto.String(alice), Room: proto.String("lobby"), Nickname: &nickname, Flag: proto.Int32(int32(flag)), Status: &status}
}

func renamed() *pb.Participant {
	p := person("bob", pb.StatusType_STATUS_TYPE_ONLINE, pb.ParticipantFlag_PARTICIPANT_FLAG_ME)
	p.Newname = proto.String("bobby")
	return p
}

func disconnected(reason pb.ConnectionError, text string) *pb.Disconnected {
	return &pb.Disconnected{User: proto.String(alice), Error: &reason, Message: &text}
}

func TestFrameDescribesEachType(t *testing.T) {
	online, away, gone := pb.StatusType_STATUS_TYPE_ONLINE, pb.StatusType_STATUS_TYPE_AWAY, pb.StatusType_STATUS_TYPE_NONE
	cases := []struct {
		typ  string
		m    proto.Message
		want string
	}{
		{"connected", &pb.Connected{User: proto.String(alice)}, "You are connected."},
		{"disconnected", disconnected(pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED, "no"), "You are disconnected: no (authentication_failed; final: Spectrum logs you out)"},
		{"disconnected", disconnected(pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, ""), "You are disconnected (network_error; Spectrum logs you in again, three times at most)"},
		{"disconnected", disconnected(99, ""), "You are disconnected (unknown; final: Spectrum logs you out)"},
		{"buddy_changed", buddy(&pb.Buddy{}), "echo is online"},
		{"buddy_changed", buddy(&pb.Buddy{Alias: proto.String("Echo"), Group: []string{"Lua", "X"}, Status: &away, StatusMessage: proto.String("tea"), IconHash: proto.String("a9"), Blocked: proto.Bool(true)}),
			"Echo (echo) is away: tea (group Lua, X; avatar a9; blocked)"},
		{"buddy_changed", buddy(&pb.Buddy{Alias: proto.String("echo"), Status: &gone}), "echo is offline"},
		{"buddy_changed", buddy(&pb.Buddy{Status: pb.StatusType(77).Enum()}), "echo is in the unknown status 77"},
		{"buddy_removed", buddy(&pb.Buddy{}), "echo was removed from your contact list"},
		{"bookmark", &pb.Bookmark{UserName: proto.String(alice), Room: proto.String("lobby")}, "lobby is in your bookmarks"},
		{"bookmark", &pb.Bookmark{UserName: proto.String(alice), Room: proto.String("lobby"), Name: proto.String("Lobby"), Autojoin: proto.Bool(true)}, "lobby is in your bookmarks as Lobby, and your clients join it"},
		{"bookmark", &pb.Bookmark{UserName: proto.String(alice), Room: proto.String("lobby"), Removed: proto.Bool(true)}, "lobby is no longer in your bookmarks"},
		{"buddy_typing", buddy(&pb.Buddy{}), "echo is typing"},
		{"buddy_typed", buddy(&pb.Buddy{}), "echo pauses typing"},
		{"buddy_stopped_typing", buddy(&pb.Buddy{}), "echo stops typing"},
		{"auth_request", buddy(&pb.Buddy{}), "echo asks to be on your contact list: /buddy add echo accepts"},
		{"conv_message", message("echo", &pb.ConversationMessage{}), "<echo> hello"},
		{"conv_message", message("echo", &pb.ConversationMessage{Message: proto.String("a\n\x1b[2J\u202eb")}), `<echo> a⏎\x1b[2J\u202eb`},
		{"conv_message", message("echo", &pb.ConversationMessage{Carbon: proto.Bool(true)}), "<you, elsewhere, to echo> hello"},
		{"conv_message", message("lobby", &pb.ConversationMessage{Nickname: proto.String("bob")}), "<lobby/bob> hello"},
		{"conv_message", message("lobby", &pb.ConversationMessage{Nickname: proto.String("bob"), Pm: proto.Bool(true)}), "<bob in lobby, to you alone> hello"},
		{"conv_message", message("lobby/bob", &pb.ConversationMessage{Pm: proto.Bool(true)}), "<lobby/bob, to you alone> hello"},
		{"conv_message", message("echo", &pb.ConversationMessage{Headline: proto.Bool(true), Timestamp: proto.String("20240102T030405"), Xhtml: proto.String("<b>x</b>"), Id: proto.String("7"),
			Attachment: []*pb.Attachment{{Url: proto.String("http://x/y"), MimeType: proto.String("image/png")}}}),
			"<echo> hello (headline; written 2024-01-02 03:04:05 UTC; xhtml <b>x</b>; attachment http://x/y image/png)"},
		{"conv_message", message("echo", &pb.ConversationMessage{Timestamp: proto.String("now")}), "<echo> hello (written now)"},
		{"conv_message_ack", message("echo", &pb.ConversationMessage{Id: proto.String("7")}), "echo received your message 7"},
		{"attention", message("echo", &pb.ConversationMessage{}), "echo wants your attention: hello"},
		{"room_subject_changed", message("lobby", &pb.ConversationMessage{Nickname: proto.String("bob")}), "[lobby] the topic, by bob: hello"},
		{"room_subject_changed", message("lobby", &pb.ConversationMessage{}), "[lobby] the topic: hello"},
		{"room_subject_changed", message("lobby", &pb.ConversationMessage{Message: proto.String("")}), "[lobby] the room has no topic"},
		{"participant_changed", person("bob", online, pb.ParticipantFlag_PARTICIPANT_FLAG_MODERATOR), "[lobby] bob is there (moderator)"},
		{"participant_changed", person("bob", away, pb.ParticipantFlag_PARTICIPANT_FLAG_ME), "[lobby] bob (you) is there, away"},
		{"participant_changed", person("bob", gone, 0), "[lobby] bob has left"},
		{"participant_changed", person("bob", gone, pb.ParticipantFlag_PARTICIPANT_FLAG_KICKED), "[lobby] bob was kicked"},
		{"participant_changed", person("bob", gone, pb.ParticipantFlag_PARTICIPANT_FLAG_CONFLICT), "[lobby] the nickname bob is taken"},
		{"participant_changed", person("bob", gone, pb.ParticipantFlag_PARTICIPANT_FLAG_ROOM_NOT_FOUND), "[lobby] the room does not exist"},
		{"participant_changed", person("bob", online, 1024), "[lobby] bob is there (unknown bits 1024)"},
		{"participant_changed", renamed(), "[lobby] bob (you) is now known as bobby"},
		{"room_nickname_changed", &pb.Room{UserName: proto.String(alice), Nickname: proto.String("bobby"), Room: proto.String("lobby")}, "[lobby] you are now known as bobby"},
		{"room_list", &pb.RoomList{Room: []string{"lobby", "x"}, Name: []string{"The lobby"}}, "The rooms are: The lobby (lobby), x"},
		{"room_list", &pb.RoomList{}, "There are no rooms."},
		{"vcard", &pb.VCard{UserName: proto.String(alice), BuddyName: proto.String("echo"), Id: proto.Int32(3), Fullname: proto.String("E"), Nickname: proto.String("e"), Photo: []byte("png")},
			"The vCard of echo (request 3): name E, nickname e, a photo of 3 bytes"},
		{"vcard", &pb.VCard{UserName: proto.String(alice), BuddyName: proto.String("echo"), Id: proto.Int32(3)}, "The vCard of echo (request 3): empty"},
		{"query", &pb.BackendConfig{Config: proto.String("status")}, "The script asks Spectrum: status (/answer TEXT answers)"},
		{"backend_config", &pb.BackendConfig{Config: proto.String("[features]\nmuc=1\n\n[registration]\nneedPassword=0\n")}, "The transport is set up: features.muc=1, registration.needPassword=0"},
		// Other types look as in simulator.Describe.
		{"ft_start", nil, "FT_START (no payload)"},
		{"login", &pb.Login{User: proto.String(alice), LegacyName: proto.String("a"), Password: proto.String("hunter2")}, "LOGIN alice@localhost legacy_name=\"a\" password=***"},
		{"connected", &pb.Connected{}, "CONNECTED (required fields are missing: [\"user\"])"},
	}
	for _, c := range cases {
		line, ok := describe.Frame(frame(t, c.typ, c.m))
		if !ok || line.Text != c.want {
			t.Errorf("%s: got %q, want %q", c.typ, line.Text, c.want)
		}
	}
}

func TestPartnerIsTheContactOrRoomThatWrote(t *testing.T) {
	cases := []struct {
		m    *pb.ConversationMessage
		want string
	}{
		{message("echo", &pb.ConversationMessage{}), "echo"},
		{message("lobby", &pb.ConversationMessage{Nickname: proto.String("bob")}), "lobby"},
		{message("lobby", &pb.ConversationMessage{Nickname: proto.String("bob"), Pm: proto.Bool(true)}), "lobby/bob"},
	}
	for _, c := range cases {
		if line, _ := describe.Frame(frame(t, "conv_message", c.m)); line.Partner != c.want {
			t.Errorf("the partner of %q is %q, want %q", line.Text, line.Partner, c.want)
		}
	}
}

// TestMessagesOfTheTransportAreReadable has the message about a lost network, and other stanzas.
func TestMessagesOfTheTransportAreReadable(t *testing.T) {
	for stanza, want := range map[string]string{
		`<message to="a@b"><body>it&#39;s down` + "\n" + `Wait.</body></message>`: "the transport: it's down⏎Wait.",
		`<message xmlns="jabber:client" to="a@b"><body>hi</body></message>`:       "the transport: hi",
		`<message to="a@b" from="c@d"><body>hi</body></message>`:                  "RAW_XML",
		`<message to="a@b"><subject>hi</subject></message>`:                       "RAW_XML",
		`<presence to="a@b"/>`:     "RAW_XML",
		`<message to="a@b"><body>`: "RAW_XML",
	} {
		f := simulator.Decode(simulator.FromBackend, pb.AppendWrapper(nil, pb.WrapperMessage_TYPE_RAW_XML, []byte(stanza)))
		if line, ok := describe.Frame(f); !ok || line.Text != want && (want != "RAW_XML" || !strings.HasPrefix(line.Text, want)) {
			t.Errorf("%s: %q", stanza, line.Text)
		}
	}
}

func TestPongHasNoDescription(t *testing.T) {
	if line, ok := describe.Frame(frame(t, "pong", nil)); ok {
		t.Errorf("a PONG has the description %q", line.Text)
	}
}

// TestEveryTypeThatScriptsSendHasASentence fails for a new type of the protocol until
// it has a sentence here.
func TestEveryTypeThatScriptsSendHasASentence(t *testing.T) {
	bare := map[string]bool{"pong": true, "stats": true, "raw_xml": true}
	for _, typ := range schema.Types() {
		if !typ.Sendable() || bare[typ.Name] {
			continue
		}
		f := simulator.Frame{Direction: simulator.FromBackend, Type: typ.Number, Message: emptyOf(t, typ)}
		line, _ := describe.Frame(f)
		if strings.HasPrefix(line.Text, strings.ToUpper(typ.Name)) {
			t.Errorf("%s has no sentence", typ.Name)
		}
	}
}

func emptyOf(t *testing.T, typ *schema.Type) proto.Message {
	t.Helper()
	f := simulator.Decode(simulator.FromBackend, pb.AppendWrapper(nil, typ.Number, []byte{}))
	if f.Message == nil {
		t.Fatalf("%s has no message", typ.Name)
	}
	return f.Message
}

func TestTextEscapesControlCharacters(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "Grüße 🌍", "Grüße 🌍"},
		{"an emoji of several characters", "👩\u200d🚀", "👩\u200d🚀"},
		{"lines", "a\nb\r\nc\td", `a⏎b\r⏎c\td`},
		{"an escape sequence", "\x1b]0;x\x07", `\x1b]0;x\a`},
		{"not UTF-8", "a\xff\x01\uFFFD", `a\xff\x01` + "\uFFFD"},
		{"long", strings.Repeat("ü", 2001), strings.Repeat("ü", 2000) + "… (4002 bytes)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := describe.Text(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

package record_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"spectrumlua/pb"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
)

// plain are the fields with texts or bytes that a trace shows without bodies: names, ids
// and what the software says. The author of a new field decides whether it belongs here or
// is marked as content, secret or masked in protocol.proto.
var plain = strings.Fields(`
	Disconnected.message Login.legacy_name Logout.legacy_name UserSettings.value
	Buddy.buddy_name Buddy.alias Buddy.group Buddy.icon_hash Buddy.idle_since
	ConversationMessage.buddy_name ConversationMessage.nickname ConversationMessage.timestamp ConversationMessage.id
	ConversationMessage.replaces ConversationMessage.lang Attachment.mime_type Reply.id Reply.author
	Reaction.buddy_name Reaction.nickname Reaction.id Retraction.buddy_name Retraction.nickname Retraction.id
	Displayed.buddy_name Displayed.nickname Displayed.id Moderation.room Moderation.nickname Moderation.id
	Sent.id Sent.network_id Sent.error Invitation.room Invitation.buddy_name Bookmark.room Bookmark.name Bookmark.nickname ServiceMessage.id Question.id Answer.id
	Command.name Command.description CommandArgument.name CommandArgument.description CommandArgument.options
	CommandRun.id CommandRun.name Room.nickname Room.room RoomList.room RoomList.name
	Participant.room Participant.nickname Participant.newname Participant.icon_hash Participant.alias Participant.idle_since
	VCard.buddy_name Status.idle_since Stats.id BackendConfig.config`)

// TestEachFieldIsDecided fails for a field with a text that is neither in plain nor marked.
func TestEachFieldIsDecided(t *testing.T) {
	found := map[string]bool{}
	seen := map[*schema.Message]bool{}
	var look func(m *schema.Message)
	look = func(m *schema.Message) {
		if m == nil || seen[m] {
			return
		}
		seen[m] = true
		for _, f := range m.Fields {
			name := string(m.Descriptor.Name()) + "." + f.Name
			kind := f.Kind
			if f.Map {
				kind = f.Message.FieldByNumber(2).Kind
			}
			hidden := f.User || f.Secret || f.Content
			switch listed := slices.Contains(plain, name); {
			case kind != protoreflect.StringKind && kind != protoreflect.BytesKind:
				if f.Content || listed {
					t.Errorf("%s has neither text nor bytes", name)
				}
				look(f.Message)
			case listed == hidden:
				t.Errorf("%s must be in plain, or have one of the options user, secret, masked and content", name)
			default:
				found[name] = true
			}
		}
	}
	for _, typ := range schema.Types() {
		look(typ.Payload)
	}
	for _, name := range plain {
		if !found[name] {
			t.Errorf("%s does not exist", name)
		}
	}
}

// TestBodiesAreLeftOut fills every field of every type with a text and looks for it.
func TestBodiesAreLeftOut(t *testing.T) {
	for _, typ := range schema.Types() {
		if typ.Payload == nil {
			continue
		}
		m := dynamicpb.NewMessage(typ.Payload.Descriptor)
		fill(m, typ.Payload, "XYZZY", 3)
		payload, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		without := record.NewEncoder(nil, false).Message(0, true, typ.Number, payload)
		if strings.Contains(string(without), "XYZZY") || strings.Contains(string(without), "WFlaWlk") {
			t.Errorf("%s without bodies: %s", typ.Name, without)
		}
		e, err := record.ParseEntry(without)
		if err != nil || e.LeftOut || e.Type != typ.Number {
			t.Errorf("%s: %v: %s", typ.Name, err, without)
		}
	}
}

// fill sets all fields. The marked ones get text.
func fill(m protoreflect.Message, s *schema.Message, text string, depth int) {
	for _, f := range s.Fields {
		if depth == 0 && !f.Required {
			continue
		}
		word := "plain"
		if f.Content || f.Secret {
			word = text
		}
		switch {
		case f.Map:
			m.Mutable(f.Descriptor).Map().Set(protoreflect.ValueOfString("k").MapKey(), protoreflect.ValueOfString(word))
		case f.List:
			list := m.Mutable(f.Descriptor).List()
			v := list.NewElement()
			if f.Message != nil {
				fill(v.Message(), f.Message, text, depth-1)
			} else {
				v = protoreflect.ValueOfString(word)
			}
			list.Append(v)
		case f.Message != nil:
			fill(m.Mutable(f.Descriptor).Message(), f.Message, text, depth-1)
		case f.Kind == protoreflect.StringKind:
			m.Set(f.Descriptor, protoreflect.ValueOfString(word))
		case f.Kind == protoreflect.BytesKind:
			m.Set(f.Descriptor, protoreflect.ValueOfBytes([]byte(word)))
		case f.Required:
			m.Set(f.Descriptor, m.NewField(f.Descriptor))
		}
	}
}

func TestEncoderMasksAndLeavesOut(t *testing.T) {
	known := &secret.Known{}
	known.Learn("alice@localhost", "hunter2hunter2")
	message := func(text string) []byte {
		payload, err := proto.Marshal(&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("bob"), Message: &text})
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	const (
		say    = pb.WrapperMessage_TYPE_CONV_MESSAGE
		raw    = pb.WrapperMessage_TYPE_RAW_XML
		stanza = `<message from="a@b/c" type="chat" id="7"><body>hi &amp; you</body><file xmlns="f" name="tax.pdf"/><password>pw</password></message>`
	)
	cases := []struct {
		name    string
		bodies  bool
		typ     pb.WrapperMessage_Type
		payload []byte
		want    string
	}{
		{"a text", false, say, message("hello"), `{"t":1.500,"dir":"out","type":"conv_message","fields":{"user_name":"alice@localhost","buddy_name":"bob","message":"…"}}`},
		{"a text with bodies", true, say, message("hello"), `{"t":1.500,"dir":"out","type":"conv_message","fields":{"user_name":"alice@localhost","buddy_name":"bob","message":"hello"}}`},
		{"a secret that the process knows", true, say, message("my hunter2hunter2!"), `{"t":1.500,"dir":"out","type":"conv_message","fields":{"user_name":"alice@localhost","buddy_name":"bob","message":"my ***!"}}`},
		{"an empty text", false, say, message(""), `{"t":1.500,"dir":"out","type":"conv_message","fields":{"user_name":"alice@localhost","buddy_name":"bob","message":""}}`},
		{"raw XML", false, raw, []byte(stanza), `{"t":1.500,"dir":"out","type":"raw_xml","payload":"<message from=\"a@b/c\" type=\"chat\" id=\"7\"><body>…</body><file xmlns=\"f\" name=\"…\"/><password>***</password></message>"}`},
		{"raw XML with bodies", true, raw, []byte(stanza), `{"t":1.500,"dir":"out","type":"raw_xml","payload":"<message from=\"a@b/c\" type=\"chat\" id=\"7\"><body>hi &amp; you</body><file xmlns=\"f\" name=\"tax.pdf\"/><password>***</password></message>"}`},
		{"no XML", false, raw, []byte("<a>"), `{"t":1.500,"dir":"out","type":"raw_xml","left_out":3}`},
		{"a broken payload", false, say, []byte("\xff"), `{"t":1.500,"dir":"out","type":"conv_message","left_out":1}`},
		{"an unknown type", false, 999, []byte("x"), `{"t":1.500,"dir":"out","type":"999","left_out":1}`},
		{"an unknown field", false, say, append(message("hello"), "\xa2\x3e\x06secret"...), `{"t":1.500,"dir":"out","type":"conv_message","fields":{"user_name":"alice@localhost","buddy_name":"bob","message":"…"}}`},
		{"no payload", false, pb.WrapperMessage_TYPE_EXIT, nil, `{"t":1.500,"dir":"out","type":"exit"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := string(record.NewEncoder(known, c.bodies).Message(1500*time.Millisecond, true, c.typ, c.payload))
			if got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestEncoderHasHeaderAndLosses(t *testing.T) {
	e := record.NewEncoder(nil, false)
	text, err := e.Header(record.Header{JID: "irc.localhost", PID: 7})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := record.ParseHeader(text); err != nil || h.PID != 7 || h.JID != "irc.localhost" || h.Record != 1 {
		t.Errorf("%+v, %v", h, err)
	}
	if text, err = e.Lost(2*time.Second, 12); err != nil {
		t.Fatal(err)
	}
	if got, err := record.ParseEntry(text); err != nil || got.Event != record.EventLost || got.Messages != 12 || got.Time != 2*time.Second {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := record.ParseEntry([]byte(`{"t":1,"dir":"out","type":"nonsense"}`)); err == nil {
		t.Error("an unknown type parses")
	}
}

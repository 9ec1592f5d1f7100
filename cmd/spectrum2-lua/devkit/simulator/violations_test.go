package simulator_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

func TestCheckFindsHarmfulFrames(t *testing.T) {
	const from = simulator.FromBackend
	xhtml := func(s string) *pb.ConversationMessage {
		m := conv("x")
		m.Xhtml = proto.String(s)
		return m
	}
	timestamp := func(s string) *pb.ConversationMessage {
		m := conv("x")
		m.Timestamp = proto.String(s)
		return m
	}
	config := func(s string) simulator.Frame {
		return frame(t, from, typeConfig, &pb.BackendConfig{Config: proto.String(s)})
	}
	vcard := func(photo int) simulator.Frame {
		return frame(t, from, pb.WrapperMessage_TYPE_VCARD, &pb.VCard{
			UserName: proto.String(alice), BuddyName: proto.String("echo"), Id: proto.Int32(7), Photo: make([]byte, photo),
		})
	}
	tests := []struct {
		name  string
		frame simulator.Frame
		want  string // a part of the only violation; "" means no violation
	}{
		{"PONG", frame(t, from, typePong, nil), ""},
		{"STATS", frame(t, from, typeStats, &pb.Stats{Res: proto.Int32(1), InitRes: proto.Int32(1), Shared: proto.Int32(1), Id: proto.String("17")}), ""},
		{"STATS without a process id", frame(t, from, typeStats, &pb.Stats{Res: proto.Int32(1), InitRes: proto.Int32(1), Shared: proto.Int32(1), Id: proto.String("main")}), `id is "main"`},
		{"message", frame(t, from, typeConvMessage, conv("a\tb\nc 🌍")), ""},
		{"the form that the C++ library sends", frame(t, from, typeConvMessage, &pb.ConversationMessage{
			UserName: proto.String(alice), BuddyName: proto.String("echo"), Message: proto.String("hello"),
			Nickname: proto.String(""), Xhtml: proto.String(""), Timestamp: proto.String(""), Headline: proto.Bool(false),
			Pm: proto.Bool(false), Carbon: proto.Bool(false)}), ""},

		{"a type that Spectrum sends", frame(t, from, typeLogin, nil), "LOGIN is not a type that Spectrum accepts"},
		{"file transfer", frame(t, from, pb.WrapperMessage_TYPE_FT_START, nil), "FT_START is not a type that Spectrum accepts"},
		{"unknown type", frame(t, from, 99, nil), "type 99 is not a type that Spectrum accepts"},
		{"no WrapperMessage", simulator.Decode(from, []byte{0xff}), "cannot parse the frame"},
		{"empty frame", simulator.Decode(from, nil), "cannot parse the frame: empty frame"},
		{"payload that does not parse", rawFrame(from, typeConvMessage, "\x0a\x05"), "does not parse"},
		{"missing field", frame(t, from, typeConvMessage, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("e")}), `missing: ["message"]`},
		{"missing payload", frame(t, from, typeConnected, nil), `missing: ["user"]`},
		{"unknown enum value", frame(t, from, typeDisconnected, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError(17).Enum()}), "error is 17"},

		{"control character", frame(t, from, typeConvMessage, conv("a\x03b")), "message holds U+0003 at offset 1"},
		{"invalid UTF-8", frame(t, from, typeConvMessage, conv("caf\xe9")), "message holds invalid UTF-8 (byte 0xE9 at offset 3)"},
		{"surrogate", frame(t, from, typeConvMessage, conv("\xed\xa0\x80")), "message holds invalid UTF-8"},
		{"noncharacter", frame(t, from, typeConvMessage, conv("\uFFFF")), "message holds U+FFFF"},
		{"control character in a list", frame(t, from, typeBuddyChanged, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("e"), Group: []string{"fine", "\x01"}}), "group holds U+0001"},
		{"control character in a nested message", frame(t, from, typeConvMessage, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("e"), Message: proto.String("m"),
			Attachment: []*pb.Attachment{{Url: proto.String("\x02"), Description: proto.String("")}}}), "attachment.url holds U+0002"},

		{"xhtml", frame(t, from, typeConvMessage, xhtml(`<p>a<br/> &amp; <b>b</b></p>`)), ""},
		{"two pieces of xhtml", frame(t, from, typeConvMessage, xhtml(`<p>a</p>tail<p>b</p>`)), ""},
		{"unclosed xhtml", frame(t, from, typeConvMessage, xhtml(`<p>a<br></p>`)), "xhtml is not well-formed"},
		{"timestamp", frame(t, from, typeConvMessage, timestamp("20240229T235959")), ""},
		{"timestamp with a zone", frame(t, from, typeConvMessage, timestamp("20240229T235959Z")), "timestamp is not of the form"},
		{"ISO timestamp", frame(t, from, typeConvMessage, timestamp("2024-02-29T23:59:59")), "timestamp is not of the form"},
		{"timestamp of a day that does not exist", frame(t, from, typeConvMessage, timestamp("20230229T000000")), "timestamp is not of the form"},

		{"stanza", rawFrame(from, typeRawXML, "<message to='a'><body>x</body></message>\n"), ""},
		{"half a stanza", rawFrame(from, typeRawXML, "<message>"), "not exactly one stanza"},
		{"raw without a payload", frame(t, from, typeRawXML, nil), "the stanza has no element"},
		{"stanza with a control character", rawFrame(from, typeRawXML, "<message>\x03</message>"), "the stanza holds U+0003"},

		{"config", config("[registration]\nneedPassword=0\n[features]\nmuc = TRUE # rooms\nnickname=x\n"), ""},
		{"config with an invalid boolean", config("[features]\nmuc=maybe\n"), "features.muc=maybe is not a boolean"},
		{"config with an empty boolean", config("[features]\nrawxml=\n"), "features.rawxml= is not a boolean"},
		{"config with an invalid line", config("[features]\nmuc\n"), `"muc" is neither`},

		{"long message", frame(t, from, typeConvMessage, conv(strings.Repeat("a", 500<<10))), ""},
		{"message over the limit", frame(t, from, typeConvMessage, conv(strings.Repeat("a", 512<<10))), "the stanza has about"},
		{"message over the limit when escaped", frame(t, from, typeConvMessage, conv(strings.Repeat("&", 110<<10))), "the stanza has about"},
		{"photo", vcard(380 << 10), ""},
		{"photo over the limit in base64", vcard(400 << 10), "the stanza has about"},
		{"long answer to a QUERY, which is not a stanza", frame(t, from, typeQuery, &pb.BackendConfig{Config: proto.String(strings.Repeat("a", 600<<10))}), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := simulator.Check(test.frame)
			switch {
			case test.want == "" && len(got) > 0:
				t.Errorf("found %q in a valid frame", got)
			case test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)):
				t.Errorf("got %.500q, want one violation with %q", got, test.want)
			}
		})
	}
}

func TestViolationsCheckTheOrderOfFrames(t *testing.T) {
	features := &pb.BackendConfig{Config: proto.String("[features]\nmuc=1\n")}
	connected := &pb.Connected{User: proto.String(alice)}
	tests := []struct {
		name string
		say  func(f *fake)
		want []string
	}{
		{"PONG first", func(f *fake) { f.send(typePong, nil); f.send(typeConnected, connected) }, nil},
		{"config, then PONG", func(f *fake) { f.send(typeConfig, features); f.send(typePong, nil) }, nil},
		{"the same config again", func(f *fake) { f.send(typeConfig, features); f.send(typePong, nil); f.send(typeConfig, features) }, nil},
		{"config after PONG", func(f *fake) { f.send(typePong, nil); f.send(typeConfig, features) },
			[]string{"BACKEND_CONFIG after the first PONG"}},
		{"message before PONG", func(f *fake) { f.send(typeConnected, connected); f.send(typePong, nil) },
			[]string{"CONNECTED before the first PONG"}},
		{"frame over the limit", func(f *fake) { f.send(typePong, nil); f.raw([]byte{0xff, 0, 0, 0}) },
			[]string{"broken framing: frame too long"}},
		{"end inside a frame", func(f *fake) { f.send(typePong, nil); f.raw([]byte{0, 0, 0, 5, 8}) },
			[]string{"broken framing: unexpected EOF"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, f := connect(t, simulator.Options{})
			b.Tolerate()
			test.say(f)
			_ = f.conn.Close()
			b.AwaitEnd()
			got := b.Violations()
			if len(got) != len(test.want) {
				t.Fatalf("got %v, want %v", got, test.want)
			}
			for i, v := range got {
				if !strings.HasPrefix(v.Error(), test.want[i]) {
					t.Errorf("got %v, want %v", v, test.want[i])
				}
			}
		})
	}
}

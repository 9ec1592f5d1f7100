package convert

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// What each message of each user costs: a text of 64 bytes.

var (
	benchText    = "a message of sixty-four bytes, as people write them to each other"
	benchMessage = schema.TypeByNumber(pb.WrapperMessage_TYPE_CONV_MESSAGE).Payload
)

func BenchmarkDecode(b *testing.B) {
	payload, err := proto.Marshal(&pb.ConversationMessage{
		UserName: proto.String("user@localhost"), BuddyName: proto.String("contact"), Message: &benchText, Id: proto.String("id17"),
	})
	if err != nil {
		b.Fatal(err)
	}
	text := string(payload)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(benchMessage, text, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	table := newTable(0, 2)
	table.RawSetString("buddy_name", lua.LString("contact"))
	table.RawSetString("message", lua.LString(benchText))
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = Encode(dst[:0], benchMessage, table, "user@localhost"); err != nil {
			b.Fatal(err)
		}
	}
}

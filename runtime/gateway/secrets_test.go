package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// TestLogHasNoTextOfMessages passes texts in both directions: to those who get them, to those
// who do not, and one that is too long.
func TestLogHasNoTextOfMessages(t *testing.T) {
	store := Memory(t)
	b := newBench(t, store)
	const secret = "hunter2 is the secret"
	content := `<subject>` + secret + `</subject><body>` + secret + `</body><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">` + secret + `</body></html>`
	for _, from := range []string{fuzzClient, "eve@localhost/x"} {
		for _, to := range []string{fuzzJID, "carol@" + fuzzJID, "#room@" + fuzzJID, "#room@" + fuzzJID + "/alice", "#other@" + fuzzJID} {
			for _, typ := range []string{"chat", "normal", "groupchat", "headline", "error"} {
				b.stanza(`<message type="` + typ + `" id="1" from="` + from + `" to="` + to + `">` + content + `</message>`)
			}
		}
	}
	for _, text := range []string{secret, secret + strings.Repeat("<", maxStanza)} {
		for _, name := range []string{"carol", "#room", "#room/alice", "#other"} {
			m := &pb.ConversationMessage{UserName: proto.String(fuzzUser), BuddyName: &name, Message: &text, Xhtml: proto.String("<p>" + secret), Id: proto.String("1")}
			for _, typ := range []pb.WrapperMessage_Type{
				pb.WrapperMessage_TYPE_CONV_MESSAGE, pb.WrapperMessage_TYPE_ATTENTION, pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED,
			} {
				b.payload(typ, m)
				m.Nickname = proto.String("alice")
				b.payload(typ, m)
				m.Nickname = nil
			}
		}
	}
	b.wait(fuzzUser)
	if err := b.clock.Advance(context.Background(), time.Minute); err != nil {
		t.Fatal(err)
	}
	b.wait(fuzzUser)
	refused := false
	for _, line := range b.log.AllEntries() {
		text, err := line.String()
		if err != nil || strings.Contains(text, "hunter2") {
			t.Errorf("%v %.300s", err, text)
		}
		refused = refused || strings.Contains(text, "a stanza is dropped")
	}
	if !refused {
		t.Error("the log does not say that a stanza was too long")
	}
}

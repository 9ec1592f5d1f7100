package gateway

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// TestJoinsOfLargeRoomsWaitForTheStream has a client that joins a room with more occupants and
// old messages than the stream takes at once.
func TestJoinsOfLargeRoomsWaitForTheStream(t *testing.T) {
	b := newBench(t, Memory(t))
	for i := range 100 {
		nick := proto.String(fmt.Sprint("n", i))
		b.payload(pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, &pb.Participant{
			UserName: proto.String(fuzzUser), Room: proto.String("#room"), Nickname: nick, Flag: proto.Int32(0), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum(),
		})
		b.payload(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
			UserName: proto.String(fuzzUser), BuddyName: proto.String("#room"), Nickname: nick, Message: proto.String("hi"),
		})
	}
	b.wait(fuzzUser)
	b.take()
	b.takes, b.most = 10, 0
	b.stanza(`<presence from="` + fuzzUser + `/phone" to="#room@` + fuzzJID + `/alice"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	b.wait(fuzzUser)
	if b.most != b.takes {
		t.Errorf("the stream had to take %d stanzas at once", b.most)
	}
}

package messages_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/messages"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/xmltree"
)

func TestOnlyMessagesAboutNoOtherMessageAreQuick(t *testing.T) {
	for xml, want := range map[string]bool{
		`<body>hi</body>`: true,
		`<body>hi</body><active xmlns="http://jabber.org/protocol/chatstates"/><request xmlns="urn:xmpp:receipts"/>`: true,
		`<origin-id xmlns="urn:xmpp:sid:0" id="1"/><body>hi</body>`:                                                  true,
		`<received xmlns="urn:xmpp:receipts" id="1"/>`:                                                               false,
		`<body>hi</body><replace xmlns="urn:xmpp:message-correct:0" id="1"/>`:                                        false,
		`<body>hi</body><reply xmlns="urn:xmpp:reply:0" to="a@b" id="1"/>`:                                           false,
		`<reactions xmlns="urn:xmpp:reactions:0" id="1"/>`:                                                           false,
		`<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>`:                                                        false,
		`<x xmlns="urn:example:unknown"/>`:                                                                           false,
	} {
		n, err := xmltree.Parse("<message>"+xml+"</message>", xmltree.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if got := messages.QuickFromUser(&router.Stanza{Node: n}); got != want {
			t.Errorf("%s: %v", xml, got)
		}
	}
	for name, c := range map[string]struct {
		m    proto.Message
		want bool
	}{
		"a message":    {&pb.ConversationMessage{}, true},
		"a chat state": {&pb.Buddy{}, true},
		"a correction": {&pb.ConversationMessage{Replaces: proto.String("1")}, false},
		"a reply":      {&pb.ConversationMessage{ReplyTo: &pb.Reply{}}, false},
	} {
		if got := messages.Quick(c.m); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

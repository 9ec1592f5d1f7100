package gateway_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// TestCarbonsNeedThePrivilege sends a message that the user wrote elsewhere, before and after
// the server has granted the privilege to send messages.
func TestCarbonsNeedThePrivilege(t *testing.T) {
	s := play(t, "")
	s.online()
	s.user(`<presence from="` + phone + `" to="` + transport + `"/>`)
	s.expect("the phone sees the transport", presence(transport, ""))
	carbon := func(text string) {
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
			UserName: proto.String(alice), BuddyName: proto.String("carol"), Message: proto.String(text), Carbon: proto.Bool(true),
		})
	}
	carbon("before")
	s.settled() // the privilege comes from the server, not in the queue of the user
	s.user(`<message from="localhost" to="` + transport + `"><privilege xmlns="urn:xmpp:privilege:2"><perm access="message" type="outgoing"/></privilege></message>`)
	s.user(`<iq type="get" id="granted2" from="localhost" to="` + transport + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	s.expect("the answer", answer("granted2"))
	carbon("after <&>")
	for _, client := range []string{desktop, phone} {
		n := s.expect("a privileged message", func(n *xmltree.Node) bool {
			if n.Name == "message" && stanza.Attr(n, "to") != "localhost" {
				t.Errorf("to %s: %s", stanza.Attr(n, "to"), content(t, n))
			}
			return n.Name == "message"
		})
		// The test server removes the namespace of clients, as it does at the top.
		want := `<privilege xmlns="urn:xmpp:privilege:2"><forwarded xmlns="urn:xmpp:forward:0">` +
			`<message xmlns="" from="` + alice + `" to="` + client + `" type="chat">` +
			`<sent xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">` +
			`<message xmlns="" from="` + alice + `" to="` + carol + `" type="chat"><body>after &lt;&amp;&gt;</body></message>` +
			`</forwarded></sent><no-copy xmlns="urn:xmpp:hints"/></message></forwarded></privilege>`
		text, err := stanza.Children(n)[0].Text(1 << 20)
		if err != nil || text != want || stanza.Attr(n, "from") != transport {
			t.Errorf("%s: %s", stanza.Attr(n, "from"), text)
		}
	}
}

package gateway_test

import (
	"testing"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

func TestStanzasWithoutASenderAreFromTheTransport(t *testing.T) {
	s := play(t, "")
	for _, c := range []struct{ name, xml, from string }{
		{"message without from", `<message id="x" to="` + alice + `"><body>hi</body></message>`, transport},
		{"message with an empty from", `<message from="" id="x" to="` + alice + `"><body>hi</body></message>`, transport},
		{"presence without from", `<presence id="x" to="` + alice + `"/>`, transport},
		{"iq without from", `<iq type="get" id="x" to="` + desktop + `"><ping xmlns="urn:xmpp:ping"/></iq>`, transport},
		{"message of a contact", `<message id="x" to="` + alice + `" from="carol@` + transport + `/bot"/>`, "carol@" + transport + "/bot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := s.gateway.Send(pb.WrapperMessage_TYPE_RAW_XML, []byte(c.xml)); err != nil {
				t.Fatal(err)
			}
			n := s.expect("the stanza", func(n *xmltree.Node) bool { return stanza.Attr(n, "id") == "x" })
			if got := stanza.Attr(n, "from"); got != c.from {
				t.Errorf("the stanza comes from %q", got)
			}
		})
	}
}

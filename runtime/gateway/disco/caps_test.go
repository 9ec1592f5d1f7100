package disco_test

import (
	"testing"

	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// TestVerificationOfTheXEP has the examples of XEP-0115, sections 5.2 and 5.3.
func TestVerificationOfTheXEP(t *testing.T) {
	const features = `<feature var="http://jabber.org/protocol/disco#info"/><feature var="http://jabber.org/protocol/disco#items"/>` +
		`<feature var="http://jabber.org/protocol/muc"/><feature var="http://jabber.org/protocol/caps"/>`
	for _, c := range []struct{ name, info, want string }{
		{"simple", `<identity category="client" type="pc" name="Exodus 0.9.1"/>` + features, "QgayPKawpkPSDYmwT/WM94uAlu0="},
		{"complex", `<identity xml:lang="en" category="client" name="Psi 0.11" type="pc"/><identity xml:lang="el" category="client" name="Ψ 0.11" type="pc"/>` + features +
			`<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>urn:xmpp:dataforms:softwareinfo</value></field>` +
			`<field var="ip_version"><value>ipv4</value><value>ipv6</value></field><field var="os"><value>Mac</value></field>` +
			`<field var="os_version"><value>10.5.1</value></field><field var="software"><value>Psi</value></field>` +
			`<field var="software_version"><value>0.11</value></field></x>`, "q07IKJEyjvHSyhy//CH0CxmKi8w="},
		// The hash is that of "client/pc//<a<a#b<", as `printf … | openssl sha1 -binary | base64` makes it.
		{"a feature that begins like another", `<identity category="client" type="pc"/><feature var="a#b"/><feature var="a"/>`, "Kc+hAGX5pok39BghwbXxtbxnRKQ="},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, err := xmltree.Parse(`<query xmlns="http://jabber.org/protocol/disco#info">`+c.info+`</query>`, xmltree.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if got := disco.Verification(stanza.Children(query)); got != c.want {
				t.Errorf("%s, not %s", got, c.want)
			}
		})
	}
}

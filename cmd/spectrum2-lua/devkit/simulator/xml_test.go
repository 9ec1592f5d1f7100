package simulator

import (
	"strings"
	"testing"
)

func TestWellFormedRejectsBrokenXML(t *testing.T) {
	tests := []struct {
		name, xml string
		want      string // a part of the error; "" means no error
	}{
		{"nothing", "", ""},
		{"text", "a &amp; b &#x263A; &lt;", ""},
		{"elements", `<p style="a">x<br/>y</p> z <i>w</i>`, ""},
		{"namespaces", `<a:b xmlns:a="u" a:c='1' xml:lang="de"><a:d/></a:b>`, ""},
		{"CDATA", "<p><![CDATA[<b>]]></p>", ""},
		{"not closed", "<p><b>x</p>", "</p> closes <b>"},
		{"never closed", "<p>", "<p> is not closed"},
		{"closed twice", "<p/></p>", "</p> closes nothing"},
		{"cut off", "<p", "EOF"},
		{"bare ampersand", "a & b", "entity"},
		{"entity of HTML", "&nbsp;", "entity"},
		{"attribute without quotes", "<p a=b/>", "quote"},
		{"attribute without a value", "<p a/>", "attribute"},
		{"attribute twice", `<p a="1" a="2"/>`, "attribute a twice"},
		{"attributes not separated", `<p a="1"b="2"/>`, "not separated"},
		{"less-than in an attribute", `<p a="<"/>`, "<"},
		{"unbound prefix", "<a:b/>", "a:b is not declared"},
		{"unbound prefix of an attribute", `<b a:c="1"/>`, "a:c is not declared"},
		{"prefix out of its scope", `<x><y xmlns:a="u"/><a:z/></x>`, "a:z is not declared"},
		{"empty name", "<a:/>", "not a name"},
		{"comment", "<!-- x -->", "comments"},
		{"prolog", `<?xml version="1.0"?><p/>`, "<?xml?>"},
		{"doctype", "<!DOCTYPE p><p/>", "<!…>"},
		{"end of CDATA in text", "a ]]> b", "]]>"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { sameError(t, wellFormed(test.xml), test.want) })
	}
}

func TestOneStanzaRejectsOtherXML(t *testing.T) {
	tests := []struct {
		name, xml string
		want      string
	}{
		{"message", "<message><body>x</body></message>", ""},
		{"iq with blanks around", " <iq/>\n", ""},
		{"empty", "", "no element"},
		{"blanks", " ", "no element"},
		{"two", "<iq/><iq/>", "second stanza"},
		{"not a stanza", "<stream/>", "<stream> is not a stanza"},
		{"text before", "x<iq/>", "text outside"},
		{"text after", "<iq/>x", "text outside"},
		{"stray end tag", "<iq/></stream:stream>", "closes nothing"},
		{"prolog", `<?xml version='1.0'?><iq/>`, "<?xml?>"},
		{"half", "<iq><x/>", "<iq> is not closed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { sameError(t, oneStanza(test.xml), test.want) })
	}
}

func sameError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got the error %v for valid XML", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got the error %v, want one with %q", err, want)
	}
}

package secret_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/secret"
)

func TestNameFindsNamesOfSecretSettings(t *testing.T) {
	for name, want := range map[string]bool{
		"password": true, "irc.Passwd": true, "api_key": true, "APIKEY": true, "access_token": true, "client-secret": true,
		"database.connectionstring": true, "credentials": true,
		"nickname": false, "server": false, "stay_connected": false, "": false,
	} {
		if secret.Name(name) != want {
			t.Errorf("Name(%q) is not %v", name, want)
		}
	}
}

func TestValueFindsAddressesWithPasswords(t *testing.T) {
	for value, want := range map[string]bool{
		"https://user:hunter2@example.org": true, "https://example.org": false, "alice@example.org": false, "": false,
	} {
		if secret.Value(value) != want {
			t.Errorf("Value(%q) is not %v", value, want)
		}
	}
}

func TestXMLMasksSecretsInStanzas(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"nothing secret", `<iq  type='get'/>`, `<iq  type='get'/>`},
		{"a registration", `<iq><query xmlns='jabber:iq:register'><username>u</username><password>hunter2</password></query></iq>`,
			`<iq><query xmlns="jabber:iq:register"><username>u</username><password>***</password></query></iq>`},
		{"in CDATA", `<iq><password><![CDATA[hunter2]]></password></iq>`, `<iq><password>***</password></iq>`},
		{"with a prefix", `<p:iq xmlns:p='x'><p:password>hunter2</p:password></p:iq>`, ``},
		{"SASL", `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGh1bnRlcjI=</auth>`, ``},
		{"a private field of a form", `<x xmlns='jabber:x:data'><field type='text-private' var='pin'><value>hunter2</value></field></x>`, ``},
		{"a field with a telling name", `<x xmlns='jabber:x:data'><field var='Password'><value>hunter2</value></field></x>`, ``},
		{"an attribute", `<x xmlns='jabber:x:conference' jid='r@c' password='hunter2'/>`, ``},
		{"deep within", `<password><a><b>hunter2</b></a></password>`, `<password><a><b>***</b></a></password>`},
		{"next to an element", `<password><a/>hunter2</password>`, ``},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := secret.XML(c.text)
			if !ok {
				t.Fatal("the stanza is rejected")
			}
			if c.want != "" && got != c.want {
				t.Errorf("got %s", got)
			}
			if strings.Contains(got, "hunter2") || strings.Contains(got, "AGh1bnRlcjI=") {
				t.Errorf("the secret is not masked: %s", got)
			}
			if c.text != got && !strings.Contains(got, secret.Mask) {
				t.Errorf("the stanza is changed, but nothing is masked: %s", got)
			}
		})
	}
	for _, text := range []string{"", "<password>hunter2", "no XML", "<a/><b/>", "<\xff>"} {
		if got, ok := secret.XML(text); ok || got != "" {
			t.Errorf("XML(%q) is %q, %v", text, got, ok)
		}
	}
}

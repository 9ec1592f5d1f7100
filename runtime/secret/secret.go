// Package secret knows what must not be shown or written down: settings by
// their names, addresses with a password in them, the places in XML where XMPP
// puts passwords, and the secrets that the process has met.
//
// A Set hides secrets in texts. It finds a secret as it is and in every encoding
// that texts are written in: XML and HTML (named, decimal and hexadecimal
// references, all or some characters), URLs, JSON, Lua, Go, C, SQL, CSV,
// quoted-printable, the tags of IRC, escaped JIDs, hexadecimal, lists of bytes,
// and base64 in any alphabet and at any alignment, as in SASL PLAIN; also up to
// three of them around each other, as XML in JSON in a URL. It does not find what
// has been hashed, encrypted or compressed.
//
// No encodings are kept. All secrets stand in one trie; from each position of a
// text the Set walks down the trie in each way in which the bytes there can be
// read. So a text costs nearly the same for one user and for ten thousand.
package secret

import (
	"slices"
	"strings"

	"spectrumlua/runtime/xmltree"
)

// Mask stands for what is not shown.
const Mask = "***"

// nameParts are found in the names of settings whose values are not shown.
var nameParts = []string{"pass", "secret", "token", "key", "credential", "connectionstring"}

// Name tells whether the name of a setting, a form's field or an attribute
// says that the value is a secret.
func Name(name string) bool {
	lower := strings.ToLower(name)
	return slices.ContainsFunc(nameParts, func(part string) bool { return strings.Contains(lower, part) })
}

// Value tells whether a setting's value looks as if there was a secret in it,
// as in "https://user:password@host".
func Value(value string) bool {
	return strings.Contains(value, "://") && strings.Contains(value, "@")
}

// elements hold secrets, beside those whose names say so: XEP-0078 and SASL.
var elements = map[string]bool{"auth": true, "response": true, "challenge": true, "success": true, "digest": true}

// XML masks the secrets in a stanza: in elements and attributes whose names say
// so, in SASL, and in the private fields of forms (XEP-0004). A stanza without
// any is returned as it is. It returns false for what is no XML, or is too big
// to be looked through: nothing of that may be shown.
func XML(text string) (masked string, ok bool) {
	node, err := xmltree.Parse(text, xmltree.DefaultLimits)
	if err != nil {
		return "", false
	}
	if !maskNode(node, false) {
		return text, true
	}
	// Masks may be longer than what they stand for, and namespaces repeat.
	masked, err = node.Text(2*len(text) + 1<<16)
	return masked, err == nil
}

// maskNode masks what is secret in n, all of its texts if so, and tells whether
// anything was.
func maskNode(n *xmltree.Node, private bool) (found bool) {
	private = private || elements[n.Name] || Name(n.Name)
	if n.Name == "field" {
		private = private || attribute(n, "type") == "text-private" || Name(attribute(n, "var"))
	}
	for i := range n.Attr {
		if Name(n.Attr[i].Name) {
			n.Attr[i].Value, found = Mask, true
		}
	}
	for i, child := range n.Children {
		switch {
		case child.Element != nil:
			found = maskNode(child.Element, private) || found
		case private && strings.TrimSpace(child.Text) != "":
			n.Children[i].Text, found = Mask, true
		}
	}
	return found
}

func attribute(n *xmltree.Node, name string) string {
	for _, a := range n.Attr {
		if a.Space == "" && a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Package secret finds secrets that must not be logged or recorded: settings with
// names such as password, addresses with a password, the places in XML where XMPP
// puts passwords, and secrets that the process has learned.
//
// A Set hides secrets in texts. It finds a secret both unchanged and in every usual
// encoding:
//   - XML and HTML (named, decimal and hexadecimal references, for all or some
//     characters), URLs, JSON, quoted-printable, the tags of IRC, escaped JIDs;
//   - strings of Lua, Go, C, SQL, CSV and the shell;
//   - hexadecimal, lists of bytes, and base64 in any alphabet and at any alignment,
//     as in SASL PLAIN.
//
// It also finds up to three nested encodings, for example XML in JSON in a URL. It
// cannot find secrets that are hashed, encrypted or compressed.
//
// A Set does not store encodings. All secrets are in one trie. From each position of a
// text, the Set walks down the trie once for each way to decode the bytes there. A text
// therefore costs nearly the same for one user and for ten thousand.
package secret

import (
	"slices"
	"strings"

	"spectrumlua/runtime/xmltree"
)

// Mask replaces a secret.
const Mask = "***"

// nameParts holds the words that the name of a secret setting contains.
var nameParts = []string{"pass", "secret", "token", "key", "credential", "connectionstring"}

// Name reports whether the name of a setting, a form's field or an attribute
// implies a secret value.
func Name(name string) bool {
	lower := strings.ToLower(name)
	return slices.ContainsFunc(nameParts, func(part string) bool { return strings.Contains(lower, part) })
}

// Value reports whether a setting's value seems to contain a secret, as in
// "https://user:password@host".
func Value(value string) bool {
	return strings.Contains(value, "://") && strings.Contains(value, "@")
}

// elements holds elements of XEP-0078 and SASL that contain secrets, although their
// names do not say so.
var elements = map[string]bool{"auth": true, "response": true, "challenge": true, "success": true, "digest": true}

// XML masks the secrets in a stanza: in elements and attributes with names such as
// password, in SASL, and in the private fields of forms (XEP-0004). It returns a
// stanza without secrets unchanged. It reports false if text is not XML or is too
// big to check; no part of it may then be shown.
func XML(text string) (masked string, ok bool) {
	node, err := xmltree.Parse(text, xmltree.DefaultLimits)
	if err != nil {
		return "", false
	}
	if !maskNode(node, false) {
		return text, true
	}
	// The result may be longer than text: a mask can be longer than its secret, and
	// namespaces are repeated.
	masked, err = node.Text(2*len(text) + 1<<16)
	return masked, err == nil
}

// maskNode masks the secrets in n, or all texts of n if private is true. It reports
// whether it has masked anything.
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

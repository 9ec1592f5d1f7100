package disco

import (
	"crypto/sha1" //nolint:gosec // XEP-0115 requires it of everyone
	"encoding/base64"
	"slices"
	"strings"
	"sync"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltree"
)

// software is the name of the program in capabilities (XEP-0115, section 4).
const software = "https://spectrum.im/spectrum2-lua"

// capabilities has the element of each target, until its description changes.
type capabilities struct {
	mu    sync.Mutex
	known map[router.Target]known
}

type known struct {
	identity settings.Identity
	features []string
	element  *xmltree.Node
}

var shared router.Common[capabilities]

// Caps returns the element for the presence of the transport or of its contacts. It must
// not be changed.
func Caps(r *router.Router, target router.Target) *xmltree.Node {
	c, identity, features := shared.Of(r), r.Settings().Identity, r.Disco(target)
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.known[target]; k.element != nil && k.identity == identity && slices.Equal(k.features, features) {
		return k.element
	}
	ver := Verification(describe(r, target, ""))
	k := known{identity, features, stanza.Element(stanza.Capabilities, "c", stanza.Attrs{"hash", "sha-1", "node", software, "ver", ver})}
	if c.known == nil {
		c.known = map[router.Target]known{}
	}
	c.known[target] = k
	return k.element
}

// isCaps reports whether a node is the one of the capabilities.
func isCaps(r *router.Router, target router.Target, node string) bool {
	return node == software+"#"+Caps(r, target).Get("ver")
}

// Verification returns the verification string for the answer to a disco#info query, the
// children of <query/> (XEP-0115, section 5.1).
func Verification(info []*xmltree.Node) string {
	var identities, features, forms []string
	for _, n := range info {
		switch n.Name {
		case "identity":
			identities = append(identities, strings.Join([]string{n.Get("category"), n.Get("type"), language(n), n.Get("name")}, "/"))
		case "feature":
			features = append(features, n.Get("var"))
		case "x":
			forms = append(forms, formText(n))
		}
	}
	var b strings.Builder
	for _, part := range [][]string{identities, features} {
		b.WriteString(joined(part))
	}
	slices.Sort(forms)
	for _, form := range forms {
		b.WriteString(form)
	}
	sum := sha1.Sum([]byte(b.String())) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}

// joined sorts texts by their bytes (RFC 4790, i;octet) and ends each with <. The order is that
// of the texts without <.
func joined(texts []string) string {
	slices.Sort(texts)
	var b strings.Builder
	for _, text := range slices.Compact(texts) {
		b.WriteString(text + "<")
	}
	return b.String()
}

func language(n *xmltree.Node) string {
	for _, a := range n.Attr {
		if a.Space == xmlns.XML && a.Name == "lang" {
			return a.Value
		}
	}
	return ""
}

// formText returns the part of the string for a form: its type, then the fields with their
// values.
func formText(form *xmltree.Node) string {
	var typ string
	var names []string
	values := map[string]string{}
	for _, f := range stanza.Children(form) {
		var all []string
		for _, v := range stanza.Children(f) {
			if v.Name == "value" {
				all = append(all, stanza.Body(v))
			}
		}
		if name := f.Get("var"); name != "FORM_TYPE" {
			names = append(names, name)
			values[name] = joined(all)
			continue
		}
		typ = joined(all)
	}
	slices.Sort(names)
	for _, name := range names {
		typ += name + "<" + values[name]
	}
	return typ
}

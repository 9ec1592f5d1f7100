package disco

import (
	"cmp"
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

// maxVersions is the number of descriptions of a target that are kept. Clients ask for the
// versions in presences that they received a while ago.
const maxVersions = 5

// capabilities has the versions of each target.
type capabilities struct {
	mu      sync.Mutex
	targets map[router.Target]*versions
}

// versions are the newest descriptions of a target. The last one is valid now.
type versions struct {
	all []description
	// told is the version that users know. It is "" if they know none.
	told string
}

// description is what service discovery shows of a target.
type description struct {
	identity settings.Identity
	features []string
	info     []*xmltree.Node // the answer to disco#info
	ver      string          // the verification string
	element  *xmltree.Node   // for presences
}

var shared router.Common[capabilities]

// Caps returns the element for the presence of the transport or of its contacts. It must
// not be changed.
func Caps(r *router.Router, target router.Target) *xmltree.Node {
	c := shared.Of(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.of(r, target)
	v.told = cmp.Or(v.told, v.now().ver)
	return v.now().element
}

// Renewed returns the targets whose capabilities differ from those that users know. It returns
// each change once: the caller tells the users.
func Renewed(r *router.Router) (all []router.Target) {
	c := shared.Of(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, target := range []router.Target{router.Transport, router.Contact} {
		v := c.of(r, target)
		if v.told != "" && v.told != v.now().ver {
			v.told = v.now().ver
			all = append(all, target)
		}
	}
	return all
}

// described returns the description that has the node of capabilities, or nil.
func described(r *router.Router, target router.Target, node string) []*xmltree.Node {
	c := shared.Of(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.of(r, target).all {
		if node == software+"#"+v.ver {
			return v.info
		}
	}
	return nil
}

// of returns the versions of a target, with the present one. c.mu is held.
func (c *capabilities) of(r *router.Router, target router.Target) *versions {
	v := c.targets[target]
	if v == nil {
		if c.targets == nil {
			c.targets = map[router.Target]*versions{}
		}
		v = &versions{}
		c.targets[target] = v
	}
	identity, features := r.Settings().Identity, r.Disco(target)
	same := func(other description) bool {
		return other.identity == identity && slices.Equal(other.features, features)
	}
	if len(v.all) > 0 && same(v.now()) {
		return v
	}
	v.all = slices.DeleteFunc(v.all, same)
	if len(v.all) == maxVersions {
		v.all = slices.Delete(v.all, 0, 1)
	}
	info := describe(r, target, "")
	ver := Verification(info)
	v.all = append(v.all, description{
		identity, features, info, ver,
		stanza.Element(stanza.Capabilities, "c", stanza.Attrs{"hash", "sha-1", "node", software, "ver", ver}),
	})
	return v
}

func (v *versions) now() description { return v.all[len(v.all)-1] }

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

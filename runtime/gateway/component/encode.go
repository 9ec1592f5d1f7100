package component

import (
	"errors"
	"fmt"
	"strings"

	"spectrumlua/runtime/xmltree"
)

// The namespaces of stanzas: of this stream, and of the clients' streams, which stanzas
// inside of others have (XEP-0297).
const (
	componentSpace = "jabber:component:accept"
	clientSpace    = "jabber:client"
)

// plain gives all elements in the namespaces of stanzas the Space "".
func plain(n *xmltree.Node) {
	if n.Space == componentSpace || n.Space == clientSpace {
		n.Space = ""
	}
	for _, c := range n.Children {
		if c.Element != nil {
			plain(c.Element)
		}
	}
}

// encode returns a stanza as it appears in the stream.
func encode(n *xmltree.Node, jid string, most int) (string, error) {
	if err := checkStanza(n, jid); err != nil {
		return "", err
	}
	w := xmltree.NewWriter(most)
	if err := write(w, n); err != nil {
		return "", err
	}
	return w.String(), nil
}

// checkStanza rejects what a server answers with the end of the stream.
func checkStanza(n *xmltree.Node, jid string) error {
	if space := n.Space; space != "" && space != componentSpace && space != clientSpace {
		return fmt.Errorf("<%.40s> has the namespace %.80q, which is not that of stanzas", n.Name, space)
	}
	switch n.Name {
	case "message", "presence", "iq":
	default:
		return fmt.Errorf("<%.40s> is not a stanza: message, presence or iq is required", n.Name)
	}
	if n.Get("to") == "" {
		return fmt.Errorf("the %s has no attribute to", n.Name)
	}
	if from := n.Get("from"); !strings.EqualFold(domain(from), jid) {
		return fmt.Errorf("the %s has from=%.80q, which is not an address of %s", n.Name, from, jid)
	}
	return nil
}

// domain returns the domain of a JID.
func domain(jid string) string {
	bare, _, _ := strings.Cut(jid, "/")
	if _, after, ok := strings.Cut(bare, "@"); ok {
		return after
	}
	return bare
}

func write(w *xmltree.Writer, n *xmltree.Node) error {
	if w.Depth() == maxDepth {
		return fmt.Errorf("elements are nested more than %d deep", maxDepth)
	}
	space := n.Space
	if space == "" || space == componentSpace || space == clientSpace {
		// At the top, the namespace of the stream applies.
		if space = w.Space(); space != "" {
			space = clientSpace
		}
	}
	if err := checkNames(n); err != nil {
		return err
	}
	if err := w.Start(space, n.Name, n.Attr); err != nil {
		return err
	}
	for _, c := range n.Children {
		err := error(nil)
		if c.Element != nil {
			err = write(w, c.Element)
		} else {
			err = w.Text(c.Text)
		}
		if err != nil {
			return err
		}
	}
	return w.End()
}

// errName is about names that are not xmltree.IsPlainName.
var errName = errors.New("a name with letters beyond ASCII, which not all XMPP servers accept")

func checkNames(n *xmltree.Node) error {
	ok := xmltree.IsPlainName(n.Name)
	for _, a := range n.Attr {
		ok = ok && xmltree.IsPlainName(a.Name)
	}
	if !ok {
		return fmt.Errorf("<%.40s>: %w", n.Name, errName)
	}
	return nil
}

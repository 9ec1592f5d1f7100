package component

import (
	"context"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/xmltree"
)

// handle handles one element of the stream.
func (s *stream) handle(ctx context.Context, n *xmltree.Node) error {
	if n.Space == streamSpace && n.Name == "error" {
		return s.c.streamError(n)
	}
	plain(n)
	switch {
	case !isStanza(n):
		s.c.once.Do("element "+n.Name, func() {
			s.c.log.WithField("element", excerpt(n.Name)).Warn("an element of the XMPP server that is not a stanza is ignored")
		})
	case n.Name == "iq" && s.c.out.answered(n.Get("id")):
	default:
		if s.c.observed() {
			if text, err := n.Text(2 * s.c.opts.MaxStanza); err == nil {
				s.c.opts.Observer.In(text)
			}
		}
		s.c.opts.Handle(ctx, n)
	}
	return nil
}

func isStanza(n *xmltree.Node) bool {
	return n.Space == "" && (n.Name == "message" || n.Name == "presence" || n.Name == "iq")
}

// skipped is called for a stanza that exceeds a limit. It answers it, so that its sender
// does not wait.
func (s *stream) skipped(n *xmltree.Node, reason error) {
	log := s.c.log.WithField("error", reason.Error())
	if n == nil {
		s.c.once.Do("skipped", func() { log.Warn("a stanza that exceeds a limit is ignored") })
		return
	}
	plain(n)
	from := n.Get("from")
	s.c.once.Do("skipped "+from, func() {
		log.WithFields(logrus.Fields{"from": from, "to": n.Get("to")}).Warn("a stanza that exceeds a limit is ignored")
	})
	if !isStanza(n) || !wantsAnswer(n) {
		return
	}
	_ = s.c.SendNode(&xmltree.Node{
		Name: n.Name,
		Attr: []xmltree.Attr{
			{Name: "type", Value: "error"}, {Name: "id", Value: n.Get("id")},
			{Name: "from", Value: n.Get("to")}, {Name: "to", Value: from},
		},
		Children: []xmltree.Child{{Element: &xmltree.Node{
			Name: "error",
			Attr: []xmltree.Attr{{Name: "type", Value: "modify"}},
			Children: []xmltree.Child{{Element: &xmltree.Node{
				Space: "urn:ietf:params:xml:ns:xmpp-stanzas", Name: "policy-violation",
			}}, {Element: &xmltree.Node{
				Space: "urn:ietf:params:xml:ns:xmpp-stanzas", Name: "text",
				Children: []xmltree.Child{{Text: reason.Error()}},
			}}},
		}}},
	})
}

// wantsAnswer reports whether an error may answer a stanza (RFC 6120, section 8.3.1).
func wantsAnswer(n *xmltree.Node) bool {
	switch kind := n.Get("type"); n.Name {
	case "iq":
		return kind == "get" || kind == "set"
	case "message":
		return kind != "error"
	}
	return false
}

package router

import "spectrumlua/runtime/xmltree"

// Node is a node in the service discovery of a target (XEP-0030). Features share the node
// "", which is the target itself: the items of all features are listed.
type Node struct {
	To   Target
	Name string
	// Has, if it is not nil, reports whether a node with a name exists. Name has no meaning
	// then.
	Has func(r *Router, name string) bool
	// Items returns the items, elements <item/>. It may be nil.
	Items func(u *User, s *Stanza) []*xmltree.Node
	// Info returns the identities and features, as children of a <query/>. It is nil for the
	// node "", and may return nil for a node that the user must not see.
	Info func(u *User, s *Stanza) []*xmltree.Node
}

// Nodes returns the nodes of a target with a name.
func (r *Router) Nodes(t Target, name string) []Node {
	var all []Node
	for _, n := range r.tables.nodes {
		if n.To == t && (n.Has == nil && n.Name == name || n.Has != nil && n.Has(r, name)) {
			all = append(all, n)
		}
	}
	return all
}

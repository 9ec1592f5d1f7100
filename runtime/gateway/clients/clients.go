// Package clients finds out what the clients of users understand, by their capabilities
// (XEP-0115).
package clients

import (
	"slices"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{Name: "clients", Hooks: router.Hooks{Logout: forget}}
}

// Notify returns the feature with which a client asks for the events of a node (XEP-0163).
func Notify(node string) string { return node + "+notify" }

// noted are the features that the gateway asks for. Others are not kept.
var noted = map[string]bool{
	stanza.RosterExchange: true, Notify(stanza.AvatarMetadata): true, Notify(stanza.Nickname): true,
}

// Limits of the answers of one user, whose clients may invent capabilities.
const (
	maxAnswers = 2 * router.MaxClients
	maxNode    = 1024 // bytes of a node with its version
)

// answers are what clients have said, by the nodes of their capabilities. They count for one
// session of one user only, because another user's client could lie.
type answers map[string]*answer

type answer struct {
	arrived  bool
	features []string // those of noted
	waiting  []func(u *router.User)
}

var sessions router.Slot[answers]

// Has reports whether a client has a feature, which must be one of noted. If known is false,
// the client is asked, and later is called when it has answered or its time is over. A
// client without capabilities has no feature, and neither has one whose capabilities exceed a
// limit.
func Has(u *router.User, c *router.Client, feature string, later func(u *router.User)) (has, known bool) {
	node, ver := stanza.Attr(c.Caps, "node"), stanza.Attr(c.Caps, "ver")
	if node == "" || ver == "" || len(node)+len(ver) > maxNode {
		return false, true
	}
	node += "#" + ver
	all := sessions.Of(u)
	if *all == nil {
		*all = answers{}
	}
	a := (*all)[node]
	switch {
	case a == nil && !all.hasCapacity():
		return false, true
	case a == nil:
		a = &answer{waiting: []func(*router.User){later}}
		(*all)[node] = a
		u.Query("get", c.JID, stanza.Element(stanza.DiscoInfo, "query", stanza.Attrs{"node", node}),
			func(u *router.User, n *xmltree.Node) { a.arrive(u, n) })
		return false, false
	case !a.arrived:
		a.waiting = append(a.waiting, later)
		return false, false
	}
	return slices.Contains(a.features, feature), true
}

// hasCapacity reports whether another node may be asked for. At the limit, it forgets a node that
// has been answered.
func (all answers) hasCapacity() bool {
	if len(all) < maxAnswers {
		return true
	}
	for node, a := range all {
		if a.arrived {
			delete(all, node)
			return true
		}
	}
	return false
}

// arrive handles the answer of a client, or nil without one.
func (a *answer) arrive(u *router.User, n *xmltree.Node) {
	a.arrived = true
	if stanza.Attr(n, "type") == "result" {
		for _, f := range stanza.Children(stanza.Child(n, stanza.DiscoInfo, "query")) {
			if name := stanza.Attr(f, "var"); f.Name == "feature" && noted[name] {
				a.features = append(a.features, name)
			}
		}
	}
	waiting := a.waiting
	a.waiting = nil
	if u.State == router.Offline {
		return // the session that has asked is over
	}
	for _, later := range waiting {
		later(u)
	}
}

func forget(u *router.User) { sessions.Drop(u) }

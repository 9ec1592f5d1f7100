// Package privilege notes what the servers of users allow the transport (XEP-0356): to read
// and change rosters, to send messages of a user, and to read and change what a user has
// published. A server announces it after each login of the component.
package privilege

import (
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Permissions of Allowed.
const (
	Message   = "message"    // to send messages in the name of a user
	RosterGet = "roster.get" // to read a roster
	RosterSet = "roster.set" // to change a roster
	PubSubGet = "pubsub.get" // to read what a user has published
	PubSubSet = "pubsub.set" // to publish in the name of a user
)

// maxDomains is the number of domains whose permissions are kept. Any server may announce
// some, but only for its own users.
const maxDomains = 1000

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "privilege",
		Stanzas: []router.Route{
			{Kind: "message", Type: "normal", To: router.Transport, Space: stanza.Privilege, Open: true, Handle: announced},
			// The answer to a message that the server has not forwarded.
			{Kind: "message", Type: "error", To: router.Transport, Space: stanza.Privilege, Open: true, Handle: refused},
		},
	}
}

// grants are the permissions of all domains.
type grants struct {
	mu      sync.Mutex
	domains map[string]map[string]bool
}

var all router.Common[grants]

// permissions maps the values of an announcement to what they allow.
var permissions = map[string][]string{
	"message outgoing": {Message},
	"roster get":       {RosterGet},
	"roster set":       {RosterSet},
	"roster both":      {RosterGet, RosterSet},

	// IQs in a namespace, see perms.
	"iq " + stanza.PubSub + " get":  {PubSubGet},
	"iq " + stanza.PubSub + " set":  {PubSubSet},
	"iq " + stanza.PubSub + " both": {PubSubGet, PubSubSet},
}

// perms returns the keys of permissions in an announcement.
func perms(privilege *xmltree.Node) (all []string) {
	for _, perm := range stanza.Children(privilege) {
		if perm.Name != "perm" {
			continue
		}
		access := stanza.Attr(perm, "access")
		all = append(all, access+" "+stanza.Attr(perm, "type"))
		for _, space := range stanza.Children(perm) {
			if space.Name == "namespace" {
				all = append(all, access+" "+stanza.Attr(space, "ns")+" "+stanza.Attr(space, "type"))
			}
		}
	}
	return all
}

// announced handles the announcement of a server. It replaces the one before.
func announced(u *router.User, s *router.Stanza) {
	domain := s.From
	if strings.ContainsAny(domain, "@/") || u.Barred() != nil {
		return // not a server, or one without users
	}
	now := map[string]bool{}
	for _, perm := range perms(stanza.Child(s.Node, stanza.Privilege, "privilege")) {
		for _, allowed := range permissions[perm] {
			now[allowed] = true
		}
	}
	g := all.Of(u.Router())
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.domains == nil {
		g.domains = map[string]map[string]bool{}
	}
	if _, known := g.domains[domain]; known || len(g.domains) < maxDomains {
		g.domains[domain] = now
		u.Log().WithField("count", len(now)).Debug("the server has announced the privileges that serve may use")
	}
}

// Allowed reports whether the server of a user has granted a permission.
func Allowed(u *router.User, permission string) bool {
	g := all.Of(u.Router())
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.domains[domainOf(u)][permission]
}

// Revoke forgets a permission that the server of a user has refused, until the server
// announces it again.
func Revoke(u *router.User, permission string) {
	g := all.Of(u.Router())
	g.mu.Lock()
	defer g.mu.Unlock()
	if granted := g.domains[domainOf(u)]; granted[permission] {
		delete(granted, permission)
		u.Log().WithFields(logrus.Fields{"server": domainOf(u), "privilege": permission}).Warn("the server has granted a privilege, and refuses it now")
	}
}

func domainOf(u *router.User) string {
	_, domain, _ := jid.Split(u.JID)
	return domain
}

// Send sends a message in the name of the user, whose bare JID it comes from. The server
// handles it as if a client had sent it. Allowed must have allowed Message.
func Send(u *router.User, message *xmltree.Node) {
	u.Send(stanza.Message(u.Router().JID(), domainOf(u), "",
		stanza.Element(stanza.Privilege, "privilege", nil,
			stanza.Element(stanza.Forward, "forwarded", nil, stanza.ForClients(message)))))
}

// Query sends an IQ in the name of the user to their own account, and calls done on the user's
// goroutine: with the answer, which may be an error, or with nil if no answer arrives in
// time. Allowed must have allowed PubSubGet or PubSubSet, the permission for the type. If the
// server refuses it, Query revokes the permission.
func Query(u *router.User, permission string, payload *xmltree.Node, done func(u *router.User, answer *xmltree.Node)) {
	typ := permission[strings.IndexByte(permission, '.')+1:]
	inner := stanza.ForClients(stanza.IQ(u.JID, u.JID, typ, "p", payload))
	u.Query(typ, u.JID, stanza.Element(stanza.Privilege, "privileged_iq", nil, inner), func(u *router.User, answer *xmltree.Node) {
		forwarded := stanza.Child(stanza.Child(answer, stanza.Privilege, "privilege"), stanza.Forward, "forwarded")
		if iq := stanza.Child(forwarded, "", "iq"); iq != nil {
			done(u, iq)
			return
		}
		if e := stanza.ErrorOf(answer); e != nil && e.Condition == stanza.Forbidden {
			Revoke(u, permission)
		}
		done(u, answer)
	})
}

// refused handles the error for a message of Send.
func refused(u *router.User, s *router.Stanza) {
	e := stanza.ErrorOf(s.Node)
	if u.JID == domainOf(u) && e != nil && e.Condition == stanza.Forbidden {
		Revoke(u, Message)
	}
}

package settings

import "cmp"

// Identity is the section [identity]: the entry in service discovery.
type Identity struct {
	Name, Category, Type string
}

func readIdentity(r *reader) Identity {
	return Identity{
		Name:     cmp.Or(r.text("identity.name", ""), "Spectrum 2 Transport"),
		Category: cmp.Or(r.text("identity.category", ""), "gateway"),
		Type:     cmp.Or(r.text("identity.type", ""), "xmpp"), // XEP-0030 requires one
	}
}

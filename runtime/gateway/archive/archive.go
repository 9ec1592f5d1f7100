// Package archive keeps the messages of chats and rooms for each user, and gives them to
// the user's clients (XEP-0313).
//
// A room has an archive at its JID. The chats of a user are in the archive of the
// transport, and each of them in one at the JID of the contact. A user reads only what
// they have received or written.
package archive

import (
	"strings"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
)

// Feature returns the feature.
func Feature() router.Feature {
	f := router.Feature{
		Name:  "archive",
		Hooks: router.Hooks{Logout: flushed, Unregister: unregister},
	}
	for _, target := range []router.Target{router.Transport, router.Contact, router.Room, router.Occupant} {
		f.Stanzas = append(f.Stanzas,
			router.Route{Kind: "iq", Type: "set", To: target, Space: stanza.Archive, Handle: ask},
			router.Route{Kind: "iq", Type: "get", To: target, Space: stanza.Archive, Handle: describe})
		for _, name := range []string{stanza.Archive, stanza.Archive + "#extended", stanza.Retract + "#tombstone"} {
			f.Disco = append(f.Disco, router.Disco{Target: target, Var: name})
		}
	}
	return f
}

// setting is the user's setting that turns the archive off with "0".
const setting = "archive"

// limits returns whether messages of the user are kept, for how many days and how many.
func limits(u *router.User) (on bool, days, most int) {
	s := u.Router().Settings().Archive
	return s.Days > 0 && s.Messages > 0 && u.Settings[setting] != "0", s.Days, s.Messages
}

// addressOf returns the address of a chat or room in the database: the localpart of its
// JID and, for an occupant, the nickname.
func addressOf(jid string) string {
	local, rest, _ := strings.Cut(jid, "@")
	if _, resource, ok := strings.Cut(rest, "/"); ok {
		return router.Fold(local) + "/" + resource
	}
	return router.Fold(local)
}

// unregister waits for the messages of a user who unregisters, because the database removes
// those that it has. It returns what forgets the others.
func unregister(u *router.User) (removed func(*router.User), err error) {
	flushed(u)
	return func(u *router.User) { keepers.Of(u.Router()).drop(u.JID) }, nil
}

// spanOf returns the archive to which a stanza is addressed.
func spanOf(u *router.User, s *router.Stanza) users.Span {
	span := users.Span{JID: u.JID}
	switch s.Target {
	case router.Transport:
	case router.Occupant:
		span.Address = addressOf(s.To)
	default:
		bare, _, _ := strings.Cut(s.To, "/")
		span.Address = addressOf(bare)
	}
	return span
}

package rooms

import (
	"strconv"

	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// info adds what is known about a room to its service discovery (XEP-0045, section 6.4).
// The number of occupants and the subject are known to those who are in the room.
func info(u *router.User, s *router.Stanza, query *xmltree.Node) {
	r := find(u, s)
	anonymity := "muc_semianonymous"
	if r != nil && r.isOpen() {
		anonymity = "muc_nonanonymous"
	}
	for _, feature := range []string{anonymity, "muc_persistent", "muc_public", "muc_unmoderated"} {
		stanza.Add(query, disco.Var(feature))
	}
	if r == nil || !r.joined {
		return
	}
	f := form.Form{Type: "result", Kind: "http://jabber.org/protocol/muc#roominfo", Fields: []form.Field{
		{Var: "muc#roominfo_occupants", Values: []string{strconv.Itoa(len(r.occupants))}},
	}}
	if r.subject != nil {
		f.Fields = append(f.Fields, form.Field{Var: "muc#roominfo_subject", Values: []string{r.subject.GetMessage()}})
	}
	stanza.Add(query, f.Node())
}

// items lists the occupants of a room that the user is in.
func items(u *router.User, s *router.Stanza) []*xmltree.Node {
	r := find(u, s)
	if r == nil || !r.joined {
		return nil
	}
	var all []*xmltree.Node
	for _, nick := range r.nicks() {
		all = append(all, disco.Item(r.from(nick), "", r.shown(nick)))
	}
	return all
}

// Nodes of XEP-0045 that a room does not have. With them, clients ask for the nickname that
// belongs to the user, and for the elements that the room passes on.
const (
	reservedNick = "x-roomuser-item"
	traffic      = stanza.MUC + "#traffic"
)

// refuse answers a request for such a node with the error of the XEP.
func refuse(c stanza.Condition) func(*router.User, *router.Stanza) []*xmltree.Node {
	return func(_ *router.User, s *router.Stanza) []*xmltree.Node {
		s.Fail(c, "")
		return nil
	}
}

// amongOccupants refuses the discovery of an occupant for clients that are not in the room
// (XEP-0045, section 6.6).
func amongOccupants(handle func(*router.User, *router.Stanza)) func(*router.User, *router.Stanza) {
	return func(u *router.User, s *router.Stanza) {
		if !find(u, s).isIn(s.From) {
			s.Fail(stanza.BadRequest, "You have not joined this room.")
			return
		}
		handle(u, s)
	}
}

// Occupant is an occupant of a room as others see it.
type Occupant struct {
	JID, Nickname     string
	Role, Affiliation string
}

// Occupants returns the occupants of the room to which a client sends a stanza, in the
// order of their nicknames. It returns ok = false if the client is not in the room.
func Occupants(u *router.User, s *router.Stanza) (all []Occupant, ok bool) {
	r := find(u, s)
	if !r.isIn(s.From) {
		return nil, false
	}
	for _, nick := range r.nicks() {
		o := r.occupants[nick]
		all = append(all, Occupant{r.from(nick), r.shown(nick), o.role(), o.affiliation()})
	}
	return all, true
}

// Addressed returns the nickname on the network of the occupant to whom a stanza is addressed,
// or the error for a client that is not in the room or addresses nobody.
func Addressed(u *router.User, s *router.Stanza) (nick string, refusal *stanza.Error) {
	return find(u, s).addressed(s)
}

// addressed is Addressed for the room of the stanza. It may be nil.
func (r *room) addressed(s *router.Stanza) (nick string, refusal *stanza.Error) {
	if !r.isIn(s.From) {
		return "", outside()
	}
	nick = r.nickOf(s.Resource)
	if _, known := r.occupants[nick]; !known {
		return "", stanza.Errorf(stanza.ItemNotFound, "This occupant is not in the room.")
	}
	return nick, nil
}

// Password returns the password with which the user has joined the room to which a stanza
// is addressed, or "".
func Password(u *router.User, s *router.Stanza) string {
	if r := find(u, s); r != nil {
		return r.password
	}
	return ""
}

// In returns the clients of a user in the room with a JID.
func In(u *router.User, room string) []string {
	r := of(u).byKey[keyOf(room)]
	if r == nil {
		return nil
	}
	var clients []string
	for _, place := range r.seats {
		clients = append(clients, place.jid)
	}
	return clients
}

package rooms

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"strconv"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// occupantIDs makes the ids of occupants (XEP-0421). The id of an occupant is made of the room and
// of the nickname with which the gateway has seen the occupant first. It stays when the
// occupant changes the nickname, and it is the same when the occupant returns. Somebody
// else who takes the nickname while the occupant is there has another one.
type occupantIDs struct {
	nick, id string // the last one, because an occupant often speaks several times
	// taken has what the ids of present occupants are made of, if it is not their nickname.
	taken map[string]bool
}

// take returns what the id of a new occupant is made of, or "" for the nickname itself.
func (i *occupantIDs) take(nick string) string {
	if !i.taken[nick] {
		return ""
	}
	for n := 2; ; n++ {
		if origin := nick + "\x00" + strconv.Itoa(n); !i.taken[origin] {
			i.taken[origin] = true
			return origin
		}
	}
}

// keep keeps what the id of an occupant with another nickname is made of.
func (i *occupantIDs) keep(origin string) {
	if i.taken == nil {
		i.taken = map[string]bool{}
	}
	i.taken[origin] = true
}

// occupantID returns the element with the id of an occupant: a hash with the transport's
// password, so that nobody else can compute it, of which only a part is shown.
func (r *room) occupantID(u *router.User, nick string) *xmltree.Node {
	origin := cmp.Or(r.occupants[nick].more().origin, nick)
	if r.ids.id == "" || r.ids.nick != origin {
		made := append(make([]byte, 0, 256), "occupant-id\x00"...)
		for _, part := range []string{u.Router().Settings().Service.Password, r.jid, origin} {
			made = append(append(made, part...), 0)
		}
		sum := sha256.Sum256(made)
		r.ids.nick, r.ids.id = origin, base64.RawURLEncoding.EncodeToString(sum[:18])
	}
	return stanza.Element(stanza.OccupantID, "occupant-id", stanza.Attrs{"id", r.ids.id})
}

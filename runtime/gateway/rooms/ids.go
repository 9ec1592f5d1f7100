package rooms

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// ids makes the ids of occupants (XEP-0421). The id of an occupant is made of the room and
// of the nickname with which the gateway has seen the occupant first. It stays when the
// occupant changes the nickname, and it is the same when the occupant returns. Somebody
// else who takes the nickname while the occupant is there has another one.
type ids struct {
	nick, id string // the last one, because an occupant often speaks several times
}

// origin returns what the id of a new occupant is made of, or "" for the nickname itself.
func (*ids) origin(r *room, nick string) string {
	taken := map[string]bool{}
	for _, o := range r.occupants {
		if origin := o.more().origin; origin != "" {
			taken[origin] = true
		}
	}
	if !taken[nick] {
		return ""
	}
	for n := 2; ; n++ {
		if origin := nick + "\x00" + strconv.Itoa(n); !taken[origin] {
			return origin
		}
	}
}

// occupantID returns the element with the id of an occupant.
func (r *room) occupantID(u *router.User, nick string) *xmltree.Node {
	origin := cmp.Or(r.occupants[nick].more().origin, nick)
	if r.ids.id == "" || r.ids.nick != origin {
		mac := hmac.New(sha256.New, []byte(u.Router().Settings().Service.Password))
		mac.Write([]byte("occupant-id\x00" + r.jid + "\x00" + origin))
		r.ids.nick, r.ids.id = origin, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
	}
	return stanza.Element(stanza.OccupantID, "occupant-id", stanza.Attrs{"id", r.ids.id})
}

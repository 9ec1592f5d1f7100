package roomadmin

import (
	"slices"
	"time"

	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Anybody can send a refusal to a room, also somebody whose server may not use the transport. So
// a refusal reaches a user only if it answers an invitation, once.

// Limits of the invitations of a user that can be refused.
const (
	maxSent = 100 // a further invitation replaces the oldest one
	maxAge  = 7 * 24 * time.Hour
)

// sentInvitation is an invitation to an XMPP user that has not been refused.
type sentInvitation struct {
	parties
	client string // the full JID that has sent it
	at     time.Time
}

// parties are the bare JIDs of a room and of the invited user, folded.
type parties struct{ room, invited string }

func partiesOf(room, invited string) parties {
	return parties{router.Fold(jid.Bare(room)), router.Fold(jid.Bare(invited))}
}

var sent router.Slot[[]sentInvitation] // the oldest first

// remember notes an invitation until it is refused or the session ends.
func remember(u *router.User, s *router.Stanza, to string) {
	all, now := sent.Of(u), sentInvitation{partiesOf(s.To, to), s.From, u.Router().Clock.Now()}
	*all = slices.DeleteFunc(*all, func(i sentInvitation) bool { return i.parties == now.parties })
	if len(*all) == maxSent {
		*all = slices.Delete(*all, 0, 1)
	}
	*all = append(*all, now)
}

// take forgets an invitation, and returns the client that has sent it. It returns ok = false if
// the user has sent none, or if it is too old.
func take(u *router.User, p parties) (client string, ok bool) {
	all := sent.Peek(u)
	if all == nil {
		return "", false
	}
	i := slices.IndexFunc(*all, func(i sentInvitation) bool { return i.parties == p })
	if i < 0 {
		return "", false
	}
	found := (*all)[i]
	*all = slices.Delete(*all, i, i+1)
	return found.client, u.Router().Clock.Now().Sub(found.at) <= maxAge
}

// refused passes a refusal to the client that has sent the invitation, or to another one of the
// user that is in the room.
func refused(u *router.User, s *router.Stanza, decline *xmltree.Node) {
	to, room, by := stanza.Attr(decline, "to"), jid.Bare(s.To), jid.Bare(s.From)
	reason := stanza.ChildText(decline, stanza.MUCUser, "reason")
	if !jid.Valid(to) {
		s.Fail(stanza.JIDMalformed, "")
		return
	}
	_ = u.Router().For(router.Fold(jid.Bare(to)), func(u *router.User) { // an error means that the router is closed
		client, ok := take(u, partiesOf(room, by))
		clients := rooms.In(u, room)
		if !ok || len(clients) == 0 {
			u.Log().WithField("room", room).Debug("a refusal is dropped: it answers no invitation of a user in the room")
			return
		}
		if !slices.Contains(clients, client) {
			client = clients[0]
		}
		u.Send(stanza.Message(room, client, "", stanza.Element(stanza.MUCUser, "x", nil,
			stanza.Element(stanza.MUCUser, "decline", stanza.Attrs{"from", by}, stanza.Optional(stanza.MUCUser, "reason", reason)))))
	})
}

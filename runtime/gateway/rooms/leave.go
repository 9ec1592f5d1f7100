package rooms

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// leaveTime is how long a user with stay_connected stays in a room that their last client
// has left. A server sends the same presence if the client goes offline, and then the user
// stays in the room.
const leaveTime = 2 * time.Second

// outsideTime is how long a client that is only in rooms, and was refused by or removed from
// the last one, may take to join another. Its server may not report that it goes offline.
const outsideTime = time.Minute

// leave handles a client that leaves a room.
func leave(u *router.User, s *router.Stanza) {
	r := find(u, s)
	place := r.seatOf(s.From)
	if place == nil {
		vacate(u, s.From)
		return
	}
	if place.in {
		u.Send(r.absence(u, r.nick, place.jid, "", self))
	}
	r.remove(place)
	client := u.Clients.Find(place.jid)
	defer vacate(u, place.jid)
	switch {
	case len(r.seats) > 0:
	case !presence.Stays(u) || !r.joined && r.kept == nil || client == nil || client.InRooms:
		part(u, r)
	default:
		name := r.name
		u.After(leaveTime, func(u *router.User) {
			if r := named(u, name); r != nil && len(r.seats) == 0 && u.Clients.Find(place.jid) != nil {
				part(u, r)
			}
		})
	}
}

// vacate ends the session for a client that is only in rooms, if it is in no room any more.
func vacate(u *router.User, jid string) {
	if client := u.Clients.Find(jid); client != nil && client.InRooms && !seated(u, jid) {
		presence.Left(u, jid)
	}
}

// seated reports whether a client is in a room.
func seated(u *router.User, client string) bool {
	for _, r := range of(u).byKey {
		if r.seatOf(client) != nil {
			return true
		}
	}
	return false
}

// remove removes the seat of a client.
func (r *room) remove(place *seat) {
	r.seats = slices.DeleteFunc(r.seats, func(other *seat) bool { return other == place })
	place.decided()
}

// part tells the script that the user leaves a room, and forgets it.
func part(u *router.User, r *room) {
	discard(u, r)
	end(u, r)
}

// end is like part, but the next session may join the room again. The user stays in the room
// on the network while clients are there with another JID.
func end(u *router.User, r *room) {
	forget(u, r)
	if !u.HasJoined(r.name) {
		r.deliver(u, pb.WrapperMessage_TYPE_LEAVE_ROOM, r.nick)
	}
}

// gone removes a client that is offline from all rooms.
func gone(u *router.User, client *router.Client) {
	for _, r := range all(u) {
		place := r.seatOf(client.JID)
		if place == nil {
			continue
		}
		if place.in {
			u.Send(r.absence(u, r.nick, place.jid, "", self))
		}
		r.remove(place)
		if len(r.seats) == 0 && (!presence.Stays(u) || !r.joined && r.kept == nil) {
			part(u, r)
		}
	}
}

// bounced handles the error that answers a presence or a message of a room: the client is
// not there any more.
func bounced(u *router.User, s *router.Stanza) {
	if find(u, s).seatOf(s.From) != nil && presence.IsUnreachable(s) {
		leave(u, s)
	}
}

// logout leaves all rooms before the session ends. The next session of a user with
// stay_connected joins them again. Clients that are still in a room have
// not left it themselves.
func logout(u *router.User) {
	for _, r := range all(u) {
		for _, place := range r.seats {
			if place.in {
				u.Send(r.absence(u, r.nick, place.jid, "", self, shutDown))
			} else {
				r.refuse(u, place, stanza.Errorf(stanza.RecipientUnavailable, "The session has ended."))
			}
		}
		if presence.Stays(u) {
			end(u, r)
		} else {
			part(u, r)
		}
	}
	rooms.Drop(u)
}

// all returns the rooms of a user in the order of their names.
func all(u *router.User) []*room {
	return slices.SortedFunc(maps.Values(of(u).byKey), func(a, b *room) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.jid, b.jid))
	})
}

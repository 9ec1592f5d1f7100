package rooms

import (
	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// The rooms of users with stay_connected are in the database, so that the next session
// joins them again. A room is stored when a join is complete, and removed when the user
// leaves it or is removed from it. The end of a session removes no room.

// keep stores a room that the user is in. A failure is logged; the next change of the room
// tries again.
func keep(u *router.User, r *room) {
	local, _, _ := jid.Split(r.jid)
	now := users.Room{Address: local, Name: r.name, Nickname: r.nick, Password: r.password}
	if !r.joined || !presence.Stays(u) || r.kept != nil && *r.kept == now {
		return
	}
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().SaveRoom(ctx, u.JID, now); err != nil {
		u.Log().WithFields(logrus.Fields{"room": r.name, "error": err.Error()}).Warn("a restart will not join a room again")
		return
	}
	r.kept = &now
}

// discard removes a room from the database.
func discard(u *router.User, r *room) {
	if r.kept == nil {
		return
	}
	ctx, cancel := u.Context()
	defer cancel()
	if err := u.Store().DeleteRoom(ctx, u.JID, r.kept.Address); err != nil {
		u.Log().WithFields(logrus.Fields{"room": r.name, "error": err.Error()}).Warn("a restart will join a room again that the user has left")
	}
	r.kept = nil
}

// restore gives a new session the rooms of the last one. CONNECTED makes the script join
// them.
func restore(u *router.User) {
	if !presence.Stays(u) {
		return
	}
	ctx, cancel := u.Context()
	defer cancel()
	stored, err := u.Store().Rooms(ctx, u.JID)
	if err != nil {
		u.Log().WithField("error", err.Error()).Warn("the rooms of the last session are not joined again")
		return
	}
	for _, kept := range stored {
		address := kept.Address + "@" + u.Router().JID()
		if of(u).byKey[keyOf(address)] != nil {
			continue
		}
		r := &room{name: kept.Name, jid: address, nick: kept.Nickname, password: kept.Password, kept: &kept, occupants: map[string]occupant{}}
		for _, n := range archive.InRoom(u, address, maxHistory) {
			r.record(u, n)
		}
		enlist(u, r)
	}
}

// settingsChanged stores or removes the rooms if the user has changed stay_connected.
func settingsChanged(u *router.User) {
	stays := presence.Stays(u)
	for _, r := range all(u) {
		if stays {
			keep(u, r)
		} else {
			discard(u, r)
		}
	}
}

// isFinal reports whether a refused join would be refused again after a restart.
func isFinal(e *stanza.Error) bool { return e.Condition != stanza.Conflict }

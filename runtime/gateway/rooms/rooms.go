// Package rooms lets users join rooms of the network with multi-user chat (XEP-0045).
//
// A room here belongs to one user: each user has their own view of a room on the network,
// which the script describes with PARTICIPANT_CHANGED. The user is in the room once, under
// one nickname, with any number of clients.
//
//	client joins -> JOIN_ROOM -> participants, the one with the flag `me` last -> joined
//
// Clients see nothing of a room until the participant with the flag `me` has come, so that
// they get everything in the order of the XEP: the others, the user, messages, the subject.
package rooms

import (
	"cmp"
	"slices"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/messages"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/stanza"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "rooms",
		Stanzas: []router.Route{
			{Kind: "presence", Type: "", To: router.Occupant, Space: stanza.MUC, Handle: join},
			{Kind: "presence", Type: "", To: router.Occupant, Handle: change},
			{Kind: "presence", Type: "", To: router.Room, Space: stanza.MUC, Handle: noNickname},
			{Kind: "presence", Type: "", To: router.Room, Handle: noNickname},
			{Kind: "presence", Type: "unavailable", To: router.Occupant, Handle: leave},
			{Kind: "presence", Type: "unavailable", To: router.Room, Handle: leave},
			{Kind: "presence", Type: "error", To: router.Occupant, Handle: bounced},
			{Kind: "presence", Type: "error", To: router.Room, Handle: bounced},
			{Kind: "presence", Type: "probe", To: router.Occupant, Handle: probe},
			{Kind: "presence", Type: "probe", To: router.Room, Handle: presence.Deny},
			{Kind: "presence", Type: "subscribe", To: router.Occupant, Handle: presence.Deny},
			{Kind: "presence", Type: "subscribe", To: router.Room, Handle: presence.Deny},
			{Kind: "presence", Type: "unsubscribe", To: router.Occupant, Handle: presence.Deny},
			{Kind: "presence", Type: "unsubscribe", To: router.Room, Handle: presence.Deny},
			{Kind: "message", Type: "error", To: router.Occupant, Handle: bounced},
			{Kind: "message", Type: "error", To: router.Room, Handle: bounced},
			{Kind: "message", Type: "groupchat", To: router.Room, Handle: groupchat, Quick: messages.QuickFromUser},
			{Kind: "message", Type: "groupchat", To: router.Occupant, Handle: badRequest},
			{Kind: "message", Type: "chat", To: router.Room, Handle: badRequest},
			{Kind: "message", Type: "chat", To: router.Occupant, Handle: private},
			{Kind: "message", Type: "normal", To: router.Occupant, Handle: private},
			{Kind: "iq", Type: "get", To: router.Occupant, Space: stanza.Ping, Handle: AfterJoin(selfPing)},
			{Kind: "iq", Type: "get", To: router.Occupant, Space: stanza.DiscoInfo, Handle: AfterJoin(amongOccupants(disco.Info))},
			{Kind: "iq", Type: "get", To: router.Occupant, Space: stanza.DiscoItems, Handle: AfterJoin(amongOccupants(disco.Items))},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.Moderate, Handle: moderate},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.Fasten, Handle: moderate},
		},
		Payloads: slices.Concat([]router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, router.Any, participant),
			router.On(pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED, router.Any, nicknameChanged),
			router.On(pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED, router.Any, subjectChanged),
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Room, said).Quick(messages.Quick),
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Occupant, whispered).Quick(messages.Quick),
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, router.Occupant, acknowledged),
			router.On(pb.WrapperMessage_TYPE_ATTENTION, router.Occupant, alerted).Quick(messages.Quick),
			router.On(pb.WrapperMessage_TYPE_MODERATION, router.Any, moderated),
		}, messages.States(router.Occupant, stateOfOccupant), messages.Events(router.Room, eventInRoom), messages.Events(router.Occupant, eventOfOccupant)),
		Disco: []router.Disco{
			{Target: router.Transport, Var: stanza.MUC, Needs: "muc"},
			{Target: router.Room, Var: stanza.MUC},
			{Target: router.Room, Var: "http://jabber.org/protocol/muc#self-ping-optimization"},
			{Target: router.Room, Var: stanza.OccupantID},
			{Target: router.Room, Var: stanza.StanzaID},
			{Target: router.Room, Var: stanza.Moderate, Handler: pb.WrapperMessage_TYPE_MODERATION},
		},
		Info:  []router.Info{{Target: router.Room, Extend: info}},
		Nodes: []router.Node{{To: router.Room, Items: items}, {To: router.Room, Name: reservedNick, Info: refuse(stanza.FeatureNotImplemented)}, {To: router.Room, Name: traffic, Info: refuse(stanza.ServiceUnavailable)}},
		Hooks: router.Hooks{LoggedIn: restore, Connected: rejoin, Gone: gone, Settings: settingsChanged, Logout: logout},
	}
}

// room is a room of a user.
type room struct {
	name string // on the network, as JOIN_ROOM has it
	jid  string // bare, as the clients have it
	// nick is the user's nickname: the requested one until the join is complete.
	nick     string
	password string
	// joined reports whether the join is complete.
	joined bool
	// again is what the script has announced since it joins the room once more, or nil.
	again *relist
	// kept is what the database has of the room, or nil.
	kept      *users.Room
	seats     []*seat
	occupants map[string]occupant // by their nicknames on the network
	subject   *pb.ConversationMessage
	waiting   clock.Timer // for the subject; nil unless it is awaited
	history   history
	shownIDs  recent // of messages
	own       rules.Own[mine]
	unnamed   []unnamed // the last ones, the oldest first
	ids       occupantIDs
	early     []func() // send the private messages that have arrived during the join
}

// seat is a client in a room, or one that is joining it.
type seat struct {
	jid    string // full
	id     string // of the presence that asks to join
	nick   string // requested
	replay replay
	in     bool // the client has seen its own presence
	// waiting has the requests that wait for the end of the join.
	waiting []func()
}

// list has the rooms of a user.
type list struct {
	byKey  map[string]*room // see keyOf
	byName map[string]*room // by their names on the network, and by the keys of these
}

var rooms router.Slot[list]

// of returns the rooms of a user, to be read.
func of(u *router.User) list {
	if all := rooms.Peek(u); all != nil {
		return *all
	}
	return list{}
}

// find returns the room to which a stanza is addressed, or nil.
func find(u *router.User, s *router.Stanza) *room { return of(u).byKey[keyOf(s.To)] }

// keyOf returns the key of a room for its JID: the folded localpart.
func keyOf(room string) string {
	local, _, _ := jid.Split(room)
	return router.Fold(local)
}

// named returns the room with a name on the network in any spelling, or nil. It looks at no
// other rooms, because users can be in many.
func named(u *router.User, name string) *room {
	all := of(u)
	if r := all.byName[name]; r != nil {
		return r
	}
	key := router.RoomKey(name)
	return cmp.Or(all.byName[key], all.byKey[key])
}

// enlist adds a room to those of the user.
func enlist(u *router.User, r *room) {
	all := rooms.Of(u)
	if all.byKey == nil {
		*all = list{byKey: map[string]*room{}, byName: map[string]*room{}}
	}
	all.byKey[keyOf(r.jid)] = r
	all.name(r)
	u.JoinRoom(keyOf(r.jid), r.name)
}

// name makes a room the one with its name. Two JIDs may have the same name.
func (l list) name(r *room) { l.byName[r.name], l.byName[router.RoomKey(r.name)] = r, r }

// forget removes a room of the user.
func forget(u *router.User, r *room) {
	if r.waiting != nil {
		r.waiting.Stop()
	}
	for _, place := range r.seats {
		u.After(outsideTime, func(u *router.User) { vacate(u, place.jid) })
	}
	u.LeaveRoom(keyOf(r.jid))
	all := of(u)
	delete(all.byKey, keyOf(r.jid))
	for _, name := range []string{r.name, router.RoomKey(r.name)} {
		if all.byName[name] == r {
			delete(all.byName, name)
		}
	}
	if u.HasJoined(r.name) { // with another JID
		for _, other := range all.byKey {
			if router.RoomKey(other.name) == router.RoomKey(r.name) {
				all.name(other)
			}
		}
	}
	if len(all.byKey) == 0 {
		rooms.Drop(u)
	}
	for _, place := range r.seats {
		place.decided()
	}
	r.release()
}

// seatOf returns the seat of a client, or nil.
func (r *room) seatOf(jid string) *seat {
	if r == nil {
		return nil
	}
	for _, s := range r.seats {
		if s.jid == jid {
			return s
		}
	}
	return nil
}

// deliver tells the script that the user joins or leaves the room.
func (r *room) deliver(u *router.User, typ pb.WrapperMessage_Type, nick string) {
	m := &pb.Room{UserName: &u.JID, Room: &r.name, Nickname: &nick}
	if r.password != "" && typ == pb.WrapperMessage_TYPE_JOIN_ROOM {
		m.Password = &r.password
	}
	u.Deliver(typ, m)
}

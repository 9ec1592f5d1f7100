// Package roomlist shows the rooms of the network in the service discovery of the transport
// (XEP-0045, section 6.3).
package roomlist

import (
	"sync/atomic"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name:     "roomlist",
		Payloads: []router.PayloadRoute{router.On(pb.WrapperMessage_TYPE_ROOM_LIST, router.Any, replace)},
		Info:     []router.Info{{Target: router.Room, Extend: name}},
		Nodes:    []router.Node{{To: router.Transport, Items: list}},
		Room:     func(u *router.User, local string) string { return find(u, local).name },
		Hooks:    router.Hooks{Logout: own.Drop},
	}
}

// entry is a room of the network.
type entry struct{ name, shown string }

// roomList has rooms in the order of the script. It is never changed, only replaced.
type roomList struct {
	rooms   []entry
	byLocal map[string]entry // by the folded localparts of their JIDs
}

var (
	common router.Common[atomic.Pointer[roomList]] // the rooms for all users
	own    router.Slot[roomList]
)

// replace handles ROOM_LIST: the rooms for all users, or for one. Each list replaces the
// last one. With a size limit in the config, the rest of the list is dropped.
func replace(u *router.User, m *pb.RoomList) {
	names := m.GetRoom()
	if most := u.Router().Settings().Service.MaxRoomList; most > 0 && len(names) > most {
		names = names[:most]
	}
	l := roomList{rooms: make([]entry, len(names)), byLocal: make(map[string]entry, len(names))}
	for i, name := range names {
		r := entry{name: name, shown: name}
		if i < len(m.GetName()) && m.GetName()[i] != "" {
			r.shown = m.GetName()[i]
		}
		l.rooms[i] = r
		if local := router.Fold(router.RoomLocal(name)); l.byLocal[local].name == "" { // the first one of a JID is shown
			l.byLocal[local] = r
		}
	}
	if u.JID == "" {
		common.Of(u.Router()).Store(&l)
		return
	}
	*own.Of(u) = l
}

// visible returns the lists that a user sees: the one for all users, then the user's own. Each
// may be nil.
func visible(u *router.User) [2]*roomList {
	return [2]*roomList{common.Of(u.Router()).Load(), own.Peek(u)}
}

// find returns the room with a folded localpart. Its name is "" if no list has the room.
func find(u *router.User, local string) entry {
	for _, l := range visible(u) {
		if l != nil {
			if r, ok := l.byLocal[local]; ok {
				return r
			}
		}
	}
	return entry{}
}

// list returns the items of the transport. Each JID appears once.
func list(u *router.User, _ *router.Stanza) []*xmltree.Node {
	var items []*xmltree.Node
	seen := map[string]bool{}
	for _, l := range visible(u) {
		if l == nil {
			continue
		}
		for _, r := range l.rooms {
			address := u.RoomJID(r.name)
			if folded := router.Fold(address); !seen[folded] {
				seen[folded] = true
				items = append(items, disco.Item(address, "", r.shown))
			}
		}
	}
	return items
}

// name gives a room the name that it has in the list.
func name(u *router.User, s *router.Stanza, query *xmltree.Node) {
	local, _, _ := jid.Split(s.To)
	r, identity := find(u, router.Fold(local)), stanza.Child(query, stanza.DiscoInfo, "identity")
	if r.name != "" && identity != nil {
		stanza.SetAttr(identity, "name", r.shown)
	}
}

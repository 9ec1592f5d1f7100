// Package roomlist shows the rooms of the network in the service discovery of the transport
// (XEP-0045, section 6.3).
package roomlist

import (
	"sync"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/gateway/router"
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
		Hooks:    router.Hooks{Logout: own.Drop},
	}
}

// entry is a room of the network.
type entry struct{ name, shown string }

// shared has the rooms for all users.
type shared struct {
	mu    sync.Mutex
	rooms []entry
}

func (s *shared) get() []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms // never changed, only replaced
}

func (s *shared) set(rooms []entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms = rooms
}

var (
	common router.Common[shared]
	own    router.Slot[[]entry]
)

// replace handles ROOM_LIST: the rooms for all users, or for one. Each list replaces the
// last one. With a size limit in the config, the rest of the list is dropped.
func replace(u *router.User, m *pb.RoomList) {
	names := m.GetRoom()
	if most := u.Router().Settings().Service.MaxRoomList; most > 0 && len(names) > most {
		names = names[:most]
	}
	rooms := make([]entry, len(names))
	for i, name := range names {
		rooms[i] = entry{name: name, shown: name}
		if i < len(m.GetName()) && m.GetName()[i] != "" {
			rooms[i].shown = m.GetName()[i]
		}
	}
	if u.JID == "" {
		common.Of(u.Router()).set(rooms)
		return
	}
	*own.Of(u) = rooms
}

// visible returns the rooms that a user sees: those for all users, then the user's own.
func visible(u *router.User) []entry {
	rooms := common.Of(u.Router()).get()
	if mine := own.Peek(u); mine != nil {
		return append(rooms[:len(rooms):len(rooms)], *mine...)
	}
	return rooms
}

// list returns the items of the transport. Each JID appears once.
func list(u *router.User, _ *router.Stanza) []*xmltree.Node {
	rooms := visible(u)
	items := make([]*xmltree.Node, 0, len(rooms))
	seen := make(map[string]bool, len(rooms))
	for _, r := range rooms {
		jid := u.RoomJID(r.name)
		if folded := router.Fold(jid); !seen[folded] {
			seen[folded] = true
			items = append(items, disco.Item(jid, "", r.shown))
		}
	}
	return items
}

// name gives a room the name that it has in the list.
func name(u *router.User, s *router.Stanza, query *xmltree.Node) {
	identity := stanza.Child(query, stanza.DiscoInfo, "identity")
	for _, r := range visible(u) {
		if r.name == s.Name && identity != nil {
			stanza.SetAttr(identity, "name", r.shown)
			return
		}
	}
}

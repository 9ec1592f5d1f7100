package bookmarks

import (
	"slices"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const (
	// maxWaiting is the number of changes of one user's bookmarks that wait for the server.
	maxWaiting = 4
	// maxRooms is the number of rooms of one user whose changes wait to be sent.
	maxRooms = 2000
)

// ofScript handles BOOKMARK of the script.
func ofScript(u *router.User, m *pb.Bookmark) {
	roster.KnowRoom(u, m.GetRoom())
	if !privilege.Allowed(u, privilege.PubSubSet) || !privilege.Allowed(u, privilege.PubSubGet) {
		u.Log().WithField("namespace", stanza.PubSub).Debug("a bookmark is dropped: the XMPP server does not grant the privilege to read and set bookmarks")
		return
	}
	l := lists.Of(u)
	if !l.add(u, m) {
		u.Log().WithField("limit", maxRooms).Warn("a bookmark is dropped: too many others wait for the server")
		return
	}
	if l.present == nil {
		l.read(u)
		return
	}
	l.next(u)
}

// change is a bookmark of the script that waits to be sent.
type change struct {
	key      string // of the room
	bookmark *pb.Bookmark
}

// add adds a change of the script. Two for the same room are one. It returns false if too
// many wait.
func (l *list) add(u *router.User, m *pb.Bookmark) bool {
	key := keyOf(u.RoomJID(m.GetRoom()))
	i := slices.IndexFunc(l.changes, func(c change) bool { return c.key == key })
	switch {
	case i >= 0 && m.GetRemoved() == l.changes[i].bookmark.GetRemoved():
		proto.Merge(l.changes[i].bookmark, m)
	case i >= 0:
		l.changes[i].bookmark = m
	case len(l.changes) >= maxRooms:
		return false
	default:
		l.changes = append(l.changes, change{key, m})
	}
	return true
}

// next sends changes while few wait for an answer.
func (l *list) next(u *router.User) {
	for l.waiting < maxWaiting && len(l.changes) > 0 && l.present != nil {
		c := l.changes[0]
		l.changes = l.changes[1:]
		l.change(u, c.key, c.bookmark)
	}
}

// change sends a change to the server if it is one.
func (l *list) change(u *router.User, key string, m *pb.Bookmark) {
	old, exists := l.present[key]
	if m.GetRemoved() {
		delete(l.sent, key)
		if exists {
			delete(l.present, key)
			delete(l.told, key)
			l.send(u, retract(old.id), nil)
		}
		return
	}
	conference := merge(old.conference, l.sent[key], m)
	if l.sent == nil {
		l.sent = map[string]*pb.Bookmark{}
	}
	l.sent[key] = m
	if conference == nil {
		return
	}
	if !exists {
		old.id = key + "@" + u.Router().JID()
	}
	l.present[key] = stored{old.id, conference}
	if l.told == nil {
		l.told = map[string]*pb.Bookmark{}
	}
	l.told[key] = bookmarkOf(conference)
	l.told[key].Room = m.Room
	// A node that the user has configured in another way refuses the options.
	l.send(u, publish(old.id, conference, true), publish(old.id, conference, false))
}

// send sends a change, or if the server refuses it, the other one unless it is nil.
func (l *list) send(u *router.User, payload, other *xmltree.Node) {
	l.waiting++
	privilege.Query(u, privilege.PubSubSet, payload, func(u *router.User, answer *xmltree.Node) {
		if lists.Peek(u) != l {
			return // another session
		}
		l.waiting--
		e := stanza.ErrorOf(answer)
		granted := privilege.Allowed(u, privilege.PubSubSet)
		if e != nil && other != nil && granted {
			l.send(u, other, nil)
			return
		}
		switch {
		case !granted:
			l.changes = nil
		case e != nil:
			level := logrus.WarnLevel
			if l.refused { // the reason is often the same
				level = logrus.DebugLevel
			}
			l.refused = true
			u.Log().WithField("error", e.Error()).Log(level, "a bookmark of the script is not in the user's bookmarks")
		case answer == nil:
			u.Log().Warn("the server does not answer to a change of the user's bookmarks")
		}
		if e != nil || answer == nil {
			l.present, l.stale = nil, l.stale || len(l.changes) > 0 // what the server has is unknown
		}
		if l.stale && l.waiting == 0 {
			l.stale = false
			l.read(u)
		}
		l.next(u)
	})
}

// merge returns a bookmark that says what a message of the script does, or nil if the old one
// does. old is nil for a new bookmark. What the old one says, the user may have changed: it
// stays unless the value differs from the last one of the script, which is nil for the first.
func merge(old *xmltree.Node, last, m *pb.Bookmark) *xmltree.Node {
	was := &pb.Bookmark{}
	if old != nil {
		was = bookmarkOf(old)
	}
	text := func(field func(*pb.Bookmark) string) string {
		now, before := field(m), field(was)
		if now == "" || before != "" && (last == nil || field(last) == "" || field(last) == now) {
			return before
		}
		return now
	}
	is := &pb.Bookmark{
		Name: proto.String(text((*pb.Bookmark).GetName)), Nickname: proto.String(text((*pb.Bookmark).GetNickname)),
		Password: proto.String(text((*pb.Bookmark).GetPassword)), Autojoin: proto.Bool(was.GetAutojoin()),
	}
	if m.Autojoin != nil && (old == nil || last != nil && last.Autojoin != nil && last.GetAutojoin() != m.GetAutojoin()) {
		is.Autojoin = m.Autojoin
	}
	if old != nil && is.GetName() == was.GetName() && is.GetNickname() == was.GetNickname() &&
		is.GetPassword() == was.GetPassword() && is.GetAutojoin() == was.GetAutojoin() {
		return nil
	}
	return conferenceOf(old, is)
}

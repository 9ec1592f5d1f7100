// Package bookmarks passes the bookmarks of users for rooms of the transport (XEP-0402) to the
// script, and those of the script to the users. The server of the user stores them. The
// transport reads and changes them in the name of the user, which needs a privilege (XEP-0356).
//
// Servers do not tell the transport about changes. So the bookmarks are read after each
// CONNECTED, and when a client comes online.
package bookmarks

import (
	"maps"
	"slices"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name:     "bookmarks",
		Payloads: []router.PayloadRoute{router.On(pb.WrapperMessage_TYPE_BOOKMARK, router.Any, ofScript)},
		Hooks: router.Hooks{
			Connected: report,
			Available: func(u *router.User, _ *router.Client) { report(u) },
			Logout:    lists.Drop,
		},
	}
}

// list has the bookmarks of a user for rooms of the transport, by the keys of the rooms. The
// zero value is ready for use.
type list struct {
	present map[string]stored       // what the server has; nil until it is read
	told    map[string]*pb.Bookmark // what the script knows
	sent    map[string]*pb.Bookmark // the last ones of the script
	reading bool
	stale   bool     // the server's answer may be older than a change
	changes []change // each for another room
	waiting int      // changes without an answer
	refused bool     // the server has refused one
}

// stored is a bookmark on the server.
type stored struct {
	id         string // the JID of the room
	conference *xmltree.Node
}

var lists router.Slot[list]

// keyOf returns the key of a room for its JID.
func keyOf(room string) string {
	local, _, _ := jid.Split(room)
	return router.Fold(local)
}

// report reads the bookmarks for a script that wants them.
func report(u *router.User) {
	if u.Router().Handles(pb.WrapperMessage_TYPE_BOOKMARK) && privilege.Allowed(u, privilege.PubSubGet) {
		lists.Of(u).read(u)
	}
}

// read reads the bookmarks from the server, tells the script what is new, and sends the
// changes that waited.
func (l *list) read(u *router.User) {
	if l.reading {
		return
	}
	l.reading = true
	payload := stanza.Element(stanza.PubSub, "pubsub", nil, stanza.Element(stanza.PubSub, "items", stanza.Attrs{"node", stanza.Bookmarks}))
	privilege.Query(u, privilege.PubSubGet, payload, func(u *router.User, answer *xmltree.Node) {
		if lists.Peek(u) != l {
			return // another session
		}
		l.reading = false
		switch e := stanza.ErrorOf(answer); {
		case answer == nil:
			l.failed(u, "the server does not answer")
		case e != nil && !isMissing(e):
			l.failed(u, e.Error())
		case l.waiting > 0:
			l.stale = true
		default:
			l.present = bookmarksIn(u, answer)
			l.tell(u)
			l.next(u)
		}
	})
}

// isMissing reports whether the error means that the user has no bookmarks yet. Prosody 13
// replaces each error by internal-server-error.
func isMissing(e *stanza.Error) bool {
	return e.Condition == stanza.ItemNotFound || e.Condition == stanza.InternalServerError
}

// failed drops the changes that wait for a list that cannot be read.
func (l *list) failed(u *router.User, why string) {
	if len(l.changes) > 0 {
		u.Log().WithFields(logrus.Fields{"count": len(l.changes), "error": why}).Warn("bookmarks of the script are dropped: reading those of the user failed")
		l.changes = nil
	}
	u.Log().WithField("error", why).Debug("the user's bookmarks cannot be read")
}

// bookmarksIn returns the bookmarks for rooms of the transport in the answer of a server.
func bookmarksIn(u *router.User, answer *xmltree.Node) map[string]stored {
	all := map[string]stored{}
	items := stanza.Child(stanza.Child(answer, stanza.PubSub, "pubsub"), stanza.PubSub, "items")
	for _, item := range stanza.Children(items) {
		id := stanza.Attr(item, "id")
		local, domain, _ := jid.Split(id)
		conference := stanza.Child(item, stanza.Bookmarks, "conference")
		if domain == u.Router().JID() && local != "" && conference != nil {
			all[router.Fold(local)] = stored{id, conference}
		}
	}
	return all
}

// tell tells the script what it does not know.
func (l *list) tell(u *router.User) {
	if !u.Router().Handles(pb.WrapperMessage_TYPE_BOOKMARK) {
		return
	}
	now := map[string]*pb.Bookmark{}
	for _, key := range slices.Sorted(maps.Keys(l.present)) {
		name := u.NameOf(key + "@" + u.Router().JID())
		roster.KnowRoom(u, name)
		m := bookmarkOf(l.present[key].conference)
		m.UserName, m.Room = &u.JID, &name
		now[key] = m
		if !l.knows(key, m) {
			u.Deliver(pb.WrapperMessage_TYPE_BOOKMARK, m)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.told)) {
		if known := l.told[key]; now[key] == nil {
			u.Deliver(pb.WrapperMessage_TYPE_BOOKMARK, &pb.Bookmark{UserName: &u.JID, Room: known.Room, Removed: proto.Bool(true)})
		}
	}
	l.told = now
}

// knows reports whether the script knows what a bookmark says.
func (l *list) knows(key string, m *pb.Bookmark) bool {
	known := l.told[key]
	return known != nil && known.GetName() == m.GetName() && known.GetNickname() == m.GetNickname() &&
		known.GetAutojoin() == m.GetAutojoin() && known.GetPassword() == m.GetPassword()
}

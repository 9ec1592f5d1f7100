package archive

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxStanza is the longest message that is kept, in bytes of XML.
const maxStanza = 64 << 10

// lasting are the namespaces of elements that make a message without a body worth keeping.
var lasting = []string{
	stanza.Reactions, stanza.Retract, stanza.Moderate, stanza.FileSharing, stanza.Fasten, stanza.OutOfBand,
}

// Keep stores a message of a chat: from is the user's or the contact's JID. jid is the JID
// of the contact or, for a private message, of the occupant. It returns at once; the
// database gets the message later. A retraction also removes the withdrawn message.
func Keep(u *router.User, jid string, n *xmltree.Node) {
	Withdraw(u, jid, WithdrawalOf(u, "", n))
	if on, _, _ := limits(u); !on || !lasts(n) {
		return
	}
	keep(u, users.Archived{JID: u.JID, Address: addressOf(jid), ID: idOf(u, n)}, n)
}

// KeepInRoom stores a message that all occupants of a room see. It adds the id of the
// message in the room's archive to it (XEP-0359), unless the message has one.
func KeepInRoom(u *router.User, room string, n *xmltree.Node) {
	on, _, _ := limits(u)
	if !on || !lasts(n) && stanza.Child(n, "", "subject") == nil {
		return
	}
	id := IDInRoom(room, n)
	if roomID(n, room) == "" {
		stanza.Add(n, stanza.Element(stanza.StanzaID, "stanza-id", stanza.Attrs{"by", room, "id", id}))
	}
	keep(u, users.Archived{JID: u.JID, Address: addressOf(room), Room: true, ID: id}, n)
}

// IDInRoom returns the id of a message in the room's archive, also if it is not kept. That of
// an old message is the same each time.
func IDInRoom(room string, n *xmltree.Node) string {
	if id := roomID(n, room); id != "" {
		return id
	}
	return cmp.Or(oldID(n), rand.Text()) // clients may use the id attribute twice
}

// lasts reports whether a message is worth keeping. Its sender may forbid it (XEP-0334).
func lasts(n *xmltree.Node) bool {
	found := false
	for _, child := range stanza.Children(n) {
		switch {
		case child.Space == stanza.Hints && (child.Name == "no-store" || child.Name == "no-permanent-store"):
			return false
		case child.Space == "" && child.Name == "body", slices.Contains(lasting, child.Space):
			found = true
		}
	}
	return found && stanza.Attr(n, "type") != "headline" && stanza.Attr(n, "type") != "error"
}

// idOf returns an id for a message of a chat.
func idOf(u *router.User, n *xmltree.Node) string {
	from, id := stanza.Attr(n, "from"), stanza.Attr(n, "id")
	switch own := strings.HasPrefix(from, u.JID+"/") || from == u.JID; {
	case own:
		return rand.Text()
	case id != "" && len(id) <= 200:
		return id
	}
	return cmp.Or(oldID(n), rand.Text())
}

// oldID returns an id for an old message, made of its content, because networks send old
// messages again, after each join of a room for example. It returns "" for a new message.
func oldID(n *xmltree.Node) string {
	stamp := stanza.Attr(stanza.Child(n, stanza.Delay, "delay"), "stamp")
	if stamp == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(stanza.Attr(n, "from") + "\x00" + stamp + "\x00" + stanza.ChildText(n, "", "body")))
	return base64.RawURLEncoding.EncodeToString(sum[:15])
}

func keep(u *router.User, m users.Archived, n *xmltree.Node) {
	m.Time = u.Router().Clock.Now()
	stored := &xmltree.Node{Name: n.Name}
	for _, a := range n.Attr {
		if a.Name != "to" || !m.Room {
			stored.Attr = append(stored.Attr, a)
		}
	}
	for _, c := range n.Children {
		if c.Element != nil && c.Element.Space == stanza.Delay {
			if at, err := time.Parse(time.RFC3339, stanza.Attr(c.Element, "stamp")); err == nil {
				m.Time = placeable(at, m.Time)
			}
			continue
		}
		stored.Children = append(stored.Children, c)
	}
	text, err := stored.Text(maxStanza)
	if err != nil {
		u.Log().WithField("error", err.Error()).Debug("a message is not archived")
		return
	}
	m.Stanza = text
	keepers.Of(u.Router()).add(u.Router(), m)
}

// placeable limits the time that a network gives a message. Clients continue after the last
// message that they have, so one of the future would hide all later ones from them. A time of 0
// stands for no limit in users.Span.
func placeable(at, now time.Time) time.Time {
	switch first := time.Unix(1, 0); {
	case at.After(now):
		return now
	case at.Before(first):
		return first
	}
	return at
}

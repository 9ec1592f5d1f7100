package archive

import (
	"slices"
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/stanzaid"
	"spectrumlua/runtime/xmltree"
)

// maxReason is the longest reason of a moderation that is kept, in bytes.
const maxReason = 1024

// Withdrawal says which messages of a chat or room a retraction (XEP-0424) or moderation
// (XEP-0425) removes: the message and all its corrections.
type Withdrawal struct {
	room      string   // the JID of the room; "" in a chat
	user      string   // the bare JID of the user
	refs      []string // the ids of the message
	by        string   // the sender
	occupant  string   // the id of the sender in the room (XEP-0421), or ""
	moderated bool     // the room itself removes the message, also one of somebody else
	retracted *xmltree.Node
}

// WithdrawalOf reads a retraction. room is the JID of the room, or "" for a chat. n is the
// stanza as the user's clients get it, with the sender. refs are ids of the withdrawn
// message. It returns nil if the stanza withdraws nothing.
func WithdrawalOf(u *router.User, room string, n *xmltree.Node, refs ...string) *Withdrawal {
	retract := stanza.Child(n, stanza.Retract, "retract")
	if id := stanza.Attr(retract, "id"); id != "" {
		refs = append(refs, id)
	}
	if len(refs) == 0 {
		return nil
	}
	moderated := stanza.Child(retract, stanza.Moderate, "moderated")
	w := &Withdrawal{room: room, user: u.JID, refs: refs, by: stanza.Attr(n, "from"), occupant: occupantOf(n)}
	w.moderated = room != "" && moderated != nil && w.by == room
	w.retracted = stanza.Element(stanza.Retract, "retracted",
		stanza.Attrs{"stamp", u.Router().Clock.Now().UTC().Format(time.RFC3339), "id", stanza.Attr(n, "id")})
	if w.moderated {
		stanza.Add(w.retracted, moderated)
		if reason := stanza.Child(retract, stanza.Retract, "reason"); len(stanza.Body(reason)) <= maxReason {
			stanza.Add(w.retracted, reason)
		}
	}
	return w
}

// Removes reports whether the withdrawal removes a message of its chat or room, and
// whether that is the message itself and no correction of it. Only the author of a message
// and the room can withdraw it.
func (w *Withdrawal) Removes(n *xmltree.Node) (removes, original bool) {
	if stanza.Child(n, stanza.Retract, "retract") != nil || stanza.Child(n, stanza.Retract, "retracted") != nil || !w.moderated && !w.sameAuthor(n) {
		return false, false
	}
	given := stanza.Attr(n, "id")
	if w.room != "" {
		given = roomID(n, w.room)
	}
	replaces := stanza.Attr(stanza.Child(n, stanza.Correction, "replace"), "id")
	original = given != "" && slices.Contains(w.refs, given)
	return original || given != "" && slices.Contains(w.refs, stanzaid.Edited(given)) || replaces != "" && slices.Contains(w.refs, replaces),
		original && replaces == ""
}

// sameAuthor compares the author of a message to the one of the withdrawal. Occupants may
// have another nickname by now, but their ids stay (XEP-0421).
func (w *Withdrawal) sameAuthor(n *xmltree.Node) bool {
	from, occupant := stanza.Attr(n, "from"), occupantOf(n)
	switch {
	case w.room == "":
		return (jid.Bare(from) == w.user) == (jid.Bare(w.by) == w.user)
	case occupant != "" && w.occupant != "":
		return occupant == w.occupant
	}
	return from == w.by
}

func occupantOf(n *xmltree.Node) string {
	return stanza.Attr(stanza.Child(n, stanza.OccupantID, "occupant-id"), "id")
}

// tombstone returns what the archive has in the place of a message.
func (w *Withdrawal) tombstone(n *xmltree.Node) (string, error) {
	t := &xmltree.Node{Space: n.Space, Name: n.Name, Attr: n.Attr}
	for _, child := range stanza.Children(n) {
		switch child.Space {
		case stanza.StanzaID, stanza.OccupantID, stanza.MUCUser:
			stanza.Add(t, child)
		}
	}
	return stanza.Add(t, w.retracted).Text(maxStanza)
}

// roomID returns the id that a room has given to a message (XEP-0359), or "".
func roomID(n *xmltree.Node, room string) string {
	for _, child := range stanza.Children(n) {
		if child.Space == stanza.StanzaID && child.Name == "stanza-id" && stanza.Attr(child, "by") == room {
			return stanza.Attr(child, "id")
		}
	}
	return ""
}

// Withdraw replaces messages of a chat or room in the archive by tombstones. jid is the
// JID of the contact, the room or the occupant. It returns at once.
func Withdraw(u *router.User, jid string, w *Withdrawal) {
	if s := u.Router().Settings().Archive; w == nil || s.Days <= 0 || s.Messages <= 0 {
		return
	}
	keepers.Of(u.Router()).withdraw(u.Router(), place{u.JID, addressOf(jid)}, w)
}

// place is a chat or room of a user.
type place struct{ jid, address string }

// withdrawn is a Withdrawal that waits for the database.
type withdrawn struct {
	place
	*Withdrawal
}

// rewrites returns the changes of the archive that withdrawals make, one for each chat or
// room.
func rewrites(waiting []withdrawn) []users.Rewrite {
	var places []place
	byPlace := map[place][]*Withdrawal{}
	for _, w := range waiting {
		if byPlace[w.place] == nil {
			places = append(places, w.place)
		}
		byPlace[w.place] = append(byPlace[w.place], w.Withdrawal)
	}
	all := make([]users.Rewrite, 0, len(places))
	for _, p := range places {
		all = append(all, users.Rewrite{JID: p.jid, Address: p.address, Begin: func() func(string) (string, bool) { return changer(byPlace[p]) }})
	}
	return all
}

// changer returns a function for users.Rewrite. It gets the messages of a chat or room,
// the last one first.
func changer(all []*Withdrawal) func(text string) (changed string, done bool) {
	missing := len(all)
	found := make([]bool, len(all))
	return func(text string) (changed string, done bool) {
		n, err := xmltree.Parse(text, xmltree.DefaultLimits)
		if err != nil {
			return "", false
		}
		for i, w := range all {
			removes, original := w.Removes(n)
			if !removes {
				continue
			}
			if original && !found[i] {
				found[i] = true
				missing--
			}
			if changed == "" {
				changed, _ = w.tombstone(n) // no error: the parts are short, and have been text before
			}
		}
		return changed, missing == 0
	}
}

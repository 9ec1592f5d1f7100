// Package ids translates between the ids of messages on the network, which scripts use, and
// the ids of stanzas, which clients use.
//
// The stanza id of a message from the network is made of its network id, so it needs no
// memory. A message of the user has the id that the client gave it. After the script has
// reported the network id with TYPE_SENT, the two are a pair. The last pairs are in memory.
// A background goroutine writes them to the database, so that they outlive the process.
//
// A conversation is the name of a contact, of a room, or room/nickname. The case of its
// letters does not matter.
package ids

import (
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanzaid"
)

// Network returns the network id of a message for the id that a client uses: the id of the
// stanza, or in a room the id that the room gave it (XEP-0359). own reports whether the
// user wrote the message. ok is false if the id is unknown. It may wait for the database.
func Network(u *router.User, name, xmppID string) (id string, own, ok bool) {
	xmppID = stanzaid.Edited(xmppID)
	if id, ok = stanzaid.Reverse(xmppID); ok {
		p := ofNetwork(u, name, id)
		return id, p != nil && p.own, true
	}
	p := ofStanza(u, name, xmppID)
	if p == nil {
		return "", false, false
	}
	return p.network, p.own, true
}

// XMPP returns the id attribute of the stanza with a message: the id of the user's client,
// or the one that Stanza returns. In a room, it is the id for corrections only; everything
// else there refers to what InRoom returns. It may wait for the database.
func XMPP(u *router.User, name, networkID string) (stanzaID string) {
	if p := ofNetwork(u, name, networkID); p != nil {
		return p.stanza
	}
	return Stanza(networkID)
}

// Keep notes that a message with a network id goes to the user, and returns its stanza id.
// own reports whether the user wrote the message with another program.
func Keep(u *router.User, name, networkID string, own bool) (stanzaID string) {
	stanzaID = Stanza(networkID)
	if _, ok := stanzaid.Reverse(stanzaID); own || !ok {
		note(u, name, pair{stanza: stanzaID, network: networkID, own: own})
	}
	return stanzaID
}

// Sent notes that a message of the user has a network id. If the network id already has a
// pair, as after a correction, XMPP continues to return the id of the first one.
func Sent(u *router.User, name, stanzaID, networkID string) {
	note(u, name, pair{stanza: stanzaID, network: networkID, own: true})
}

// Given notes that a room gave an id to a message of the user before the network did. Clients
// refer to the message by this id.
func Given(u *router.User, room, id, networkID string) {
	noteAs(u, room, given(room), pair{stanza: id, network: networkID, own: true})
}

// InRoom returns the id that a room gave to a message (XEP-0359): the one of Given, or what Stanza
// returns. It may wait for the database.
func InRoom(u *router.User, room, networkID string) string {
	if p := ofNetwork(u, given(room), networkID); p != nil {
		return p.stanza
	}
	return Stanza(networkID)
}

// given returns the conversation that keeps the network ids of Given apart from those of Sent: a
// message may have both.
func given(room string) string { return room + "\x00given" }

func note(u *router.User, name string, p pair) { noteAs(u, name, name, p) }

// noteAs notes a pair whose ids are those of two conversations.
func noteAs(u *router.User, ofStanza, ofNetwork string, p pair) {
	p.jid, p.byStanza, p.byNetwork = u.JID, stanzaKey(u.JID, ofStanza, p.stanza), networkKey(u.JID, ofNetwork, p.network)
	add(u, &p)
}

func ofStanza(u *router.User, name, id string) *pair {
	p := find(u, stanzaKey(u.JID, name, id), u.Store().PairOfStanza)
	if p == nil || p.stanza != id {
		return nil
	}
	return p
}

func ofNetwork(u *router.User, name, id string) *pair {
	p := find(u, networkKey(u.JID, name, id), u.Store().PairOfNetwork)
	if p == nil || p.network != id {
		return nil
	}
	return p
}

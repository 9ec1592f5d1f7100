package ids

import (
	"slices"
	"strings"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanzaid"
)

// Message is a message of the user on its way to the network.
type Message struct {
	Name     string // of the conversation
	StanzaID string // of the client; may be ""
	From, To string // the client and the address it wrote to
	Receipt  bool   // the client wants a receipt (XEP-0184)
	Room     bool   // all occupants of a room get it

	script  string // the id that the script knows
	network string // "" until the network has accepted the message
}

// maxOutstanding is the number of messages of one user whose id from the network is awaited
// at least; it may be twice as many.
const maxOutstanding = 100

// outstanding has the last messages of a user, the oldest one first.
var outstanding router.Slot[[]Message]

// Arrived notes a message of the user, and returns the id with which the script gets it.
func Arrived(u *router.User, m Message) (id string) {
	if m.script = m.StanzaID; !stanzaid.Usable(m.script) {
		m.script = stanzaid.Make()
	}
	if len(m.StanzaID) > Max {
		m.StanzaID = ""
	}
	all := outstanding.Of(u)
	if len(*all) == 2*maxOutstanding { // half of them at a time, because moving the rest takes time
		*all = slices.Delete(*all, 0, maxOutstanding)
	}
	*all = append(*all, m)
	return m.script
}

// latest returns the last message of the user for which match returns true, or nil.
func latest(u *router.User, match func(m *Message) bool) *Message {
	all := outstanding.Peek(u)
	if all == nil {
		return nil
	}
	for i := range slices.Backward(*all) {
		if m := &(*all)[i]; match(m) {
			return m
		}
	}
	return nil
}

// Accepted notes that the network has given an id to the message that the script knows by
// another one. It returns nil for an unknown message.
func Accepted(u *router.User, scriptID, networkID string) *Message {
	m := latest(u, func(m *Message) bool { return m.script == scriptID })
	if m == nil {
		return nil
	}
	if m.network = networkID; networkID != "" && m.StanzaID != "" {
		note(u, m.Name, pair{stanza: m.StanzaID, network: networkID, own: true, receipt: m.Receipt})
	}
	return m
}

// Receipt returns the id for the receipt that the user's client wants for a message. The
// script may know the message by its id on the network or by the one before that. Receipt
// returns "" if no receipt is due.
func Receipt(u *router.User, name, id string) (stanzaID string) {
	m := latest(u, func(m *Message) bool {
		return (m.script == id || m.network == id) && router.Fold(m.Name) == router.Fold(name)
	})
	switch {
	case m != nil && m.Receipt:
		return m.StanzaID
	case m != nil || strings.HasPrefix(id, stanzaid.MadePrefix):
		return ""
	}
	if p := ofNetwork(u, name, id); p != nil {
		if !p.receipt {
			return ""
		}
		return p.stanza
	}
	return id // of a message before the last ones, which the script has not reported as sent
}

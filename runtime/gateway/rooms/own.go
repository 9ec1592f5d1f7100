package rooms

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/messages"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// mine is a message of the user that the script has and the clients have not seen.
type mine struct {
	id         string // of the client
	stanza     *xmltree.Node
	correction bool
}

// notMine are child elements that only a room may add to a message.
var notMine = map[string]bool{stanza.OccupantID: true, stanza.MUCUser: true, stanza.Delay: true, stanza.StanzaID: true}

// remember remembers a message of the user until the network has it.
func (r *room) remember(s *router.Stanza, got messages.Outcome) {
	n := &xmltree.Node{Name: "message"}
	for _, child := range stanza.Children(s.Node) {
		if !notMine[child.Space] || child.Name == "origin-id" {
			stanza.Add(n, child)
		}
	}
	correction := stanza.Child(n, stanza.Correction, "replace") != nil
	r.own.Remember(rules.OwnMessage{Script: got.ID, Body: got.Text, Correction: correction}, mine{s.ID, n, correction}, weight(n))
}

// Sent shows the clients in the room a message of the user that the network has accepted.
func Sent(u *router.User, name, scriptID, networkID string) {
	r := named(u, name)
	if r == nil || !r.joined {
		return
	}
	m, show := r.own.Sent(scriptID, networkID)
	if !show {
		return
	}
	n := m.stanza
	n.Attr = []xmltree.Attr{{Name: "from", Value: r.from(r.nick)}, {Name: "to"}, {Name: "type", Value: "groupchat"}}
	if m.id != "" {
		stanza.SetAttr(n, "id", m.id)
	}
	if networkID != "" {
		id := ids.Stanza(networkID)
		if m.correction {
			id = ids.Edition(networkID)
		} else {
			r.shownIDs.add(networkID)
		}
		stanza.Add(n, modern.ID(id, r.jid))
	}
	stanza.Add(n, r.occupantID(u, r.nick))
	r.spread(u, n)
}

// Refused forgets a message that the network has refused.
func Refused(u *router.User, name, scriptID string) {
	if r := named(u, name); r != nil {
		r.own.Refused(scriptID)
	}
}

// returned finds the message of the user that a message with their nickname is. id is the id
// for the clients, or "" if it is unknown. again reports whether the clients have seen the
// message because of TYPE_SENT.
func (r *room) returned(u *router.User, m *pb.ConversationMessage) (id string, again bool) {
	if m.GetNickname() != r.nick {
		return "", false
	}
	found, _, again := r.own.Returned(m)
	if m.GetId() != "" && found.id != "" {
		ids.Sent(u, r.name, found.id, m.GetId())
	}
	return found.id, again
}

package rooms

import (
	"slices"

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
	script     string // the id that the script knows
	id         string // of the client
	body       string // the text that the script has
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
	r.own.Remember(rules.OwnMessage{Script: got.ID, Body: got.Text, Correction: correction}, mine{got.ID, s.ID, got.Text, n, correction}, weight(n))
}

// Sent shows the clients in the room a message of the user that the network has accepted.
func Sent(u *router.User, name, scriptID, networkID string) {
	r := named(u, name)
	if r == nil || !r.joined {
		return
	}
	r.identify(u, networkID, func(m *unnamed) bool { return m.script == scriptID })
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
	if networkID == "" {
		r.awaitID(m, n)
	}
}

// Refused forgets a message that the network has refused.
func Refused(u *router.User, name, scriptID string) {
	if r := named(u, name); r != nil {
		r.own.Refused(scriptID)
	}
}

// returned finds the message of the user that a message with their nickname is. It returns the
// zero value for another message. again reports whether the clients have seen the message because
// of TYPE_SENT.
func (r *room) returned(u *router.User, m *pb.ConversationMessage) (found mine, again bool) {
	if m.GetNickname() != r.nick {
		return mine{}, false
	}
	found, _, again = r.own.Returned(m)
	switch {
	case m.GetId() == "":
	case again:
		r.identify(u, m.GetId(), func(shown *unnamed) bool { return shown.body == m.GetMessage() })
	case found.id != "":
		ids.Sent(u, r.name, found.id, m.GetId())
	}
	return found, again
}

// unnamed is a message of the user that the clients have seen before the network has reported its
// id.
type unnamed struct {
	script, client string // ids
	body           string // the text that the script has
	given          string // the id of the archive, or ""
}

// maxUnnamed is the number of messages in one room whose id on the network is awaited.
const maxUnnamed = 20

// awaitID notes a message that the clients have seen as n.
func (r *room) awaitID(m mine, n *xmltree.Node) {
	if m.script == "" {
		return
	}
	if len(r.unnamed) == maxUnnamed {
		r.unnamed = slices.Delete(r.unnamed, 0, 1)
	}
	given := stanza.Attr(stanza.Child(n, stanza.StanzaID, "stanza-id"), "id")
	r.unnamed = append(r.unnamed, unnamed{m.script, m.id, m.body, given})
}

// identify notes the id on the network of the first message for which match returns true. The
// network gave it no id if networkID is empty.
func (r *room) identify(u *router.User, networkID string, match func(m *unnamed) bool) {
	i := slices.IndexFunc(r.unnamed, func(m unnamed) bool { return match(&m) })
	if i < 0 {
		return
	}
	m := r.unnamed[i]
	r.unnamed = slices.Delete(r.unnamed, i, i+1)
	if networkID != "" && m.client != "" {
		ids.Sent(u, r.name, m.client, networkID)
	}
	if networkID != "" && m.given != "" {
		ids.Given(u, r.name, m.given, networkID)
	}
}

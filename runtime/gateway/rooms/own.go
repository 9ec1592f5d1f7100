package rooms

import (
	"slices"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/messages"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/xmltree"
)

// Limits of the messages of the user in one room whose return from the network is awaited.
const (
	maxOwn      = 20
	maxOwnBytes = 64 << 10 // a single message may be larger
)

// own are the messages of the user in one room. The clients see such a message when the
// script reports it with TYPE_SENT, or sends it as a message with the user's nickname. If
// the script does both, the clients see it once.
type own struct {
	waiting []mine
	size    int
	shown   []shown // the last ones that the clients have seen
}

// mine is a message that the script has and the clients have not seen.
type mine struct {
	script, id string // the ids for the script and for the clients
	body       string // the text that the script has
	stanza     *xmltree.Node
	size       int
}

// shown is a message that the clients have seen.
type shown struct {
	network    string // the id on the network, or ""
	body       string
	correction bool // of a message that may have the same id on the network
	bySent     bool // because of TYPE_SENT
	byNickname bool // because of a message with the user's nickname
}

// notMine are child elements that only a room may add to a message.
var notMine = map[string]bool{stanza.OccupantID: true, stanza.MUCUser: true, stanza.Delay: true, stanza.StanzaID: true}

// remember remembers a message of the user until the network has it.
func (o *own) remember(s *router.Stanza, got messages.Outcome) {
	n := &xmltree.Node{Name: "message"}
	for _, child := range stanza.Children(s.Node) {
		if !notMine[child.Space] || child.Name == "origin-id" {
			stanza.Add(n, child)
		}
	}
	m := mine{got.ID, s.ID, got.Text, n, weight(n)}
	o.waiting = append(o.waiting, m)
	o.size += m.size
	for len(o.waiting) > maxOwn || o.size > maxOwnBytes && len(o.waiting) > 1 {
		o.take(0)
	}
}

// take removes and returns a message that waits.
func (o *own) take(i int) mine {
	m := o.waiting[i]
	o.size -= m.size
	o.waiting = slices.Delete(o.waiting, i, i+1)
	return m
}

// show notes that the clients have seen a message.
func (o *own) show(s shown) {
	if len(o.shown) == maxOwn {
		o.shown = slices.Delete(o.shown, 0, 1)
	}
	o.shown = append(o.shown, s)
}

// Sent shows the clients in the room a message of the user that the network has accepted.
func Sent(u *router.User, name, scriptID, networkID string) {
	r := named(u, name)
	if r == nil || !r.joined {
		return
	}
	o := &r.own
	i := slices.IndexFunc(o.waiting, func(m mine) bool { return m.script == scriptID })
	if i < 0 {
		return
	}
	m := o.take(i)
	correction := stanza.Child(m.stanza, stanza.Correction, "replace") != nil
	if networkID != "" && slices.ContainsFunc(o.shown, func(s shown) bool {
		return s.network == networkID && s.byNickname && s.correction == correction
	}) {
		return
	}
	o.show(shown{network: networkID, body: m.body, correction: correction, bySent: true})
	n := m.stanza
	n.Attr = []xmltree.Attr{{Name: "from", Value: r.from(r.nick)}, {Name: "to"}, {Name: "type", Value: "groupchat"}}
	if m.id != "" {
		stanza.SetAttr(n, "id", m.id)
	}
	if networkID != "" {
		id := ids.Stanza(networkID)
		if correction {
			id = ids.Edition(networkID)
		}
		stanza.Add(n, modern.ID(id, r.jid))
	}
	stanza.Add(n, r.occupantID(u, r.nick))
	r.spread(u, n)
}

// Refused forgets a message that the network has refused.
func Refused(u *router.User, name, scriptID string) {
	if r := named(u, name); r != nil {
		if i := slices.IndexFunc(r.own.waiting, func(m mine) bool { return m.script == scriptID }); i >= 0 {
			r.own.take(i)
		}
	}
}

// returned finds the message of the user that a message with their nickname is. id is the id
// for the clients, or "" if it is unknown. again reports whether the clients have seen the
// message because of TYPE_SENT.
func (r *room) returned(u *router.User, m *pb.ConversationMessage) (id string, again bool) {
	if m.GetNickname() != r.nick {
		return "", false
	}
	if r.own.isShown(m) {
		return "", true
	}
	o := &r.own
	i := slices.IndexFunc(o.waiting, func(w mine) bool { return w.body == m.GetMessage() && !m.GetOrigin() })
	if i >= 0 {
		if id = o.take(i).id; m.GetId() != "" && id != "" {
			ids.Sent(u, r.name, id, m.GetId())
		}
	}
	o.show(shown{network: m.GetId(), body: m.GetMessage(), correction: m.Replaces != nil, byNickname: true})
	return id, false
}

// isShown reports whether the clients have seen a message because of TYPE_SENT. Messages
// without an id on the network are the same if their texts are, but each counts once.
func (o *own) isShown(m *pb.ConversationMessage) bool {
	for i := range o.shown {
		s := &o.shown[i]
		same := s.network == m.GetId()
		if m.GetId() == "" || s.network == "" {
			same = s.body == m.GetMessage() && !m.GetOrigin()
		}
		if same && s.bySent && !s.byNickname && s.correction == (m.Replaces != nil) {
			s.byNickname = true
			return true
		}
	}
	return false
}

package rules

import (
	"slices"

	"spectrumlua/pb"
)

// Limits of the messages of a user in one room whose return from the network is awaited.
const (
	maxOwn      = 20
	maxOwnBytes = 64 << 10 // a single message may be larger
)

// Own are the messages of the user in one room. The user's clients see such a message when
// the script reports it with SENT, or sends it as a message with the user's nickname. If the
// script does both, in any order, the clients see it once. T is what the caller needs to
// show a message.
type Own[T any] struct {
	waiting []mine[T]
	size    int
	shown   []shown // the last ones that the clients have seen
}

// mine is a message that the script has and the clients have not seen.
type mine[T any] struct {
	OwnMessage
	value T
	size  int
}

// OwnMessage is a message of the user.
type OwnMessage struct {
	Script     string // the id that the script knows
	Body       string // the text that the script has
	Correction bool   // of a message that may have the same id on the network
}

// shown is a message that the clients have seen.
type shown struct {
	network    string // the id on the network, or ""
	body       string
	correction bool
	bySent     bool
	byNickname bool
}

// Remember notes a message that goes to the script. size is its memory in bytes.
func (o *Own[T]) Remember(m OwnMessage, value T, size int) {
	o.waiting = append(o.waiting, mine[T]{m, value, size})
	o.size += size
	for len(o.waiting) > maxOwn || o.size > maxOwnBytes && len(o.waiting) > 1 {
		o.take(0)
	}
}

func (o *Own[T]) take(i int) mine[T] {
	m := o.waiting[i]
	o.size -= m.size
	o.waiting = slices.Delete(o.waiting, i, i+1)
	return m
}

func (o *Own[T]) find(script string) int {
	return slices.IndexFunc(o.waiting, func(m mine[T]) bool { return m.Script == script })
}

// Sent notes a SENT of the script. It reports whether the clients have to see the message
// now.
func (o *Own[T]) Sent(script, network string) (value T, show bool) {
	i := o.find(script)
	if i < 0 {
		return value, false
	}
	m := o.take(i)
	if network != "" && slices.ContainsFunc(o.shown, func(s shown) bool {
		return s.network == network && s.byNickname && s.correction == m.Correction
	}) {
		return m.value, false
	}
	o.show(shown{network: network, body: m.Body, correction: m.Correction, bySent: true})
	return m.value, true
}

// Refused notes that the network has refused a message.
func (o *Own[T]) Refused(script string) {
	if i := o.find(script); i >= 0 {
		o.take(i)
	}
}

// Returned notes a message of the script with the user's nickname. again reports whether the
// clients have seen it because of SENT. Otherwise found reports whether it is the message of
// the value.
func (o *Own[T]) Returned(m *pb.ConversationMessage) (value T, found, again bool) {
	if o.isShown(m) {
		return value, false, true
	}
	i := slices.IndexFunc(o.waiting, func(w mine[T]) bool { return w.Body == m.GetMessage() && !m.GetOrigin() })
	if i >= 0 {
		value = o.take(i).value
	}
	o.show(shown{network: m.GetId(), body: m.GetMessage(), correction: m.Replaces != nil, byNickname: true})
	return value, i >= 0, false
}

// isShown reports whether the clients have seen a message because of SENT. Messages without
// an id on the network are the same if their texts are, but each counts once.
func (o *Own[T]) isShown(m *pb.ConversationMessage) bool {
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

func (o *Own[T]) show(s shown) {
	if len(o.shown) == maxOwn {
		o.shown = slices.Delete(o.shown, 0, 1)
	}
	o.shown = append(o.shown, s)
}

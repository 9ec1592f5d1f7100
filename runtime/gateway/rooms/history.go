package rooms

import (
	"slices"
	"strconv"
	"time"

	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// Limits of the history of one room of one user. The history is lost when the process ends.
const (
	maxHistory      = 100
	maxHistoryBytes = 64 << 10
)

// history has the last messages of a room, for clients that join. Only users with
// stay_connected have one.
type history struct {
	messages []past
	size     int
}

type past struct {
	stanza *xmltree.Node
	at     time.Time
	size   int
}

// add appends a message of the room.
func (h *history) add(n *xmltree.Node, by string, at time.Time) {
	n = copyOf(n)
	if delay := stanza.Child(n, stanza.Delay, "delay"); delay == nil {
		stanza.Add(n, stanza.Element(stanza.Delay, "delay", stanza.Attrs{"from", by, "stamp", at.UTC().Format(time.RFC3339)}))
	} else if stamp, err := time.Parse(time.RFC3339, stanza.Attr(delay, "stamp")); err == nil {
		at = stamp
	}
	p := past{n, at, len(stanza.ChildText(n, "", "body"))}
	h.messages = append(h.messages, p)
	h.size += p.size
	for len(h.messages) > maxHistory || h.size > maxHistoryBytes {
		h.size -= h.messages[0].size
		h.messages = slices.Delete(h.messages, 0, 1)
	}
}

// since returns copies of the messages that a client wants.
func (h *history) since(l limits, now time.Time) []*xmltree.Node {
	var found []*xmltree.Node
	chars := 0
	for _, p := range slices.Backward(h.messages) {
		chars += p.size
		if l.stanzas.exceeded(len(found)+1) || l.chars.exceeded(chars) || p.at.Before(l.from(now)) {
			break
		}
		found = append(found, copyOf(p.stanza))
	}
	slices.Reverse(found)
	return found
}

// copyOf returns a message that has its own attributes and children.
func copyOf(n *xmltree.Node) *xmltree.Node {
	return &xmltree.Node{Space: n.Space, Name: n.Name, Attr: slices.Clone(n.Attr), Children: slices.Clone(n.Children)}
}

// limits are the limits of the history that a client wants (XEP-0045, section 7.2.14).
type limits struct {
	stanzas, chars, seconds limit
	after                   time.Time
}

// limit is a number that may be absent.
type limit struct {
	set  bool
	most int
}

func (l limit) exceeded(n int) bool { return l.set && n > l.most }

// limitsOf reads the limits in the request to join a room. Values that are wrong do not
// count.
func limitsOf(x *xmltree.Node) limits {
	h := stanza.Child(x, stanza.MUC, "history")
	l := limits{stanzas: limitOf(h, "maxstanzas"), chars: limitOf(h, "maxchars"), seconds: limitOf(h, "seconds")}
	l.after, _ = time.Parse(time.RFC3339, stanza.Attr(h, "since")) // the zero time if it is wrong
	return l
}

func limitOf(h *xmltree.Node, name string) limit {
	n, err := strconv.Atoi(stanza.Attr(h, name))
	return limit{err == nil && n >= 0, n}
}

// from returns the time at which the history begins.
func (l limits) from(now time.Time) time.Time {
	if start := now.Add(-time.Duration(l.seconds.most) * time.Second); l.seconds.set && start.After(l.after) {
		return start
	}
	return l.after
}

// allow reports whether a client wants a message of the script that may be an old one.
func (l limits) allow(n *xmltree.Node) bool {
	delay := stanza.Child(n, stanza.Delay, "delay")
	if delay == nil {
		return true
	}
	at, err := time.Parse(time.RFC3339, stanza.Attr(delay, "stamp"))
	return err != nil || !l.stanzas.exceeded(1) && !l.chars.exceeded(len(stanza.ChildText(n, "", "body"))) && !at.Before(l.after)
}

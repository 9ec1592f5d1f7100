package rooms

import (
	"hash/maphash"
	"slices"
	"strconv"
	"time"

	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Limits of the history of one room of one user. After the end of the process, the archive
// has the messages.
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

// recent has hashes of the last maxHistory ids.
type recent []uint64

var hashSeed = maphash.MakeSeed()

func (r recent) has(id string) bool { return slices.Contains(r, maphash.String(hashSeed, id)) }

func (r *recent) add(id string) {
	if len(*r) == maxHistory {
		*r = slices.Delete(*r, 0, 1)
	}
	*r = append(*r, maphash.String(hashSeed, id))
}

type past struct {
	stanza *xmltree.Node
	id     string // in the room's archive
	at     time.Time
	size   int
}

// record adds a message to the history, unless it is an old one that is there: scripts send
// old messages after each join, so after a restart and after each CONNECTED.
func (r *room) record(u *router.User, n *xmltree.Node) {
	id := archive.IDInRoom(r.jid, n)
	if _, isOld := timeOf(n); isOld && r.history.has(id) {
		return
	}
	r.history.add(n, id, r.jid, u.Router().Clock.Now())
}

func (h *history) has(id string) bool {
	return slices.ContainsFunc(h.messages, func(p past) bool { return p.id == id })
}

// add appends a message of the room.
func (h *history) add(n *xmltree.Node, id, by string, at time.Time) {
	n = copyOf(n)
	if stamp, ok := timeOf(n); ok {
		at = stamp
	} else {
		stanza.Add(n, stanza.Element(stanza.Delay, "delay", stanza.Attrs{"from", by, "stamp", at.UTC().Format(time.RFC3339)}))
	}
	p := past{n, id, at, weight(n)}
	h.messages = append(h.messages, p)
	h.size += p.size
	for len(h.messages) > maxHistory || h.size > maxHistoryBytes {
		h.size -= h.messages[0].size
		h.messages = slices.Delete(h.messages, 0, 1)
	}
}

// withdraw removes a message and its corrections.
func (h *history) withdraw(w *archive.Withdrawal) {
	h.messages = slices.DeleteFunc(h.messages, func(p past) bool {
		removes, _ := w.Removes(p.stanza)
		if removes {
			h.size -= p.size
		}
		return removes
	})
}

// timeOf returns the time of a message that has one (XEP-0203).
func timeOf(n *xmltree.Node) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, stanza.Attr(stanza.Child(n, stanza.Delay, "delay"), "stamp"))
	return at, err == nil
}

// weight returns the number of bytes of all texts in an element.
func weight(n *xmltree.Node) int {
	size := len(n.Space) + len(n.Name)
	for _, a := range n.Attr {
		size += len(a.Name) + len(a.Value)
	}
	for _, c := range n.Children {
		if size += len(c.Text); c.Element != nil {
			size += weight(c.Element)
		}
	}
	return size
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

// counts reports whether the number of messages or characters is limited.
func (l limits) counts() bool { return l.stanzas.set || l.chars.set }

// longestAge is a number of seconds that no message is old, and that a time.Duration can have.
const longestAge = 100 * 365 * 24 * 60 * 60

// from returns the time at which the history begins.
func (l limits) from(now time.Time) time.Time {
	seconds := min(int64(l.seconds.most), longestAge)
	if start := now.Add(-time.Duration(seconds) * time.Second); l.seconds.set && start.After(l.after) {
		return start
	}
	return l.after
}

package rooms

import (
	"slices"
	"time"
	"unicode/utf8"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// replayTime is how long old messages wait for further ones, if the client limits their
// number: it wants the last ones, and the script sends the oldest one first.
const replayTime = time.Second

// maxHeld and maxHeldBytes limit what waits for a client.
const (
	maxHeld      = 1000
	maxHeldBytes = 1 << 20
)

// replay is what a client gets of the past of a room. The limits count all messages that
// are older than its join, from the history and from the script.
type replay struct {
	limits  limits
	entered time.Time // the time of the join
	stanzas int       // sent
	chars   int       // of the stanzas sent
	held    []*xmltree.Node
	size    int         // bytes of texts in held
	timer   clock.Timer // sends what is held; nil if nothing is
}

// isOld reports whether a message is older than the join of a client. Times in messages
// have a resolution of a second.
func (p *replay) isOld(n *xmltree.Node) bool {
	at, ok := timeOf(n)
	return ok && at.Before(p.entered.Truncate(time.Second))
}

// live sends a message that no limit counts.
func (r *room) live(u *router.User, place *seat, n *xmltree.Node) {
	r.flush(u, place)
	stanza.SetAttr(n, "to", place.jid)
	u.Send(n)
}

// old sends an old message, or holds it until it is certain that the client wants it.
func (r *room) old(u *router.User, place *seat, n *xmltree.Node) {
	p := &place.replay
	if at, ok := timeOf(n); ok && at.Before(p.limits.from(p.entered)) {
		return
	}
	if !p.limits.counts() {
		stanza.SetAttr(n, "to", place.jid)
		u.Send(n)
		return
	}
	most := maxHeld
	if p.limits.stanzas.set {
		most = min(most, p.limits.stanzas.most-p.stanzas)
	}
	if most <= 0 {
		return
	}
	n = copyOf(n)
	stanza.SetAttr(n, "to", place.jid)
	p.held = append(p.held, n)
	p.size += weight(n)
	for len(p.held) > most || p.size > maxHeldBytes && len(p.held) > 1 {
		p.size -= weight(p.held[0])
		p.held = slices.Delete(p.held, 0, 1)
	}
	if p.timer == nil {
		name, client := r.name, place.jid
		p.timer = u.After(replayTime, func(u *router.User) {
			if r := named(u, name); r != nil {
				if place := r.seatOf(client); place != nil {
					r.flush(u, place)
				}
			}
		})
	}
}

// flush sends the last ones of the messages that are held, as the limits allow.
func (r *room) flush(u *router.User, place *seat) {
	p := &place.replay
	if p.timer == nil {
		return
	}
	p.timer.Stop()
	begin := len(p.held)
	for ; begin > 0; begin-- {
		n := p.held[begin-1]
		chars := 0
		if p.limits.chars.set {
			text, _ := n.Text(1 << 20) // the stream has a lower limit
			chars = utf8.RuneCountInString(text)
		}
		if p.limits.stanzas.exceeded(p.stanzas+1) || p.limits.chars.exceeded(p.chars+chars) {
			break
		}
		p.stanzas++
		p.chars += chars
	}
	for _, n := range p.held[begin:] {
		u.Send(n)
	}
	p.held, p.size, p.timer = nil, 0, nil
}

package component

import (
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"spectrumlua/runtime/xmltree"
)

const (
	// pingEvery is the shortest time between two pings that confirm stanzas.
	pingEvery = 20 * time.Millisecond
	// pingBytes is the number of bytes after which a ping does not wait for that time.
	pingBytes = 256 << 10
	// maxPings is how often a ping is sent to a server that sends other things but no answer.
	maxPings = 3
)

// pings are the pings that confirm the stanzas before them. At most one waits for its
// answer. The outbox's lock guards them.
type pings struct {
	jid    string
	prefix string // of the ids; no one else knows it
	number uint64
	off    bool // the server does not answer: pings only find out whether it is alive
	wanted bool // one is due at once

	id        string    // of the ping that waits for its answer; "" without one
	covers    int       // chunks of the window that it confirms
	times     int       // it has been written
	writtenAt time.Time // when it was last written
	last      time.Time // when a ping was last due
}

func newPings(jid string) pings {
	return pings{jid: xmltree.Escape(jid), prefix: "ping-" + rand.Text() + "-"}
}

// due returns how long the next ping has to wait, or a negative number if none is due.
// pending is the number of bytes to confirm.
func (p *pings) due(now time.Time, pending int, suspect bool) time.Duration {
	switch {
	case p.wanted:
		p.last = now
		return 0
	case p.id != "" || p.off || pending == 0:
		return -1
	}
	if wait := pingEvery - now.Sub(p.last); wait > 0 && pending < pingBytes && !suspect {
		return wait
	}
	p.last = now
	return 0
}

// next returns a ping that confirms the first chunks of the window, or once more the one that
// waits for its answer. It goes to the component's own address, which every server knows.
func (p *pings) next(covers int) string {
	if p.id == "" {
		p.number++
		p.id, p.covers, p.times = p.prefix+strconv.FormatUint(p.number, 36), covers, 0
	}
	p.wanted, p.writtenAt = false, time.Time{}
	return "<iq type='get' from='" + p.jid + "' to='" + p.jid + "' id='" + p.id + "'><ping xmlns='urn:xmpp:ping'/></iq>"
}

func (p *pings) wrote(ping string, now time.Time) {
	if p.id != "" && strings.Contains(ping, p.id) {
		p.writtenAt = now
		p.times++
	}
}

// repeat makes the ping due again. It returns false if that has been done maxPings times.
func (p *pings) repeat() bool {
	switch {
	case p.off:
		p.forget() // the server lives
	case p.times >= maxPings:
		return false
	default:
		p.wanted = true
	}
	return true
}

// forget waits no longer for an answer.
func (p *pings) forget() { p.id, p.covers, p.wanted, p.writtenAt = "", 0, false, time.Time{} }

func (p *pings) ours(id string) bool { return strings.HasPrefix(id, p.prefix) }

// answered returns the number of chunks that an answer confirms. It returns false for
// an old answer, which also shows that the server answers.
func (p *pings) answered(id string) (int, bool) {
	p.off = false
	if p.id == "" || id != p.id {
		return 0, false
	}
	n := p.covers
	p.forget()
	return n, true
}

// shift records that the first n chunks have left the window.
func (p *pings) shift(n int) { p.covers = max(0, p.covers-n) }

func (p *pings) reset() {
	p.forget()
	p.off, p.last = false, time.Time{}
}

package router

import (
	"strconv"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// queries are the gateway's own IQs that wait for an answer. Router.mu guards them.
type queries struct {
	last    uint64
	waiting map[string]*query
}

type query struct {
	user  string
	to    string
	done  func(u *User, answer *xmltree.Node)
	timer clock.Timer
}

// Query sends an IQ of the transport to a JID of the user, and calls done on the user's
// goroutine: with the answer, which may be an error, or with nil if no answer arrives in
// time. Answers that nobody waits for are dropped.
func (u *User) Query(typ, to string, payload *xmltree.Node, done func(u *User, answer *xmltree.Node)) {
	r := u.router
	r.mu.Lock()
	r.queries.last++
	id := "q" + strconv.FormatUint(r.queries.last, 36)
	r.mu.Unlock()
	// The query is complete before finish can find it: its addressee can guess the id, and answer
	// before it is asked.
	timer := r.Clock.AfterFunc(queryTime, func() {
		defer crash.Guard()
		r.finish(id, "", nil)
	})
	r.mu.Lock()
	if r.queries.waiting == nil {
		r.queries.waiting = map[string]*query{}
	}
	r.queries.waiting[id] = &query{user: u.JID, to: to, done: done, timer: timer}
	r.mu.Unlock()
	u.Send(stanza.IQ(r.JID(), to, typ, id, payload))
}

// answer passes an answer to its query.
func (r *Router) answer(s *Stanza) { r.finish(s.ID, s.From, s.Node) }

// finish ends a query. from is the sender of the answer, or "" at the end of its time.
func (r *Router) finish(id, from string, answer *xmltree.Node) {
	r.mu.Lock()
	q := r.queries.waiting[id]
	if q == nil || from != "" && from != q.to && jid.Bare(from) != q.to {
		r.mu.Unlock()
		return
	}
	delete(r.queries.waiting, id)
	r.mu.Unlock()
	if answer != nil {
		q.timer.Stop()
	}
	_ = r.post(q.user, func(u *User) { q.done(u, answer) }) // an error means that the router is closed
}

package router

import (
	"errors"
	"slices"

	"spectrumlua/runtime/crash"
)

// ErrClosed is the error of Send and For after Close.
var ErrClosed = errors.New("the gateway is closed")

// post appends a job to the queue of a user, and starts the user's goroutine if the queue
// was empty. The JID "" is the transport itself.
func (r *Router) post(jid string, job func(*User)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	r.append(r.user(jid), job)
	return nil
}

// open returns ErrClosed after Close.
func (r *Router) open() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	return nil
}

// append appends a job. r.mu is held.
func (r *Router) append(u *User, job func(*User)) {
	u.queue = append(u.queue, job)
	if !u.running {
		u.running = true
		r.running++
		go r.run(u)
	}
}

// user returns the user with a JID, who may be new. r.mu is held.
func (r *Router) user(jid string) *User {
	u := r.users[jid]
	if u == nil {
		u = &User{JID: jid, router: r}
		r.users[jid] = u
	}
	return u
}

// here runs a job on this goroutine and returns true if no job of the user runs or waits, and
// the stream is not full: then a switch to another goroutine would only take time. Otherwise
// it does nothing and returns false. The job must not wait. Until it returns, this goroutine
// is that of the user.
func (r *Router) here(jid string, job func(*User)) (done bool, err error) {
	u, err := r.borrow(jid)
	if u == nil {
		return err != nil, err
	}
	job(u)
	r.giveBack(u, nil)
	return true, nil
}

// postQuick is here if isQuick returns true and here would run the job, and post otherwise.
// isQuick must not wait.
func (r *Router) postQuick(jid string, job func(*User), isQuick func(*User) bool) error {
	u, err := r.borrow(jid)
	switch {
	case err != nil:
		return err
	case u == nil:
		return r.post(jid, job)
	case isQuick(u):
		job(u)
		r.giveBack(u, nil)
	default:
		r.giveBack(u, job)
	}
	return nil
}

// borrow makes this goroutine that of a user until giveBack. It returns nil if the user has
// one, or if jobs have to wait for the stream.
func (r *Router) borrow(jid string) (*User, error) {
	full := r.opts.Stream.Full()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	if full {
		return nil, nil
	}
	u := r.user(jid)
	if u.running {
		return nil, nil
	}
	u.running, u.waits = true, false
	r.running++
	return u, nil
}

// giveBack ends borrow. first is a job that goes before the others, or nil.
func (r *Router) giveBack(u *User, first func(*User)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first != nil {
		u.queue = slices.Insert(u.queue, 0, first)
	}
	if len(u.queue) > 0 {
		go r.run(u)
		return
	}
	r.rest(u)
}

// load is what waits for the handlers of a user.
type load struct{ stanzas, bytes int }

// admit counts a stanza until release. It returns false if too many of the user's stanzas
// wait. A stanza that exceeds the limit alone may wait if no other does.
func (r *Router) admit(jid string, size int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.waiting[jid]
	if now.stanzas >= maxUserStanzas || now.stanzas > 0 && now.bytes+size > maxUserBytes {
		return false
	}
	r.waiting[jid] = load{now.stanzas + 1, now.bytes + size}
	r.incoming.add(size)
	return true
}

// release ends the wait of a stanza.
func (r *Router) release(jid string, size int) {
	r.incoming.free(size)
	r.mu.Lock()
	defer r.mu.Unlock()
	now := load{r.waiting[jid].stanzas - 1, r.waiting[jid].bytes - size}
	if r.waiting[jid] = now; now.stanzas == 0 {
		delete(r.waiting, jid)
	}
}

// run runs the jobs of a user until the queue is empty.
func (r *Router) run(u *User) {
	defer crash.Guard()
	u.waits = true
	var batch []func(*User)
	for {
		batch = r.next(u, batch)
		if batch == nil {
			return
		}
		for i, job := range batch {
			if !r.mayRun() {
				break
			}
			job(u)
			batch[i] = nil
		}
	}
}

// mayRun waits while the stream is full: one payload may become a stanza for each occupant of
// a room, so limits for payloads do not limit stanzas, and the stream drops what exceeds its
// backlog. It returns false when the time of Close is up.
func (r *Router) mayRun() bool {
	for r.opts.Stream.Full() && r.opts.Stream.WaitCapacity(r.ctx) == nil {
	}
	return r.ctx.Err() == nil
}

// WaitCapacity waits while the stream is full, as Send does. It returns false when the time of
// Close is up. A handler that reads or builds much for each stanza calls it to end early. A quick
// handler must not call it.
func (u *User) WaitCapacity() bool { return u.router.mayRun() }

// next takes the queue of a user. It returns nil if the queue is empty; the goroutine then
// ends, and a user without a state is forgotten. done is a slice to reuse.
func (r *Router) next(u *User, done []func(*User)) []func(*User) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(u.queue) > 0 {
		batch := u.queue
		u.queue = done[:0]
		return batch
	}
	r.rest(u)
	return nil
}

// rest ends the goroutine of a user without jobs. r.mu is held.
func (r *Router) rest(u *User) {
	u.running = false
	u.queue = nil
	if !u.keeps() {
		delete(r.users, u.JID)
	}
	if r.running--; r.running == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

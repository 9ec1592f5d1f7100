package router

import (
	"errors"

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
	u := r.users[jid]
	if u == nil {
		u = &User{JID: jid, router: r}
		r.users[jid] = u
	}
	u.queue = append(u.queue, job)
	if !u.running {
		u.running = true
		r.running++
		go r.run(u)
	}
	return nil
}

// queued returns the number of jobs in the queue of a user.
func (r *Router) queued(jid string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.users[jid]; u != nil {
		return len(u.queue)
	}
	return 0
}

// run runs the jobs of a user until the queue is empty.
func (r *Router) run(u *User) {
	defer crash.Guard()
	var batch []func(*User)
	for {
		batch = r.next(u, batch)
		if batch == nil {
			return
		}
		for i, job := range batch {
			if r.ctx.Err() != nil {
				break // the time of Close is up
			}
			job(u)
			batch[i] = nil
		}
	}
}

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
	u.running = false
	u.queue = nil
	if !u.keeps() {
		delete(r.users, u.JID)
	}
	if r.running--; r.running == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
	return nil
}

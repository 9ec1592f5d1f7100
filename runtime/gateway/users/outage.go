package users

import (
	"context"
	"errors"
	"sync"
	"time"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/meter"
)

// Attempts to reach the database during an outage: the time of each, and the pauses between
// them.
const (
	attemptTime = 3 * time.Second
	firstPause  = 100 * time.Millisecond
	lastPause   = 5 * time.Second
)

// outage is the state of a database that may not be reachable. The zero value is one that is.
type outage struct {
	mu      sync.Mutex
	err     error         // of the call that failed; nil without an outage
	first   chan struct{} // closed when the first attempt of this outage has ended
	count   int           // outages that have begun
	report  func(err error, reachable bool)
	closed  bool
	cancel  context.CancelFunc // ends the attempts
	attempt sync.WaitGroup
}

// Measure makes m measure the statements.
func (s *Store) Measure(m *meter.Backend) { s.db.Measure(m) }

// Watch sets the function that is called when an outage begins, with the error of a call and
// false, and when it is over, with nil and true. If only a call has failed and the database can
// be reached, report is called once, with the error and true. Several goroutines may call it.
// The function replaces an earlier one.
func (s *Store) Watch(report func(err error, reachable bool)) {
	s.outage.mu.Lock()
	defer s.outage.mu.Unlock()
	s.outage.report = report
}

// wait returns nil if the database can be used, and else the error of the outage. When a call
// has just failed, it waits until the first attempt to reach the database has ended: only one
// connection may be lost. since is for start, if the call that follows fails.
func (o *outage) wait(ctx context.Context) (since int, err error) {
	o.mu.Lock()
	since, err = o.count, o.err
	first := o.first
	o.mu.Unlock()
	if err == nil {
		return since, nil
	}
	select {
	case <-first:
	case <-ctx.Done():
		return since, failure(ctx.Err())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count, o.err
}

// start begins an outage, unless one lasts. A call that began before the end of an earlier one
// tells nothing about the time after it, so its failure is only reported. reach is called until
// it succeeds.
func (o *outage) start(since int, err error, reach func(ctx context.Context) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil || o.closed {
		return
	}
	if o.count != since {
		o.attempt.Go(func() {
			defer crash.Guard()
			o.tell(err, true)
		})
		return
	}
	o.count++
	o.first = make(chan struct{})
	var ctx context.Context
	ctx, o.cancel = context.WithCancel(context.Background())
	o.err = err
	first := o.first
	o.attempt.Go(func() {
		defer crash.Guard()
		o.last(ctx, err, first, reach)
	})
}

// last waits until the outage is over or ctx is done. It closes first after one attempt.
func (o *outage) last(ctx context.Context, err error, first chan struct{}, reach func(ctx context.Context) error) {
	over := o.over(ctx, reach)
	close(first)
	if over {
		o.tell(err, true)
		return
	}
	if ctx.Err() == nil {
		o.tell(err, false)
	}
	for pause := firstPause; !over && ctx.Err() == nil; pause = min(2*pause, lastPause) {
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		over = o.over(ctx, reach)
	}
	if over {
		o.tell(nil, true)
	}
}

// over calls reach, ends the outage if it succeeds, and reports whether it does.
func (o *outage) over(ctx context.Context, reach func(ctx context.Context) error) bool {
	if reach(ctx) != nil || ctx.Err() != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = nil
	o.cancel()
	return true
}

func (o *outage) tell(err error, reachable bool) {
	o.mu.Lock()
	report := o.report
	o.mu.Unlock()
	if report != nil {
		report(err, reachable)
	}
}

// close ends the attempts to reach the database.
func (o *outage) close() {
	o.mu.Lock()
	o.closed = true
	if o.cancel != nil {
		o.cancel()
	}
	o.mu.Unlock()
	o.attempt.Wait()
}

// reach returns nil if the database answers, whatever it says.
func (s *Store) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	if err := failure(s.probe(ctx, tables[0])); errors.Is(err, ErrOutage) || errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

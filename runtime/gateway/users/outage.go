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
	err     error // of the call that failed; nil without an outage
	report  func(err error)
	closed  bool
	cancel  context.CancelFunc // ends the attempts
	attempt sync.WaitGroup
}

// Measure makes m measure the statements.
func (s *Store) Measure(m *meter.Backend) { s.db.Measure(m) }

// Watch sets the function that is called with an error if the database cannot be reached any
// more, and with nil when it can again. After a single failure it may be called with nil only.
// The function replaces an earlier one.
func (s *Store) Watch(report func(err error)) {
	s.outage.mu.Lock()
	defer s.outage.mu.Unlock()
	s.outage.report = report
}

// now returns the error of the outage, or nil.
func (o *outage) now() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// start begins an outage, unless one has begun. reach is called until it succeeds.
func (o *outage) start(err error, reach func(ctx context.Context) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil || o.closed {
		return
	}
	var ctx context.Context
	ctx, o.cancel = context.WithCancel(context.Background())
	o.err = err
	o.attempt.Go(func() {
		defer crash.Guard()
		o.last(ctx, err, reach)
	})
}

// last waits until the outage is over or ctx is done. An outage that is over at the first
// attempt is not reported.
func (o *outage) last(ctx context.Context, err error, reach func(ctx context.Context) error) {
	reported := false
	for pause := firstPause; reach(ctx) != nil && ctx.Err() == nil; pause = min(2*pause, lastPause) {
		if !reported {
			o.tell(err)
			reported = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	if ctx.Err() != nil {
		return
	}
	o.mu.Lock()
	o.err = nil
	o.cancel()
	o.mu.Unlock()
	o.tell(nil)
}

func (o *outage) tell(err error) {
	o.mu.Lock()
	report := o.report
	o.mu.Unlock()
	if report != nil {
		report(err)
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

package component

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sirupsen/logrus"
)

// The pauses between two attempts grow from firstPause by doubling. A random part, up to
// a quarter, spreads components that failed together.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 10 * time.Second
	// permanentPause is the longest pause after an error that only the admin can remove.
	permanentPause = time.Minute
	// stableAfter is how long a connection must last for the pauses to start over.
	stableAfter = time.Minute
)

// Run connects, logs in and serves the connection, and connects again whenever that
// fails, until ctx is done or Close is called. It then returns nil, and Send still works
// until Close. It returns the *Error of its first attempt if FirstFailed wants that. Run
// may be called once.
func (c *Component) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !c.begin(cancel) {
		return nil
	}
	defer close(c.runDone)
	o := outage{c: c}
	for attempt := 0; ; attempt++ {
		connected, err := c.session(ctx, &o)
		if err == nil {
			return nil
		}
		if attempt == 0 && connected == 0 && c.opts.FirstFailed != nil && c.opts.FirstFailed(err) {
			return err
		}
		if !o.wait(ctx, err, connected) {
			return nil
		}
	}
}

// begin returns false if the component is closed.
func (c *Component) begin(interrupt context.CancelFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		panic("component: Run is called twice")
	}
	if c.closed {
		return false
	}
	c.running, c.interrupt, c.runDone = true, interrupt, make(chan struct{})
	return true
}

// session serves one connection. It returns how long it has lasted and why it has ended,
// or nil if ctx is done.
func (c *Component) session(ctx context.Context, o *outage) (time.Duration, error) {
	s, err := c.connect(ctx)
	if ctx.Err() != nil {
		if s != nil {
			_ = s.conn.Close()
		}
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	began := time.Now()
	c.proven = true
	c.attach(s)
	o.over()
	s.start()
	if c.opts.Up != nil {
		c.opts.Up()
	}
	err = s.read(ctx)
	if err == nil {
		return time.Since(began), nil // Close ends the stream
	}
	c.detach(s, err)
	if c.opts.Down != nil {
		c.opts.Down(err)
	}
	return time.Since(began), err
}

func (c *Component) attach(s *stream) {
	c.mu.Lock()
	c.stream = s
	c.mu.Unlock()
	c.out.setOnline(true)
}

// detach ends a stream after an error, and puts back what the server has not confirmed.
func (c *Component) detach(s *stream, err error) {
	c.mu.Lock()
	c.stream = nil
	c.mu.Unlock()
	s.end()
	<-s.writerDone
	c.out.setOnline(false)
	c.out.reconnect(time.Now(), judge(err))
}

// judge returns whether a stanza may have ended a connection.
func judge(err error) verdict {
	var e *Error
	switch {
	case !errors.As(err, &e):
	case errors.Is(e, ErrTimeout):
		return stalled
	case e.Condition != "" && !innocent[e.Condition]:
		return blamed
	case e.Condition != "":
		return stalled
	}
	return unknown
}

// outage is the time without a connection.
type outage struct {
	c        *Component
	since    time.Time // zero with a connection
	attempts int       // in a row, for the pauses
	failed   int       // attempts of this outage
	logged   map[*Cause]bool
}

// wait logs an error and waits until the next attempt. It returns false if ctx is done.
func (o *outage) wait(ctx context.Context, err error, connected time.Duration) bool {
	if o.since.IsZero() {
		o.since, o.logged, o.failed = time.Now(), map[*Cause]bool{}, 0
	}
	if connected >= stableAfter {
		o.attempts = 0
	}
	o.log(err)
	pause := o.pause(err)
	o.attempts++
	o.failed++
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (o *outage) pause(err error) time.Duration {
	longest := longestPause
	var e *Error
	if errors.As(err, &e) && e.Permanent() {
		longest = permanentPause
	}
	pause := firstPause
	for n := o.attempts; n > 0 && pause < longest; n-- {
		pause *= 2
	}
	pause = min(pause, longest)
	return pause - time.Duration(rand.Float64()/4*float64(pause))
}

// log logs the first error of an outage. Of later ones it logs those that only the admin
// can remove.
func (o *outage) log(err error) {
	var e *Error
	if !errors.As(err, &e) || o.logged[e.Cause] || len(o.logged) > 0 && !e.Permanent() && !errors.Is(e, ErrConflict) {
		return
	}
	o.logged[e.Cause] = true
	log := o.c.log.WithField("error", err.Error())
	if hint := e.Hint(); hint != "" {
		log = log.WithField("hint", hint)
	}
	log.Warn("no connection to the XMPP server; retrying")
}

// over logs that there is a connection.
func (o *outage) over() {
	fields := logrus.Fields{}
	if l := o.c.out.report(); l != (losses{}) {
		for name, n := range map[string]int{"sent_again": l.again, "dropped": l.dropped, "refused": l.poison} {
			if n > 0 {
				fields[name] = n
			}
		}
	}
	switch {
	case !o.since.IsZero():
		fields["after"] = time.Since(o.since).Round(time.Millisecond).String()
		fields["attempts"] = o.failed + 1
		o.c.log.WithFields(fields).Info("connected to the XMPP server again")
	default:
		o.c.log.Info("connected to the XMPP server")
	}
	o.since = time.Time{}
}

package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Function makes the content of a file: it writes it to w. It runs when somebody opens the
// address, for all who open it meanwhile. ctx ends when they have left, or when it makes no
// progress.
type Function func(ctx context.Context, w io.Writer) error

// Limits of functions.
const (
	maxFunctions = 10_000           // that exist
	maxRuns      = 16               // that run at the same time; further readers get 503
	lingerTime   = 10 * time.Second // that a function continues without readers: players open a file several times
	defaultStall = 60 * time.Second // without progress
	growBy       = 1 << 20          // bytes that are reserved at a time
)

// Errors of functions.
var (
	ErrFunctions = fmt.Errorf("there are already %d files that functions make", maxFunctions)

	errReadersLeft = errors.New("nobody reads the file any more")
	errStalled     = errors.New("the function made no progress (timeout)")
	errBusy        = errors.New("too many functions run")
	errGone        = errors.New("the function does not exist any more")
)

// FunctionOptions are the options of AddFunction.
type FunctionOptions struct {
	// Keep stores the file until it expires, so the function succeeds only once. Without
	// it, the function runs again for later readers.
	Keep bool
	// Stall is how long the function may make no progress. 0 means a minute.
	Stall time.Duration
	// Done is called when the function cannot be called again. It must not block.
	Done func()
}

// AddFunction shares a file that a function makes. drop makes the address answer 410 from
// then on, and the end of the process does so, too.
func (s *Service) AddFunction(ctx context.Context, m Meta, run Function, fo FunctionOptions) (f File, drop func(), err error) {
	o, base, err := s.begin(m)
	if err != nil {
		return File{}, nil, err
	}
	e := s.newEntry(m, nil, stateFunction, o)
	e.Size = 0
	d := &demand{service: s, token: e.Token, owner: e.Owner, expires: e.Expires, size: m.Size, run: run, options: fo}
	if err := s.demands.add(d); err != nil {
		return File{}, nil, err
	}
	if err := o.index.add(ctx, e, s.limits()); err != nil {
		s.demands.drop(e.Token)
		return File{}, nil, plain(err)
	}
	return File{URL: address(base, e.Token, e.Name), Name: e.Name, Type: e.Type, Size: m.Size},
		func() { s.demands.drop(e.Token) }, nil
}

// demands are the functions of this process.
type demands struct {
	mu     *sync.Mutex
	all    map[string]*demand
	places chan struct{}
}

func newDemands() demands {
	return demands{mu: new(sync.Mutex), all: map[string]*demand{}, places: make(chan struct{}, maxRuns)}
}

func (ds demands) add(d *demand) error {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.all) >= maxFunctions {
		return ErrFunctions
	}
	ds.all[d.token] = d
	return nil
}

func (ds demands) get(token string) *demand {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.all[token]
}

// drop removes a function. Readers that have begun get the rest.
func (ds demands) drop(token string) {
	ds.mu.Lock()
	d := ds.all[token]
	delete(ds.all, token)
	ds.mu.Unlock()
	if d != nil {
		d.end()
	}
}

func (ds demands) close() {
	ds.mu.Lock()
	var tokens []string
	for token := range ds.all {
		tokens = append(tokens, token)
	}
	ds.mu.Unlock()
	for _, token := range tokens {
		ds.drop(token)
	}
}

// demand is a function and what it has made.
type demand struct {
	service *Service
	token   string
	owner   string
	expires time.Time
	size    int64 // -1 if it is unknown
	run     Function
	options FunctionOptions

	mu      sync.Mutex
	current *download // nil if the function does not run and nothing is stored
	ended   bool
}

// end makes the function unavailable for new readers.
func (d *demand) end() {
	d.mu.Lock()
	ended, current := d.ended, d.current
	d.ended = true
	d.mu.Unlock()
	if ended {
		return
	}
	if current != nil {
		current.release(nil)
	}
	if d.options.Done != nil {
		d.options.Done()
	}
}

// join returns the running download with one more reader, and begins it if needed. The
// caller calls leave.
func (d *demand) join() (*download, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return nil, errGone
	}
	if d.current != nil && d.current.enter() {
		return d.current, nil
	}
	select {
	case d.service.demands.places <- struct{}{}:
	default:
		return nil, errBusy
	}
	w, err := d.begin()
	if err != nil {
		<-d.service.demands.places
		return nil, err
	}
	d.current = w
	return w, nil
}

// begin starts the function. d.mu is held.
func (d *demand) begin() (*download, error) {
	o, err := d.service.use()
	if err != nil {
		return nil, err
	}
	_ = os.Remove(o.path(d.token)) // of a run that ended with the process
	f, err := os.OpenFile(o.path(d.token), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, plain(err)
	}
	w := &download{demand: d, opened: o, file: f, readers: 1, held: true, more: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancelCause(d.service.ctx)
	stall := d.options.Stall
	if stall <= 0 {
		stall = defaultStall
	}
	w.stall = stall
	w.watch = d.service.clock.AfterFunc(stall, func() { w.cancel(errStalled) })
	if !d.service.background(w.work) {
		w.watch.Stop()
		w.cancel(ErrClosed)
		return nil, errors.Join(ErrClosed, f.Close(), os.Remove(f.Name()))
	}
	return w, nil
}

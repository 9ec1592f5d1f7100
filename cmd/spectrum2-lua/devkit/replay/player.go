package replay

import (
	"context"
	"errors"
	"sync"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/task"
)

const (
	// grace is the time for work elsewhere, such as other servers, before the clock
	// advances.
	grace = 200 * time.Millisecond
	// still is the shortest pause in the record for which the clock advances.
	still = 10 * time.Millisecond
	// maxVain limits the number of futile waits for the answers of one user.
	maxVain = 5
)

// answer is a message of the script.
type answer struct {
	user    string
	typ     pb.WrapperMessage_Type
	payload []byte
}

// player plays one run. One goroutine uses it, except for trace.
type player struct {
	opts  Options
	run   *harness.Harness
	clock *clock.Movable // nil if the script uses real time
	began time.Time

	now      time.Duration // the time in the record
	latest   time.Duration // the time of the last expected answer
	wanted   map[string]int
	forgiven map[string]int // missing answers that settle no longer waits for
	vain     map[string]int // futile waits by user

	mu      sync.Mutex
	answers []answer
	got     map[string]int
	news    chan struct{} // closed when an answer arrives; nil if nobody waits
}

func newPlayer(o Options) *player {
	return &player{opts: o, wanted: map[string]int{}, forgiven: map[string]int{}, vain: map[string]int{}, got: map[string]int{}}
}

// open starts the backend in the home of the record.
func (p *player) open(ctx context.Context, home string) (err error) {
	o := harness.Options{
		Path: p.opts.Path, Companion: true, Log: p.opts.Log,
		Settings: []config.Override{{Key: "lua.record", Value: "off"}},
		Spectrum: simulator.Options{Trace: p.trace, Timeout: time.Minute, KeepFrames: 100, Gateway: home != record.HomeSpectrum},
	}
	if p.opts.Speed == 0 {
		p.clock = clock.NewMovable(func(ctx context.Context) { task.Settle(ctx, p.run.Scheduler()) })
		o.Clock = p.clock
	}
	p.began = time.Now()
	p.run, err = harness.Open(ctx, o)
	return err
}

// close stops the backend. An error of its end does not matter.
func (p *player) close() { _ = p.run.Close() }

// trace receives a frame from the simulator.
func (p *player) trace(f simulator.Frame) {
	if f.Direction != simulator.FromBackend || f.Type == pb.WrapperMessage_TYPE_PONG || f.Type == pb.WrapperMessage_TYPE_STATS {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = append(p.answers, answer{f.User, f.Type, f.Payload})
	p.got[f.User]++
	if p.news != nil {
		close(p.news)
		p.news = nil
	}
}

func (p *player) taken() []answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers
}

// expect adds an answer of the record to those that settle waits for.
func (p *player) expect(e record.Entry) {
	p.wanted[e.User()]++
	p.latest = max(p.latest, e.Time)
}

// lacking returns the users with missing answers. p.mu is held.
func (p *player) lacking() (users []string) {
	for user, wanted := range p.wanted {
		if p.got[user]+p.forgiven[user] < wanted {
			users = append(users, user)
		}
	}
	return users
}

// catchUp waits for the answers that the record has before time t, and then advances the
// clock to t.
func (p *player) catchUp(ctx context.Context, t time.Duration) error {
	if p.ended() {
		return nil
	}
	defer func() { p.now = max(p.now, t) }()
	if p.clock == nil {
		pause := time.NewTimer(time.Until(p.began.Add(time.Duration(float64(t) / p.opts.Speed))))
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		return p.settle(ctx, 0)
	}
	if err := p.settle(ctx, p.latest); err != nil || t-p.now < still {
		return err
	}
	return p.advance(ctx, t)
}

// settle waits for missing answers. If they do not arrive, it advances the clock to t.
func (p *player) settle(ctx context.Context, t time.Duration) error {
	if p.here() {
		return nil
	}
	if err := p.rest(ctx); err != nil || p.here() {
		return err
	}
	if p.clock != nil && t-p.now >= still {
		if done, err := p.await(ctx, min(grace, p.patience())); done || err != nil {
			return err
		}
		if err := p.advance(ctx, t); err != nil || p.here() {
			return err
		}
	}
	if done, err := p.await(ctx, p.patience()); done || err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, user := range p.lacking() {
		p.forgiven[user] = p.wanted[user] - p.got[user]
		p.vain[user]++
	}
	return nil
}

// here reports whether all expected answers have arrived.
func (p *player) here() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lacking()) == 0
}

// patience returns how long to wait for missing answers. It is short for users with futile
// waits, and when the script is idle.
func (p *player) patience() (longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, user := range p.lacking() {
		switch vain := p.vain[user]; {
		case vain == 0:
			return p.opts.Patience
		case vain < maxVain:
			longest = p.opts.Patience / 10
		}
	}
	return longest
}

// await waits until all answers have arrived, at most for d.
func (p *player) await(ctx context.Context, d time.Duration) (done bool, err error) {
	late := time.NewTimer(d)
	defer late.Stop()
	for {
		p.mu.Lock()
		if len(p.lacking()) == 0 {
			p.mu.Unlock()
			return true, nil
		}
		if p.news == nil {
			p.news = make(chan struct{})
		}
		news := p.news
		p.mu.Unlock()
		select {
		case <-news:
		case <-late.C:
			return false, nil
		case <-p.run.Spectrum.Done():
			return p.here(), nil // the last answer may arrive with the end
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// advance sets the script's clock to a time in the record.
func (p *player) advance(ctx context.Context, t time.Duration) error {
	if ahead := t - p.clock.Now().Sub(p.began); ahead > 0 {
		if err := p.clock.Advance(ctx, ahead); err != nil {
			return err
		}
	}
	return p.rest(ctx)
}

// rest waits until the script has handled all messages.
func (p *player) rest(ctx context.Context) error {
	if err := p.run.Spectrum.Ping(ctx); err != nil {
		return p.gone(ctx, err)
	}
	task.Settle(ctx, p.run.Scheduler())
	for {
		p.mu.Lock()
		if uint64(len(p.answers)) >= p.run.Sent() {
			p.mu.Unlock()
			return nil
		}
		if p.news == nil {
			p.news = make(chan struct{})
		}
		news := p.news
		p.mu.Unlock()
		select {
		case <-news:
		case <-p.run.Spectrum.Done():
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// feed sends a message to the script.
func (p *player) feed(ctx context.Context, e record.Entry) error {
	if e.Type == pb.WrapperMessage_TYPE_EXIT {
		return p.end(ctx)
	}
	if p.ended() {
		return errEnded
	}
	return p.gone(ctx, p.run.Spectrum.SendPayload(e.Type, e.Payload))
}

// end sends EXIT and collects the remaining answers.
func (p *player) end(ctx context.Context) error {
	if p.ended() {
		return nil
	}
	if err := p.rest(ctx); err != nil {
		return err
	}
	return p.gone(ctx, p.run.Spectrum.Exit(ctx))
}

// ended reports whether the backend has ended.
func (p *player) ended() bool {
	select {
	case <-p.run.Spectrum.Done():
		return true
	default:
		return false
	}
}

// gone returns the error for a failed send: errEnded if the backend has ended.
func (p *player) gone(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case p.ended() || errors.Is(err, simulator.ErrEnded):
		return errEnded
	}
	return err
}

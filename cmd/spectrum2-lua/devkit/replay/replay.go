// Package replay has a script hear again what Spectrum said in a record, and
// tells where its answers are others than they were.
package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/pb"
	"spectrumlua/runtime/record"
)

// DefaultPatience is the default of Options.Patience.
const DefaultPatience = 2 * time.Second

// Options say how a run is played. Path must be given.
type Options struct {
	// Path is a script or a transport's config file.
	Path string
	// Patience is how long an answer is waited for that does not come, in real
	// time; default DefaultPatience.
	Patience time.Duration
	// Speed is how fast time goes, 1 as it went. By default nothing waits: the
	// script's clock is moved on to when something happened, so that its timers
	// fire as they did.
	Speed float64
	// Ignore are fields whose values do not count: "nickname", or
	// "conv_message.nickname" in one type alone.
	Ignore []string
	// Log is called with each line of the backend's log, Note with what cannot
	// be replayed as it was; either may be nil.
	Log  func(harness.Line)
	Note func(where, text string)
}

// Result is what came of a replay.
type Result struct {
	// Fed counts Spectrum's messages, Same the answers that were as recorded.
	Fed, Same int
	// Users counts those who were named.
	Users int
	// Beyond counts answers that may have been cut off in the record.
	Beyond int
	// Differences, each user's in order.
	Differences []Difference
}

// Run plays a run. The error is that of the config or the script, or ctx's.
func Run(ctx context.Context, run record.Run, o Options) (*Result, error) {
	if o.Patience <= 0 {
		o.Patience = DefaultPatience
	}
	if o.Note == nil {
		o.Note = func(string, string) {}
	}
	p := newPlayer(o)
	if err := p.open(ctx); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	defer p.close()
	if err := p.run.LoadError(); err != nil {
		return nil, fmt.Errorf("the script does not load: %w", err)
	}
	if run.Header.Part > 1 {
		o.Note(fmt.Sprintf("%s:%d", run.Name, run.Line), "the run's beginning is not in this file: what belongs to users who were logged in before finds no session")
	}
	fed, err := p.play(ctx, run)
	if err != nil {
		return nil, err
	}
	result := compare(run, p.taken(), o.Ignore)
	result.Fed = fed
	return result, nil
}

// play feeds what Spectrum said, and collects the answers.
func (p *player) play(ctx context.Context, run record.Run) (fed int, err error) {
	exit := false
	for _, e := range run.Entries {
		switch {
		case e.Event != "":
			p.event(e)
		case e.Out:
			p.expect(e)
		case e.LeftOut:
			p.opts.Note(e.Where(), "this message is not in the record, since there may be a secret in it: it is passed over")
		default:
			if err := p.catchUp(ctx, e.Time); err != nil {
				return fed, err
			}
			if err := p.feed(ctx, e); err != nil {
				return fed, err
			}
			exit = exit || e.Type == pb.WrapperMessage_TYPE_EXIT
			fed++
		}
	}
	if err := p.catchUp(ctx, p.latest); err != nil || p.ended() {
		return fed, err
	}
	if run.Whole && !exit {
		return fed, p.end(ctx)
	}
	return fed, p.rest(ctx) // an answer too many may have been taken for the last one
}

// event tells of what a replay cannot repeat.
func (p *player) event(e record.Entry) {
	switch e.Event {
	case record.EventLoaded:
		if e.Generation > 1 {
			p.opts.Note(e.Where(), "the script was loaded anew here; the replay has only one script")
		}
	case record.EventFailed:
		p.opts.Note(e.Where(), "the script did not load here: "+e.Error)
	case record.EventLost:
		p.opts.Note(e.Where(), fmt.Sprintf("%d messages are missing here because the disk was too slow: later answers may differ", e.Messages))
	}
}

// errEnded means that the backend ended before the record.
var errEnded = errors.New("the backend ended before the record")

// Package replay sends the messages of Spectrum in a record to a script again, and
// compares the script's answers with those in the record.
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

// Options are the options of Run. Path is required.
type Options struct {
	// Path is a script or a transport's config file.
	Path string
	// Patience is how long Run waits for a missing answer, in real time; default:
	// DefaultPatience.
	Patience time.Duration
	// Speed is how fast time passes; 1 is the speed of the record. 0 does not wait: Run
	// advances the script's clock, so that timers fire at the recorded times.
	Speed float64
	// Ignore lists fields whose values do not matter: "nickname" for all types, or
	// "conv_message.nickname" for one.
	Ignore []string
	// Log receives each line of the backend's log. Note receives a message about each
	// part of the record that Run cannot replay. Both may be nil.
	Log  func(harness.Line)
	Note func(where, text string)
}

// Result is the result of a replay.
type Result struct {
	// Fed counts the messages of Spectrum, Same the answers that match the record.
	Fed, Same int
	// Users counts the users in the record.
	Users int
	// Beyond counts answers after the end of a truncated record.
	Beyond int
	// Differences are grouped by user.
	Differences []Difference
}

// Run replays a run. It returns an error of the config, of the script or of ctx.
func Run(ctx context.Context, run record.Run, o Options) (*Result, error) {
	if o.Patience <= 0 {
		o.Patience = DefaultPatience
	}
	if o.Note == nil {
		o.Note = func(string, string) {}
	}
	p := newPlayer(o)
	if err := p.open(ctx, run.Header.Home); err != nil {
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
		o.Note(fmt.Sprintf("%s:%d", run.Name, run.Line), "the beginning of the run is not in this file: messages of users who logged in before find no session")
	}
	fed, err := p.play(ctx, run)
	if err != nil {
		return nil, err
	}
	result := compare(run, p.taken(), o.Ignore)
	result.Fed = fed
	return result, nil
}

// play sends the messages of Spectrum and collects the answers.
func (p *player) play(ctx context.Context, run record.Run) (fed int, err error) {
	exit := false
	for _, e := range run.Entries {
		switch {
		case e.Event != "":
			p.event(e)
		case e.Out:
			p.expect(e)
		case e.LeftOut:
			p.opts.Note(e.Where(), "the record omits this message because it may contain a secret: replay skips it")
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
	return fed, p.rest(ctx) // wait for answers that the record does not have
}

// event reports events that a replay cannot repeat.
func (p *player) event(e record.Entry) {
	switch e.Event {
	case record.EventLoaded:
		if e.Generation > 1 {
			p.opts.Note(e.Where(), "the script was reloaded here; replay has only one script")
		}
	case record.EventFailed:
		p.opts.Note(e.Where(), "the script did not load here: "+e.Error)
	case record.EventLost:
		p.opts.Note(e.Where(), fmt.Sprintf("%d messages are missing here because the disk was too slow: later answers may differ", e.Messages))
	}
}

// errEnded means that the backend ended before the record.
var errEnded = errors.New("the backend ended before the record")

package dashboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

const (
	// askTime limits the requests to one process in a sample.
	askTime = 3 * time.Second
	// lookedFor is how long after a look the errors and the log are still asked for.
	lookedFor = time.Minute
	// logLines is the number of lines that a process is asked for.
	logLines = 100
)

// process is the answer of a process.
type process struct {
	admin.Process
	file     string // its config file
	at       time.Time
	problem  string // why it did not answer
	failures []admin.Failure
	lines    []logging.Line
	times    handlerTimes
	rate     float64 // messages in a second; NaN if unknown
	latency  float64 // mean time of a handler in seconds; NaN if unknown
}

// key identifies a process. Process ids are used again.
func (p *process) key() string {
	return fmt.Sprint(p.JID, " ", p.PID, " ", p.Started.Format(time.RFC3339Nano))
}

// state is what a dashboard knows.
type state struct {
	at         time.Time
	processes  []process
	names      map[string]string   // JIDs by config files
	problem    string              // of finding the processes
	transports map[string]*history // by JID
	activity   []event             // the newest first
}

// sample asks all processes and adds their answers to the history.
func (d *Dashboard) sample(ctx context.Context) {
	d.sampling.Lock()
	defer d.sampling.Unlock()
	d.mu.Lock()
	details := len(d.streams) > 0 || time.Since(d.viewed) < lookedFor
	d.mu.Unlock()
	found, transports, err := live.Find(d.opts.Files)
	defer live.Close(found)
	answers := make([]process, len(found))
	for i, err := range live.Each(ctx, found, func(ctx context.Context, i int, b live.Backend) error {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		return answers[i].ask(ctx, b, details)
	}) {
		if err != nil {
			answers[i].problem = err.Error()
			answers[i].JID, answers[i].PID = found[i].JID, found[i].Socket().PID
		}
		answers[i].file = found[i].File
	}
	if ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.names = namesOf(transports)
	d.state.add(time.Now(), answers, err)
	d.wake()
}

// wake shows the state on all open pages. d.mu is held.
func (d *Dashboard) wake() {
	for stream := range d.streams {
		select {
		case stream <- struct{}{}:
		default: // it has not shown the last sample yet
		}
	}
}

// namesOf returns the JIDs of transports by their config files.
func namesOf(transports []live.Transport) map[string]string {
	names := map[string]string{}
	for _, t := range transports {
		names[t.File] = t.JID
	}
	return names
}

// ask asks a process. A process of another version may lack a route.
func (p *process) ask(ctx context.Context, b live.Backend, details bool) error {
	if err := b.Get(ctx, "/process", &p.Process); err != nil {
		return err
	}
	p.at = time.Now()
	wanted := []error{p.askTimes(ctx, b)}
	if details {
		wanted = append(wanted, b.Get(ctx, "/errors", &p.failures), b.Get(ctx, fmt.Sprint("/log?lines=", logLines), &p.lines))
	}
	for _, err := range wanted {
		var failed *admin.Error
		if err != nil && !errors.As(err, &failed) {
			return err
		}
	}
	return nil
}

// add adds a sample.
func (s *state) add(now time.Time, answers []process, problem error) {
	slices.SortStableFunc(answers, func(a, b process) int {
		return cmp.Or(strings.Compare(a.JID, b.JID), cmp.Compare(a.PID, b.PID))
	})
	before := map[string]*process{}
	for i := range s.processes {
		before[s.processes[i].key()] = &s.processes[i]
	}
	all := map[string]*sum{}
	for i := range answers {
		p := &answers[i]
		jid := all[p.JID]
		if jid == nil {
			jid = &sum{}
			all[p.JID] = jid
		}
		jid.add(p, before[p.key()])
	}
	for _, jid := range s.names {
		if s.transports[jid] == nil {
			s.transports[jid] = &history{} // without a process it has no users
		}
	}
	for jid := range all {
		if s.transports[jid] == nil {
			s.transports[jid] = &history{}
		}
	}
	for jid, h := range s.transports {
		h.add(now, all[jid])
	}
	if !s.at.IsZero() {
		s.compare(now, before, answers)
	}
	s.at, s.processes, s.problem = now, answers, ""
	if problem != nil {
		s.problem = problem.Error()
	}
}

// event is a line of the activity.
type event struct {
	At    time.Time
	Text  string
	Wrong bool
}

// maxEvents is the number of events that are kept.
const maxEvents = 20

// note adds an event.
func (s *state) note(e event) {
	s.activity = slices.Insert(s.activity, 0, e)
	s.activity = s.activity[:min(len(s.activity), maxEvents)]
}

// compare notes the changes since the last sample.
func (s *state) compare(now time.Time, before map[string]*process, answers []process) {
	alive := map[string]bool{}
	for i := range answers {
		p := &answers[i]
		alive[p.key()] = true
		old := before[p.key()]
		switch {
		case p.problem != "" && (old == nil || old.problem == ""):
			s.note(event{now, fmt.Sprintf("process %d of %s does not answer: %s", p.PID, p.JID, p.problem), true})
		case p.problem != "":
		case old == nil:
			s.note(event{now, fmt.Sprintf("process %d of %s runs", p.PID, p.JID), false})
		case p.Error != "" && p.Error != old.Error:
			s.note(event{now, fmt.Sprintf("process %d of %s cannot load the script: %s", p.PID, p.JID, p.Error), true})
		case p.Generation != old.Generation:
			s.note(event{now, fmt.Sprintf("process %d of %s: %s is generation %d", p.PID, p.JID, filepath.Base(p.Script), p.Generation), false})
		}
	}
	for i := range s.processes {
		if p := &s.processes[i]; !alive[p.key()] && p.problem == "" && !answered(answers, p) {
			s.note(event{now, fmt.Sprintf("process %d of %s has ended", p.PID, p.JID), true})
		}
	}
}

// answered reports whether a process that did not answer is p.
func answered(answers []process, p *process) bool {
	return slices.ContainsFunc(answers, func(a process) bool {
		return a.problem != "" && a.JID == p.JID && a.PID == p.PID
	})
}

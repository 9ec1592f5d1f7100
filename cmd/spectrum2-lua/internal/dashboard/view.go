package dashboard

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"spectrumlua/runtime/admin"
)

// Limits of the tables of the page.
const (
	maxProcesses = 200
	maxHandlers  = 12
	maxFailures  = 20
	maxLines     = 100
)

// view is the content of the page.
type view struct {
	Updated   time.Time
	Form      string // the secret of the buttons
	Levels    []string
	Problem   string
	Tiles     []tile
	Charts    []chart
	Processes []processRow
	// Hidden is the number of processes that the table leaves out.
	Hidden     int
	Transports []transportRow
	Handlers   []handlerRow
	Failures   []failureRow
	Lines      []lineRow
	Activity   []event
}

// tile is a figure of all transports.
type tile struct {
	Name, Value, Note string
	Wrong             bool
}

// processRow is a line of the table of processes.
type processRow struct {
	JID, Home, Version, Script           string
	PID, Generation, Users               int
	Memory, Uptime, Rate, Errors, Handle string
	Level                                string // of the log, if an admin has changed it
	Problem                              string
}

// transportRow has the buttons of a transport.
type transportRow struct {
	ID   int
	JID  string
	File string
	// Running is the number of its processes.
	Running int
	// Level is the log level of its processes.
	Level string
}

// handlerRow is a line of the table of slow handlers.
type handlerRow struct {
	JID, Name, Count, Mean, Within string
	mean                           time.Duration
}

// failureRow is an error of a script.
type failureRow struct {
	ID                                  string
	JID, At, What, User, Message, Trace string
	Count                               uint64
	Last                                time.Time
}

// lineRow is a line of the log.
type lineRow struct {
	At                         time.Time
	JID, Level, Category, Text string
	Class                      string // of the style
	PID                        int
}

// view returns the content of the page.
func (d *Dashboard) view() view {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &d.state
	v := view{Updated: s.at, Form: d.form, Levels: levels(), Problem: s.problem, Activity: slices.Clone(s.activity)}
	v.Tiles = s.tiles()
	for f := range figures {
		v.Charts = append(v.Charts, newChart(f, s.transports, s.at))
	}
	for i := range s.processes {
		if i == maxProcesses {
			v.Hidden = len(s.processes) - maxProcesses
			break
		}
		v.Processes = append(v.Processes, row(&s.processes[i], s.at))
	}
	v.Transports = s.rows(d.opts.Files)
	v.Handlers = s.slow()
	v.Failures = s.failures()
	v.Lines = s.lines()
	return v
}

// tiles returns the figures of all transports together.
func (s *state) tiles() []tile {
	var running, logged int
	var memory, failed uint64
	broken := 0
	for i := range s.processes {
		p := &s.processes[i]
		if p.problem != "" || p.Error != "" {
			broken++
		}
		if p.problem != "" {
			continue
		}
		running++
		logged += p.Users
		memory += uint64(max(p.Memory, 0))
		failed += p.Errors
	}
	rate, busy := math.NaN(), math.NaN()
	for _, h := range s.transports {
		if v := h.last[rates]; !math.IsNaN(v) {
			if math.IsNaN(rate) {
				rate = 0
			}
			rate += v
		}
		if v := h.last[latencies]; !(v <= busy) && !math.IsNaN(v) {
			busy = v
		}
	}
	state := tile{Name: "Processes", Value: fmt.Sprint(running), Note: "all scripts are loaded"}
	switch {
	case broken > 0:
		state.Note, state.Wrong = fmt.Sprintf("%d with a problem", broken), true
	case running == 0:
		state.Note = "Spectrum starts them at a login"
	}
	return []tile{
		state,
		{Name: "Users", Value: humanize.Comma(int64(logged)), Note: "logged in"},
		{Name: "Messages", Value: number(rate), Note: "per second"},
		{Name: "Handler time", Value: milliseconds(busy), Note: "slowest transport"},
		{Name: "Memory", Value: humanize.IBytes(memory), Note: "resident"},
		{Name: "Errors", Value: humanize.Comma(int64(min(failed, math.MaxInt64))), Note: "since the start", Wrong: failed > 0},
	}
}

// milliseconds returns a time in seconds with its unit, or a dash.
func milliseconds(seconds float64) string {
	if math.IsNaN(seconds) {
		return "–"
	}
	return number(seconds*1000) + " ms"
}

func row(p *process, now time.Time) processRow {
	r := processRow{JID: p.JID, PID: p.PID, Problem: p.problem}
	if p.problem != "" {
		return r
	}
	r.Home, r.Version, r.Script, r.Generation, r.Users = p.Home, p.Version, filepath.Base(p.Script), p.Generation, p.Users
	r.Memory, r.Uptime = humanize.IBytes(uint64(max(p.Memory, 0))), uptime(now.Sub(p.Started))
	r.Rate, r.Handle, r.Errors = number(p.rate), milliseconds(p.latency), fmt.Sprint(p.Errors)
	r.Level, r.Problem = p.LogLevel, p.Error
	return r
}

// uptime returns a duration with its largest unit, and half of them.
func uptime(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}} {
		if d >= 2*unit.size {
			return fmt.Sprintf("%d %s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d s", max(d, 0)/time.Second)
}

// rows returns the transports with their buttons.
func (s *state) rows(files []string) []transportRow {
	var all []transportRow
	for i, file := range files {
		r := transportRow{ID: i, File: file, JID: cmp.Or(s.names[file], filepath.Base(file)), Level: admin.ConfigLevel}
		for j := range s.processes {
			p := &s.processes[j]
			if p.file != file {
				continue
			}
			r.Running++
			if p.LogLevel != "" {
				r.Level = p.LogLevel
			}
		}
		all = append(all, r)
	}
	return all
}

// slow returns the handlers of the last hour, the slowest first.
func (s *state) slow() []handlerRow {
	var all []handlerRow
	for jid, h := range s.transports {
		for name, t := range h.handlers() {
			within := "more"
			if bound := t.within(0.95); !math.IsInf(bound, 0) {
				within = "≤ " + milliseconds(bound)
			}
			all = append(all, handlerRow{
				JID: jid, Name: name, Count: humanize.Comma(int64(min(t.count, math.MaxInt64))),
				Mean: milliseconds(t.mean().Seconds()), Within: within, mean: t.mean(),
			})
		}
	}
	slices.SortFunc(all, func(a, b handlerRow) int {
		return cmp.Or(cmp.Compare(b.mean, a.mean), strings.Compare(a.JID, b.JID), strings.Compare(a.Name, b.Name))
	})
	return all[:min(len(all), maxHandlers)]
}

// failures returns the errors of all scripts, the newest first.
func (s *state) failures() []failureRow {
	var all []failureRow
	for i := range s.processes {
		p := &s.processes[i]
		for _, f := range p.failures {
			all = append(all, failureRow{
				ID:  fmt.Sprint("failure ", p.JID, " ", p.PID, " ", f.At, " ", f.What),
				JID: p.JID, At: f.At, What: f.What, User: f.User, Message: f.Message, Trace: f.Traceback, Count: f.Count, Last: f.Last,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b failureRow) int { return b.Last.Compare(a.Last) })
	return all[:min(len(all), maxFailures)]
}

// lines returns the newest lines of all logs, the newest first.
func (s *state) lines() []lineRow {
	var all []lineRow
	for i := range s.processes {
		p := &s.processes[i]
		for _, l := range slices.Backward(p.lines) {
			all = append(all, lineRow{l.Time, p.JID, l.Level, l.Category, l.Text, strings.ToLower(l.Level), p.PID})
		}
	}
	slices.SortStableFunc(all, func(a, b lineRow) int { return b.At.Compare(a.At) })
	return all[:min(len(all), maxLines)]
}

// Package top is the command spectrum2-lua top: a live view of the processes of one
// transport, as a table or on a terminal.
package top

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/admin"
)

// askTime limits a request to a process, which may be busy.
const askTime = 5 * time.Second

// Options select what is shown.
type Options struct {
	File string
	PID  int // 0: all processes
	// Order is the order of the users, and Filter a part of their JIDs.
	Order  admin.TopOrder
	Filter string
	// Rows is the number of rows of each table that a process sends.
	Rows int
	// Clean replaces the control characters of a text.
	Clean func(text string) string
	// Paint adds a style to a text, as the codes of ANSI terminals.
	Paint func(style, text string) string
}

// process is the state of one process at a time.
type process struct {
	admin.Top
	err  error
	at   time.Time
	rate float64 // messages of a second
	cpu  float64 // share of one processor; -1 if it is not known yet
}

// view is the state of all processes.
type view struct {
	jid       string
	at        time.Time
	processes []process
	users     []userRow
	tasks     []taskRow
	handlers  []admin.TopHandler
	matching  int
	taskCount int
}

// userRow and taskRow are rows with the process that they belong to.
type (
	userRow struct {
		admin.TopUser
		pid int
	}
	taskRow struct {
		admin.TopTask
		pid int
	}
)

// ask asks all processes. before is the view before, for rates; it may be nil.
func ask(ctx context.Context, o Options, all []live.Backend, before *view) *view {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	query := url.Values{
		"users": {strconv.Itoa(o.Rows)}, "tasks": {strconv.Itoa(o.Rows)},
		"sort": {o.Order.Column}, "filter": {o.Filter},
	}
	v := &view{processes: make([]process, len(all))}
	errs := live.Each(ctx, all, func(ctx context.Context, i int, b live.Backend) error {
		err := b.Get(ctx, "/top?"+query.Encode(), &v.processes[i].Top)
		v.processes[i].at = time.Now()
		return err
	})
	for i := range v.processes {
		p := &v.processes[i]
		p.PID, p.err = all[i].Socket().PID, errs[i]
		v.jid = all[i].JID
		p.since(before)
	}
	v.at = time.Now()
	v.merge(o)
	return v
}

// since sets the rates since an earlier view.
func (p *process) since(before *view) {
	p.cpu = -1
	if before == nil || p.err != nil {
		return
	}
	for _, old := range before.processes {
		took := p.at.Sub(old.at).Seconds()
		if old.PID != p.PID || old.err != nil || took <= 0 {
			continue
		}
		p.cpu = max(p.CPU-old.CPU, 0) / took
		p.rate = max(float64(p.Received+p.Sent)-float64(old.Received+old.Sent), 0) / took
	}
}

// merge makes the tables of all processes.
func (v *view) merge(o Options) {
	index := map[string]int{}
	for _, p := range v.processes {
		if p.err != nil {
			continue
		}
		v.matching += p.Matching
		v.taskCount += p.TaskCount
		for _, u := range p.Users {
			v.users = append(v.users, userRow{u, p.PID})
		}
		for _, t := range p.Tasks {
			v.tasks = append(v.tasks, taskRow{t, p.PID})
		}
		for _, h := range p.Handlers {
			i, known := index[h.Name]
			if !known {
				index[h.Name] = len(v.handlers)
				v.handlers = append(v.handlers, h)
				continue
			}
			sum := &v.handlers[i].TopCPU
			sum.Share, sum.CPU, sum.Calls, sum.Longest = sum.Share+h.Share, sum.CPU+h.CPU, sum.Calls+h.Calls, max(sum.Longest, h.Longest)
		}
	}
	slices.SortStableFunc(v.users, func(a, b userRow) int { return o.Order.Compare(&a.TopUser, &b.TopUser) })
	slices.SortStableFunc(v.tasks, func(a, b taskRow) int { return cmp.Compare(b.For, a.For) })
	slices.SortStableFunc(v.handlers, func(a, b admin.TopHandler) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.CPU, a.CPU), cmp.Compare(a.Name, b.Name))
	})
}

// onceTime is how long Once measures.
const onceTime = time.Second

// Once measures for a second and prints all tables.
func Once(ctx context.Context, o Options, print func(line string)) error {
	all, err := live.Of(o.File, o.PID)
	if err != nil {
		return err
	}
	defer live.Close(all)
	before := ask(ctx, o, all, nil)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(onceTime):
	}
	v := ask(ctx, o, all, before)
	if err := v.failure(); err != nil {
		return err
	}
	for _, line := range v.header(o) {
		print(line)
	}
	for _, t := range []table{v.handlerTable(o), v.userTable(o), v.taskTable(o)} {
		print("")
		print(t.title)
		for i, line := range t.lines(0) {
			if i == 0 {
				line = o.Paint(bold, line)
			}
			print(line)
		}
	}
	return nil
}

// failure returns the errors of all processes if none has answered.
func (v *view) failure() error {
	var errs []error
	for _, p := range v.processes {
		if p.err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("process %d: %w", p.PID, p.err))
	}
	return errors.Join(errs...)
}

package backend

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"spectrumlua/luabind"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

const (
	// defaultTopRows is the number of rows of each table of GET /top.
	defaultTopRows = 50
	// topLockTime is how long GET /top waits for the script lock.
	topLockTime = 500 * time.Millisecond
)

// topQuery are the parameters of GET /top.
type topQuery struct {
	users, tasks int
	order        admin.TopOrder
	filter       string
}

func readTopQuery(values url.Values) (q topQuery, err error) {
	q.filter = values.Get("filter")
	if q.users, err = number(values, "users", defaultTopRows, 0, admin.MaxTopRows); err != nil {
		return q, err
	}
	if q.tasks, err = number(values, "tasks", defaultTopRows, 0, admin.MaxTopRows); err != nil {
		return q, err
	}
	column := cmp.Or(values.Get("sort"), admin.TopOrders[0].Column)
	order, known := admin.TopOrderBy(column)
	if !known {
		return q, badRequest("sort=%s: unknown column", column)
	}
	q.order = order
	return q, nil
}

// number returns a parameter of a request.
func number(values url.Values, name string, otherwise, least, most int) (int, error) {
	text := values.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badRequest("%s=%s: a number from %d to %d expected", name, text, least, most)
	}
	return n, nil
}

func badRequest(format string, args ...any) error {
	return &admin.Error{Status: http.StatusBadRequest, Text: fmt.Sprintf(format, args...)}
}

// adminTop describes what the process does, and measures it for a while.
func (b *Backend) adminTop(r *admin.Request) (any, error) {
	q, err := readTopQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	measured := b.scheduler.Measure(admin.TopLease * time.Second)
	resident, _ := memory.Resident()
	status := b.host.Status()
	top := &admin.Top{
		PID: os.Getpid(), JID: b.opts.Config.JID(), LogLevel: b.opts.Admin.Logger.LevelName(), Memory: resident, CPU: cpuTime(),
		Errors: status.Errors, Generation: status.Generation, Received: b.received.sum(), Sent: b.Sent(), Queue: b.peer.Queued(),
		Measured: time.Since(measured.Since).Seconds(), Script: topCPU(measured.Total), Handlers: topHandlers(measured.Labels),
	}
	if t, since := b.scheduler.Running(); t != nil {
		top.Running = &admin.TopRunning{User: t.Owner().Name(), Name: luabind.LabelText(t.Label()), For: since.Seconds()}
	}
	b.topUsers(top, q)
	ctx, cancel := context.WithTimeout(r.Context(), topLockTime)
	defer cancel()
	var free bool
	top.Tasks, top.TaskCount, free = b.host.Tasks(ctx, q.tasks, q.filter)
	top.Locked = !free
	return top, nil
}

// cpuTime returns the processor time of the process in seconds.
func cpuTime() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func topCPU(u task.Usage) admin.TopCPU {
	return admin.TopCPU{Share: u.Share, CPU: u.CPU.Seconds(), Calls: u.Calls, Longest: u.Longest.Seconds()}
}

// topHandlers returns the rows of labels. Labels with the same text, such as those of
// generations of a script, become one row.
func topHandlers(labels []task.LabelUsage) []admin.TopHandler {
	rows := make([]admin.TopHandler, 0, len(labels))
	index := map[string]int{}
	for _, l := range labels {
		name, cpu := luabind.LabelText(&l.Label), topCPU(l.Usage)
		i, known := index[name]
		if !known {
			index[name] = len(rows)
			rows = append(rows, admin.TopHandler{Name: name, TopCPU: cpu})
			continue
		}
		row := &rows[i].TopCPU
		row.Share, row.CPU, row.Calls, row.Longest = row.Share+cpu.Share, row.CPU+cpu.CPU, row.Calls+cpu.Calls, max(row.Longest, cpu.Longest)
	}
	slices.SortFunc(rows, func(a, b admin.TopHandler) int {
		return cmp.Or(cmp.Compare(b.CPU, a.CPU), cmp.Compare(a.Name, b.Name))
	})
	return rows[:min(len(rows), admin.MaxTopRows)]
}

// topUsers fills in the users and the sums over them.
func (b *Backend) topUsers(top *admin.Top, q topQuery) {
	sessions := b.host.Sessions()
	all := sessions.Overviews()
	owners := make([]*task.Owner, 0, len(all)+1)
	for _, o := range all {
		owners = append(owners, o.Owner)
	}
	states := b.scheduler.States(append(owners, sessions.Process()))
	rows := make([]*admin.TopUser, 0, len(states))
	add := func(o session.Overview, s task.OwnerState) {
		row := &admin.TopUser{
			User: o.User, State: o.State, For: o.For.Seconds(), Retry: o.Retry.Seconds(), Failures: o.Failures,
			Messages: s.Queued + o.Backlog, Bytes: o.Bytes, Tasks: s.Tasks, TopCPU: topCPU(s.Usage),
		}
		top.Mailboxes += row.Messages
		top.Bytes += row.Bytes
		if o.State == session.StateRetry {
			top.Retries++
		}
		if strings.Contains(o.User, q.filter) {
			rows = append(rows, row)
		}
	}
	for i, o := range all {
		add(o, states[i])
	}
	add(session.Overview{For: time.Since(b.started)}, states[len(all)])
	slices.SortFunc(rows, q.order.Compare)
	top.Sessions, top.Matching = len(all), len(rows)
	top.Users = make([]admin.TopUser, 0, min(q.users, len(rows)))
	for _, row := range rows[:min(q.users, len(rows))] {
		top.Users = append(top.Users, *row)
	}
}

package luabind

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/stdlib"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// LabelText returns a label as text: on.login, or task poll (chat.lua:12).
func LabelText(l *task.Label) string {
	if l == nil || l.Kind == "" {
		return "other"
	}
	if l.Kind == "on" {
		return "on." + l.Name
	}
	proto, _ := l.Code.(*lua.FunctionProto)
	switch {
	case proto == nil && l.Name == "":
		return l.Kind
	case proto == nil:
		return l.Kind + " " + l.Name
	case l.Name == "":
		return fmt.Sprintf("%s %s:%d", l.Kind, proto.SourceName, proto.LineDefined)
	}
	return fmt.Sprintf("%s %s (%s:%d)", l.Kind, l.Name, proto.SourceName, proto.LineDefined)
}

// Tasks describes the handlers and tasks that have not returned and whose user contains
// filter: the limit ones that have waited longest, and the number of all. It waits for the
// script lock until ctx is done; ok is false then.
func (h *Host) Tasks(ctx context.Context, limit int, filter string) (rows []admin.TopTask, total int, ok bool) {
	if !h.inspecting.TryLock() {
		return nil, 0, false // an earlier call still waits
	}
	done := make(chan struct{})
	var found []admin.TopTask
	count := 0
	go func() {
		defer crash.Guard()
		defer close(done)
		defer h.inspecting.Unlock() // before the caller can call again
		h.opts.Scheduler.Do(func() { found, count = h.tasks(limit, filter) })
	}()
	select {
	case <-done:
		return found, count, true
	case <-ctx.Done():
		return nil, 0, false
	}
}

// calling is a task that has not returned from a call of the script.
type calling struct {
	task       *task.Task
	since      float64
	waits      bool
	generation int
}

// tasks is Tasks with the script lock. All tasks wait, so their threads do not change.
func (h *Host) tasks(limit int, filter string) (rows []admin.TopTask, total int) {
	var all []calling
	seen := map[*task.Task]bool{}
	for _, v := range h.vms() {
		for _, t := range v.calls {
			if seen[t] || !strings.Contains(t.Owner().Name(), filter) {
				continue
			}
			seen[t] = true
			c := calling{task: t}
			since, waits := t.Waits()
			c.since, c.waits = since.Seconds(), waits
			if v != h.vm {
				c.generation = v.generation
			}
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b calling) int {
		return cmp.Or(cmp.Compare(b.since, a.since), cmp.Compare(a.task.Owner().Name(), b.task.Owner().Name()))
	})
	rows = make([]admin.TopTask, 0, min(limit, len(all)))
	for _, c := range all[:min(limit, len(all))] {
		rows = append(rows, c.row())
	}
	return rows, len(all)
}

// row describes the call, with the script lock.
func (c calling) row() admin.TopTask {
	row := admin.TopTask{User: c.task.Owner().Name(), Name: LabelText(c.task.Label()), For: c.since}
	if c.generation > 0 {
		row.Name += fmt.Sprintf(" (generation %d)", c.generation)
	}
	if l, ok := c.task.Place.(*lua.LState); ok && c.waits {
		row.Place, row.Waits = stdlib.Where(l)
	}
	return row
}

// vms returns the VMs that are in memory: that of the script, and older ones. The caller
// holds the script lock.
func (h *Host) vms() []*vm {
	var all []*vm
	if h.vm != nil {
		all = append(all, h.vm)
	}
	return append(all, h.generations.oldVMs()...)
}

package top

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"spectrumlua/cmd/spectrum2-lua/internal/columns"
)

// Styles, as the codes of ANSI terminals.
const (
	bold    = "1"
	reverse = "7"
)

// header returns the line of each process.
func (v *view) header(o Options) []string {
	var lines []string
	for _, p := range v.processes {
		if p.err != nil {
			lines = append(lines, o.Clean(fmt.Sprintf("process %d: %v", p.PID, p.err)))
			continue
		}
		level := ""
		if p.LogLevel != "" {
			level = "  log level " + p.LogLevel
		}
		lines = append(lines, fmt.Sprintf(
			"process %d: generation %d  users %d  CPU %s  script %s  memory %s  messages/s %.1f  mailboxes %d (%s)  queue %s  retries %d  errors %d%s",
			p.PID, p.Generation, p.Sessions, percent(p.cpu), percent(p.Script.Share), size(p.Memory), p.rate,
			p.Mailboxes, size(p.Bytes), size(p.Queue), p.Retries, p.Errors, level))
		if r := p.Running; r != nil && r.For >= longRun.Seconds() {
			lines = append(lines, o.Clean(fmt.Sprintf("  %s of %s has been computing for %s", r.Name, who(r.User), span(r.For))))
		}
		if p.Locked {
			lines = append(lines, "  the script computes without waiting, so its tasks cannot be listed")
		}
	}
	return lines
}

// shortHeader returns the line of each process with the most important figures first.
func (v *view) shortHeader(o Options) []string {
	var lines []string
	for _, p := range v.processes {
		if p.err != nil {
			lines = append(lines, o.Clean(fmt.Sprintf("%d: %v", p.PID, p.err)))
			continue
		}
		lines = append(lines, fmt.Sprintf("%d: CPU %s  users %d  memory %s  errors %d", p.PID, percent(p.cpu), p.Sessions, size(p.Memory), p.Errors))
	}
	return lines
}

// longRun is the time without waiting from which the header names a task.
const longRun = 100 * time.Millisecond

// table is a table with its title. The first column is as wide as needed; further ones are
// cut off at the width of the screen.
type table struct {
	title string
	right map[int]bool // columns of numbers
	rows  [][]string   // the first one has the names of the columns
}

func (v *view) userTable(o Options) table {
	t := table{
		title: fmt.Sprintf("Users: %d of %d, by %s", len(v.users), v.matching, o.Order.Column),
		right: map[int]bool{2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true},
		rows:  [][]string{{"USER", "STATE", "TIME", "CPU", "CALLS", "LONGEST", "MSGS", "BYTES", "TASKS", "RETRY", "PID"}},
	}
	if o.Filter != "" {
		t.title += fmt.Sprintf(", with %q", o.Filter)
	}
	for _, u := range v.users {
		retry := ""
		if u.Failures > 0 {
			retry = fmt.Sprintf("#%d", u.Failures)
		}
		if u.Retry > 0 {
			retry += " in " + span(u.Retry)
		}
		t.rows = append(t.rows, []string{
			o.Clean(who(u.User)), u.State, span(u.For), percent(u.Share), fmt.Sprint(u.Calls), span(u.Longest),
			fmt.Sprint(u.Messages), size(u.Bytes), fmt.Sprint(u.Tasks), strings.TrimSpace(retry), fmt.Sprint(u.pid),
		})
	}
	return t
}

func (v *view) handlerTable(o Options) table {
	t := table{
		title: "Handlers and tasks",
		right: map[int]bool{1: true, 2: true, 3: true, 4: true},
		rows:  [][]string{{"HANDLER", "CPU", "CALLS", "AVERAGE", "LONGEST"}},
	}
	for _, h := range v.handlers {
		average := 0.0
		if h.Calls > 0 {
			average = h.CPU / float64(h.Calls)
		}
		t.rows = append(t.rows, []string{o.Clean(h.Name), percent(h.Share), fmt.Sprint(h.Calls), span(average), span(h.Longest)})
	}
	return t
}

func (v *view) taskTable(o Options) table {
	t := table{
		title: fmt.Sprintf("Waiting: %d of %d", len(v.tasks), v.taskCount),
		right: map[int]bool{4: true, 5: true},
		rows:  [][]string{{"TASK", "USER", "WAITS IN", "AT", "TIME", "PID"}},
	}
	for _, k := range v.tasks {
		waits := k.Waits
		if waits == "" && k.Place == "" {
			waits = "-"
		}
		t.rows = append(t.rows, []string{o.Clean(k.Name), o.Clean(who(k.User)), o.Clean(waits), o.Clean(k.Place), span(k.For), fmt.Sprint(k.pid)})
	}
	return t
}

// who names the owner of a task.
func who(user string) string {
	if user == "" {
		return "(process)"
	}
	return user
}

// lines returns the rows as aligned text, cut off at width unless that is 0.
func (t table) lines(width int) []string {
	lines := columns.Align(t.rows, t.right)
	for i, line := range lines {
		lines[i] = cut(line, width)
	}
	return lines
}

// cut shortens a line to a width in characters, unless that is 0.
func cut(line string, width int) string {
	text := []rune(line)
	if width <= 0 || len(text) <= width {
		return line
	}
	return string(text[:width])
}

// percent returns a share of one processor as text.
func percent(share float64) string {
	if share < 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// span returns a time in seconds with two or three digits.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= time.Minute:
		return Uptime(d)
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1e3)
	case d > 0:
		return fmt.Sprintf("%.0fµs", d.Seconds()*1e6)
	}
	return "0"
}

// Uptime returns a duration with its two largest units.
func Uptime(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", max(d, 0)/time.Second)
}

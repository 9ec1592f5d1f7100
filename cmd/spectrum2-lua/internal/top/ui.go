package top

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"spectrumlua/runtime/admin"
)

// mode is what keys mean.
type mode int

const (
	normal mode = iota
	typingFilter
	choosingLevel
	confirmingKick
	reading // the help
)

// ui is the state of the screen. Its methods neither wait nor write.
type ui struct {
	o        Options
	view     *view // nil until the first answer
	mode     mode
	selected int // index of the user in the view
	chosen   userRow
	before   string // the filter before it is typed
	note     string // result of the last action
	changed  bool   // o has changed
	quit     bool
}

func newUI(o Options) *ui { return &ui{o: o} }

// action is something that a user wants processes to do.
type action struct {
	kind  string // reload, level or kick
	level string
	user  string
	pid   int // of the user
}

// levels are the keys of log levels.
var levels = map[string]string{"d": "debug", "i": "info", "w": "warn", "e": "error", "c": admin.ConfigLevel}

// keys are the functions of the keys in the normal mode.
var keys = map[string]func(u *ui) *action{
	"q":      func(u *ui) *action { u.quit = true; return nil },
	"h":      func(u *ui) *action { u.mode = reading; return nil },
	"?":      func(u *ui) *action { u.mode = reading; return nil },
	"s":      func(u *ui) *action { return u.sort(1) },
	"S":      func(u *ui) *action { return u.sort(-1) },
	"/":      func(u *ui) *action { u.mode, u.before = typingFilter, u.o.Filter; return nil },
	"l":      func(u *ui) *action { u.mode = choosingLevel; return nil },
	"r":      func(u *ui) *action { u.note = "reloading …"; return &action{kind: "reload"} },
	"k":      (*ui).askKick,
	"\x1b[A": func(u *ui) *action { u.selected = max(u.selected-1, 0); return nil },
	"\x1b[B": func(u *ui) *action { u.selected++; return nil },
}

// press handles a key. It returns what the processes have to do, or nil.
func (u *ui) press(key string) *action {
	if key == "\x03" { // Ctrl-C, which is a key in raw mode
		u.quit = true
		return nil
	}
	switch mode := u.mode; mode {
	case typingFilter:
		u.typed(key)
		return nil
	case choosingLevel:
		u.mode = normal
		if level := levels[key]; level != "" {
			return &action{kind: "level", level: level}
		}
		return nil
	case confirmingKick:
		u.mode = normal
		if key == "y" {
			return &action{kind: "kick", user: u.chosen.User, pid: u.chosen.pid}
		}
		u.note = ""
		return nil
	case reading:
		u.mode = normal
		return nil
	}
	u.note = ""
	if f := keys[key]; f != nil {
		return f(u)
	}
	return nil
}

// sort changes the order.
func (u *ui) sort(step int) *action {
	all := admin.TopOrders
	at := slices.IndexFunc(all, func(o admin.TopOrder) bool { return o.Column == u.o.Order.Column })
	u.o.Order = all[(at+step+len(all))%len(all)]
	u.changed, u.selected = true, 0
	return nil
}

// typed handles a key of the filter.
func (u *ui) typed(key string) {
	switch {
	case key == "\r" || key == "\n":
		u.mode = normal
		return
	case key == "\x1b":
		u.mode, u.o.Filter = normal, u.before
	case key == "\x7f" || key == "\b":
		_, n := utf8.DecodeLastRuneInString(u.o.Filter)
		u.o.Filter = u.o.Filter[:len(u.o.Filter)-n]
	case key < " " || strings.HasPrefix(key, "\x1b"):
		return
	default:
		u.o.Filter += key
	}
	u.changed, u.selected = true, 0
}

// askKick asks whether the selected user is to be disconnected.
func (u *ui) askKick() *action {
	if u.view == nil || len(u.view.users) == 0 {
		u.note = "there is no user to disconnect"
		return nil
	}
	u.chosen = u.view.users[min(u.selected, len(u.view.users)-1)]
	if u.chosen.User == "" {
		u.note = "the process cannot be disconnected: select a user with the arrow keys"
		return nil
	}
	u.mode = confirmingKick
	return nil
}

// keysPrompt is the prompt in the normal mode.
const keysPrompt = "h help  s sort  / filter  k disconnect  r reload  l log level  q quit"

// prompt returns the last line of the screen.
func (u *ui) prompt() string {
	switch u.mode {
	case typingFilter:
		return "users with: " + u.o.Filter + "_"
	case choosingLevel:
		return "log level: d debug, i info, w warn, e error, c that of the config, other keys: none"
	case reading:
		return "Any key returns."
	case confirmingKick:
		return fmt.Sprintf("disconnect %s? y: yes, other keys: no", u.chosen.User)
	}
	if u.note != "" {
		return u.note
	}
	return keysPrompt
}

// lines returns the screen.
func (u *ui) lines(width, height int) []string {
	if u.mode == reading {
		return u.fit(append([]string{u.o.Paint(bold, cut("Keys", width)), ""}, helpLines(width)...), width, height)
	}
	if u.view == nil {
		return u.fit([]string{cut("asking the processes …", width)}, width, height)
	}
	v := u.view
	title := fmt.Sprintf("%s  %s", v.jid, v.at.Format("15:04:05"))
	if len(v.processes) == 0 {
		title = "no process runs; spectrum2-lua ps says what to do"
	}
	lines := append([]string{u.o.Paint(bold, cut(u.o.Clean(title), width))}, u.header(width, height/3-1)...)
	u.selected = max(min(u.selected, len(v.users)-1), 0)
	rest := max(height-len(lines)-len(u.footer(width, height)), 1)
	handlers, tasks := share(rest)
	if handlers > 0 {
		lines = append(lines, u.part(v.handlerTable(u.o), handlers, -1, width)...)
	}
	lines = append(lines, u.part(v.userTable(u.o), rest-handlers-tasks, u.selected, width)...)
	if tasks > 0 {
		lines = append(lines, u.part(v.taskTable(u.o), tasks, -1, width)...)
	}
	return u.fit(lines, width, height)
}

// leastTable is the number of lines of a table with one row: blank line, title, names, row.
const leastTable = 4

// share divides the lines below the header. The users get half of them, handlers and tasks a
// quarter each. If there are too few, the users come first, and then the handlers.
func share(lines int) (handlers, tasks int) {
	switch {
	case lines < 2*leastTable:
		return 0, 0
	case lines < 3*leastTable:
		return leastTable, 0
	}
	quarter := max(lines/4, leastTable)
	return quarter, quarter
}

// header returns the lines about the processes, in a number of lines: a short line for each
// process if all figures do not fit, and at last the first of these lines.
func (u *ui) header(width, height int) []string {
	var lines []string
	for _, line := range u.view.header(u.o) {
		lines = append(lines, wrap(line, width)...)
	}
	if len(lines) <= height {
		return lines
	}
	lines = nil
	for _, line := range u.view.shortHeader(u.o) {
		lines = append(lines, cut(line, width))
	}
	if len(lines) <= height {
		return lines
	}
	shown := max(height-1, 0)
	more := cut(fmt.Sprintf("  … %d more", len(lines)-shown), width)
	return append(lines[:shown:shown], more)[:max(height, 0)]
}

// part returns a table with its title in a number of lines. The selected row is visible.
func (u *ui) part(t table, height, selected, width int) []string {
	all := t.lines(width)
	lines := []string{"", cut(u.o.Clean(t.title), width), u.o.Paint(bold, all[0])}
	lines = lines[min(max(leastTable-height, 0), len(lines)):]
	shown := max(height-len(lines), 1)
	first := max(selected-shown+1, 0)
	for i, line := range all[1:] {
		switch {
		case i < first || i >= first+shown:
		case i == selected:
			lines = append(lines, u.o.Paint(reverse, line))
		default:
			lines = append(lines, line)
		}
	}
	for len(lines) < height {
		lines = append(lines, "")
	}
	return lines
}

// fit cuts the screen at its height, with the prompt at the bottom.
func (u *ui) fit(lines []string, width, height int) []string {
	footer := u.footer(width, height)
	above := max(height-len(footer), 0)
	for len(lines) < above {
		lines = append(lines, "")
	}
	return append(lines[:above], footer...)
}

// wrap breaks a line at the double spaces between its parts.
func wrap(line string, width int) []string {
	var lines []string
	now := ""
	for _, part := range strings.Split(line, "  ") {
		switch {
		case now == "":
			now = part
		case len(now)+2+len(part) > width:
			lines = append(lines, cut(now, width))
			now = "  " + part
		default:
			now += "  " + part
		}
	}
	return append(lines, cut(now, width))
}

// parseKeys splits what a terminal sends into keys: characters and sequences.
func parseKeys(typed []byte) []string {
	var all []string
	for len(typed) > 0 {
		n := 1
		if typed[0] == 0x1b && len(typed) > 2 && (typed[1] == '[' || typed[1] == 'O') {
			n = 3
			for n < len(typed) && typed[n-1] < '@' { // parameters
				n++
			}
			key := string(typed[:n])
			if typed[1] == 'O' { // arrow keys of the application mode
				key = "\x1b[" + string(typed[2:n])
			}
			all, typed = append(all, key), typed[n:]
			continue
		}
		if typed[0] >= utf8.RuneSelf {
			_, n = utf8.DecodeRune(typed)
		}
		all, typed = append(all, string(typed[:n])), typed[n:]
	}
	return all
}

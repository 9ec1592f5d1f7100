package chat

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/cmd/spectrum2-lua/devkit/describe"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// lineKind selects the mark and the colour of a line.
type lineKind int

const (
	plainLine    lineKind = iota // the answer to a command
	messageLine                  // a text of a person
	contactLine                  // a contact
	roomLine                     // a room
	accountLine                  // the user's own login
	internalLine                 // a request of the script to Spectrum
	logLine                      // a line of the log
	warnLine                     // a warning in the log
	errorLine                    // an error in the log
	warningLine                  // a rule of Spectrum that the script broke
	wrongLine                    // a wrong command
	inLine                       // a frame to the backend
	outLine                      // a frame from the backend
)

// Styles, as the codes of ANSI terminals.
const (
	boldStyle = "1"
	dimStyle  = "2"
	redStyle  = "31"
)

// looks are the mark before each kind of line and its colour.
var looks = map[lineKind]struct{ mark, style string }{
	plainLine:    {"", ""},
	messageLine:  {"", "32"},
	contactLine:  {"* ", "36"},
	roomLine:     {"* ", "35"},
	accountLine:  {"* ", boldStyle},
	internalLine: {"* ", dimStyle},
	logLine:      {"| ", dimStyle},
	warnLine:     {"| warning: ", "33"},
	errorLine:    {"| ", redStyle},
	warningLine:  {"! ", "33"},
	wrongLine:    {"? ", redStyle},
	inLine:       {"→ ", dimStyle},
	outLine:      {"← ", dimStyle},
}

// show writes lines to the console. It is safe for concurrent use.
type show struct {
	console Console
	colour  bool
	times   bool

	wire, life, log, debug atomic.Bool
}

// line shows one line, set off from typed text: after the time if times are on, and
// indented otherwise.
func (s *show) line(kind lineKind, text string) {
	look := looks[kind]
	head := "  "
	if s.times && kind != plainLine {
		head = s.paint(dimStyle, time.Now().Format(time.TimeOnly)) + " "
	}
	s.console.Print(head + s.paint(look.style, look.mark+text))
}

// paint adds a style to a text if colours are on.
func (s *show) paint(style, text string) string {
	if !s.colour || style == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// frame shows a frame if frames are on.
func (s *show) frame(f simulator.Frame) {
	if !s.wire.Load() || isLife(f.Type) && !s.life.Load() {
		return
	}
	kind := inLine
	if f.Direction == simulator.FromBackend {
		kind = outLine
	}
	_, text, _ := strings.Cut(simulator.Describe(f), " ")
	s.line(kind, text)
}

// logs reports whether lines of a level are shown. Errors are always shown.
func (s *show) logs(level logrus.Level) bool {
	switch {
	case level <= logrus.ErrorLevel:
		return true
	case level > logrus.InfoLevel:
		return s.debug.Load()
	}
	return s.log.Load()
}

// printable replaces characters that could change the terminal.
func printable(s string) string { return strings.ReplaceAll(describe.Text(s), `\t`, "    ") }

func fieldNames(fields map[string]string) []string { return slices.Sorted(maps.Keys(fields)) }

package logging

import (
	"strconv"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/secret"
)

// started is the time from which %r counts.
var started = time.Now()

// conversions holds a function for each conversion. The function returns the
// conversion's step for its options. Conversions for threads and source positions show
// a constant: Go does not name its threads, and the position would be that of the
// binding, not of the script.
var conversions = map[string]func(options []string, warn func(string)) step{
	"c": categoryStep, "logger": categoryStep,
	"d": dateStep, "date": dateStep,
	"m": messageStep, "message": messageStep,
	"p": fixed(appendLevel), "level": fixed(appendLevel),
	"r": fixed(appendElapsed), "relative": fixed(appendElapsed),
	"n": constant("\n"),
	"t": constant("main"), "thread": constant("main"), "T": constant("main"), "threadname": constant("main"),
	"F": constant("?"), "file": constant("?"), "f": constant("?"), "shortfile": constant("?"),
	"L": constant("?"), "line": constant("?"), "l": constant("?"),
	"M": constant("?"), "method": constant("?"), "C": constant("?"), "class": constant("?"),
	"x": constant(""), "ndc": constant(""), "throwable": constant(""),
	"X": fieldStep, "properties": fieldStep,
	"Y": fixed(appendColour), "y": fixed(appendColourEnd),
}

func fixed(s step) func([]string, func(string)) step {
	return func([]string, func(string)) step { return s }
}

func constant(text string) func([]string, func(string)) step {
	return fixed(literalStep(text))
}

// categoryStep returns the step of %c. %c{2} shows the last two parts of the dotted
// name.
func categoryStep(options []string, warn func(string)) step {
	parts := 0
	if len(options) > 0 {
		n, err := strconv.Atoi(strings.TrimSpace(options[0]))
		if err != nil || n < 1 {
			warn("%c{" + options[0] + "} in the conversion pattern is not supported: using %c")
			n = 0
		}
		parts = n
	}
	return func(b []byte, r *record) []byte {
		name := r.category
		at := len(name)
		for i := 0; i < parts && at >= 0; i++ {
			at = strings.LastIndexByte(name[:at], '.')
		}
		if parts > 0 && at >= 0 {
			name = name[at+1:]
		}
		return appendLine(b, name, maxField)
	}
}

// messageStep returns the step of %m: the first line, the fields, then the other lines.
func messageStep([]string, func(string)) step {
	return func(b []byte, r *record) []byte {
		message := strings.TrimRight(r.message, "\r\n")
		if r.hide != nil && strings.Contains(message, "\n") {
			message = r.hide(message) // here too, because the fields split a secret of several lines
		}
		first, rest := message, ""
		if i := strings.IndexByte(message, '\n'); i >= 0 {
			first, rest = strings.TrimSuffix(message[:i], "\r"), message[i:]
		}
		start := len(b)
		b = appendText(b, first, maxEntry)
		b = appendFields(b, r.fields)
		return r.hidden(appendText(b, rest, max(maxEntry-(len(b)-start), 0)), start)
	}
}

// hidden hides the secrets in b after start. Only messages and fields pass it: users
// choose their passwords, and a password must not hide an entry's time, level or
// category.
func (r *record) hidden(b []byte, start int) []byte {
	if r.hide == nil {
		return b
	}
	text := string(b[start:])
	if clean := r.hide(text); len(clean) != len(text) || clean != text {
		b = append(b[:start], clean...)
	}
	return b
}

// fieldStep returns the step of %X{name}, which shows the field with this name.
func fieldStep(options []string, _ func(string)) step {
	if len(options) == 0 {
		return literalStep("")
	}
	name := options[0]
	return func(b []byte, r *record) []byte {
		value, ok := r.fields[name]
		switch {
		case !ok:
			return b
		case secret.Field(name):
			return append(b, secret.Mask...)
		}
		return r.hidden(appendValue(b, value, 0), len(b))
	}
}

func appendLevel(b []byte, r *record) []byte {
	return append(b, levelName(r.level)...)
}

func appendElapsed(b []byte, r *record) []byte {
	return strconv.AppendInt(b, r.time.Sub(started).Milliseconds(), 10)
}

// colours holds the escape sequences for the levels, by logrus level.
var colours = [...]string{
	logrus.PanicLevel: "\x1b[1;35m", logrus.FatalLevel: "\x1b[1;35m", logrus.ErrorLevel: "\x1b[1;31m",
	logrus.WarnLevel: "\x1b[33m", logrus.InfoLevel: "\x1b[32m", logrus.DebugLevel: "\x1b[36m",
	logrus.TraceLevel: "\x1b[34m",
}

const (
	colourDim = "\x1b[2m"
	colourEnd = "\x1b[0m"
)

func appendColour(b []byte, r *record) []byte {
	if r.colour && int(r.level) < len(colours) {
		return append(b, colours[r.level]...)
	}
	return b
}

func appendColourEnd(b []byte, r *record) []byte {
	if r.colour {
		return append(b, colourEnd...)
	}
	return b
}

// decorate colours the level, and dims date and category, if the record goes to a
// terminal. s already applies the width, so that escape sequences do not count.
func decorate(name string, s step) step {
	switch name {
	case "p", "level":
		return func(b []byte, r *record) []byte {
			return appendColourEnd(s(appendColour(b, r), r), r)
		}
	case "d", "date", "c", "logger":
		return func(b []byte, r *record) []byte {
			if !r.colour {
				return s(b, r)
			}
			return append(s(append(b, colourDim...), r), colourEnd...)
		}
	}
	return s
}

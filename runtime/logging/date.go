package logging

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// dateNames holds log4cxx's named formats as Go layouts.
var dateNames = map[string]string{
	"":         "2006-01-02 15:04:05,000",
	"ISO8601":  "2006-01-02 15:04:05,000",
	"ABSOLUTE": "15:04:05,000",
	"DATE":     "02 Jan 2006 15:04:05,000",
}

// dateStep returns the step of %d, %d{format} and %d{format}{zone}. A format is a key
// of dateNames, a strftime format if it contains '%', or else a pattern of Java's
// SimpleDateFormat.
func dateStep(options []string, warn func(string)) step {
	format := ""
	if len(options) > 0 {
		format = options[0]
	}
	var zone *time.Location
	if len(options) > 1 {
		var err error
		if zone, err = time.LoadLocation(strings.TrimSpace(options[1])); err != nil {
			warn(fmt.Sprintf("the time zone %q in the conversion pattern is unknown: using local time", options[1]))
			zone = nil
		}
	}
	parts := compileDate(format, warn)
	return func(b []byte, r *record) []byte {
		t := r.time
		if zone != nil {
			t = t.In(zone)
		}
		for _, p := range parts {
			b = p(b, t)
		}
		return b
	}
}

type datePart func(b []byte, t time.Time) []byte

func compileDate(format string, warn func(string)) []datePart {
	if layout, ok := dateNames[strings.ToUpper(format)]; ok {
		return []datePart{layoutPart(layout)}
	}
	c := dateCompiler{warn: warn}
	if strings.Contains(format, "%") {
		c.strftime(format)
	} else {
		c.simple(format)
	}
	c.flush()
	return c.parts
}

func layoutPart(layout string) datePart {
	return func(b []byte, t time.Time) []byte { return t.AppendFormat(b, layout) }
}

// fractionPart returns a part that appends the first digits of the fractional second.
func fractionPart(digits int) datePart {
	return func(b []byte, t time.Time) []byte {
		s := strconv.Itoa(1e9 + t.Nanosecond())
		return append(b, s[1:1+min(digits, 9)]...)
	}
}

// dateCompiler collects the parts of a date format. It joins layouts with separators
// between them into one part, which is faster. Layouts without a separator stay apart,
// because Go would read "1" and "5" as "15".
type dateCompiler struct {
	parts  []datePart
	layout string // not yet added to parts
	warn   func(string)
}

func (c *dateCompiler) flush() {
	if c.layout != "" {
		c.parts = append(c.parts, layoutPart(c.layout))
		c.layout = ""
	}
}

func (c *dateCompiler) add(p datePart) {
	c.flush()
	c.parts = append(c.parts, p)
}

func (c *dateCompiler) addLayout(layout string) {
	if c.layout != "" && !isSeparator(c.layout[len(c.layout)-1]) {
		c.flush()
	}
	c.layout += layout
}

func (c *dateCompiler) literal(s string) {
	if len(s) == 1 && isSeparator(s[0]) && c.layout != "" {
		c.layout += s
		return
	}
	s = strings.ToValidUTF8(s, "\ufffd")
	c.add(func(b []byte, _ time.Time) []byte { return append(b, s...) })
}

// isSeparator reports whether c is a separator without a meaning in Go layouts.
func isSeparator(c byte) bool {
	return c == ' ' || c == ':' || c == '-' || c == '/'
}

// simpleLayouts holds the layouts for one, two … equal letters of SimpleDateFormat. The
// last layout also stands for more letters.
var simpleLayouts = map[byte][]string{
	'y': {"2006", "06", "2006"}, 'u': {"2006", "06", "2006"},
	'M': {"1", "01", "Jan", "January"}, 'L': {"1", "01", "Jan", "January"},
	'd': {"2", "02"}, 'D': {"002"},
	'H': {"15"}, 'k': {"15"}, 'h': {"3", "03"}, 'K': {"3", "03"},
	'm': {"4", "04"}, 's': {"5", "05"},
	'E': {"Mon", "Mon", "Mon", "Monday"}, 'a': {"PM"},
	'z': {"MST"}, 'Z': {"-0700"}, 'X': {"Z07", "Z0700", "Z07:00"},
}

func (c *dateCompiler) simple(format string) {
	for format != "" {
		letter := format[0]
		if letter == '\'' {
			format = c.quoted(format[1:])
			continue
		}
		n := 1
		for n < len(format) && format[n] == letter {
			n++
		}
		layouts, known := simpleLayouts[letter]
		switch {
		case known:
			c.addLayout(layouts[min(n, len(layouts))-1])
		case letter == 'S':
			c.add(fractionPart(n))
		default:
			if wordLen(format[:1]) == 1 {
				c.warn(fmt.Sprintf("the date format in the conversion pattern has an unknown letter %q: it stays unchanged", letter))
			}
			_, n = utf8.DecodeRuneInString(format)
			c.literal(format[:n])
		}
		format = format[n:]
	}
}

// quoted adds the text up to the closing quote, and returns the rest. Two quotes in a
// row stand for one.
func (c *dateCompiler) quoted(format string) string {
	if tail, ok := strings.CutPrefix(format, "'"); ok {
		c.literal("'")
		return tail
	}
	text, rest, _ := strings.Cut(format, "'")
	if text != "" {
		c.literal(text)
	}
	return rest
}

// strftimeLayouts holds the layouts of strftime's common conversions.
var strftimeLayouts = map[rune]string{
	'Y': "2006", 'y': "06", 'm': "01", 'b': "Jan", 'h': "Jan", 'B': "January", 'd': "02", 'e': "_2",
	'j': "002", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'a': "Mon", 'A': "Monday",
	'z': "-0700", 'Z': "MST", 'F': "2006-01-02", 'T': "15:04:05", 'X': "15:04:05", 'R': "15:04",
	'D': "01/02/06", 'x': "01/02/06", 'c': "Mon Jan _2 15:04:05 2006",
}

func (c *dateCompiler) strftime(format string) {
	for format != "" {
		if format[0] != '%' || len(format) == 1 {
			_, n := utf8.DecodeRuneInString(format)
			c.literal(format[:n])
			format = format[n:]
			continue
		}
		letter, n := utf8.DecodeRuneInString(format[1:])
		layout, known := strftimeLayouts[letter]
		switch {
		case known:
			c.addLayout(layout)
		case letter == 's':
			c.add(func(b []byte, t time.Time) []byte { return strconv.AppendInt(b, t.Unix(), 10) })
		case letter == '%':
			c.literal("%")
		default:
			c.warn(fmt.Sprintf("the date format in the conversion pattern has an unknown %%%c: it stays unchanged", letter))
			c.literal(format[:1+n])
		}
		format = format[1+n:]
	}
}

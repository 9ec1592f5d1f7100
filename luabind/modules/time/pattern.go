package time

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxPattern is how long a pattern may be.
const maxPattern = 1000

// pattern is a layout as of strftime, in parts. A library does not do, since
// those at hand pass over what they do not know, and read zone names as UTC.
type pattern []part

// part is a literal text, or a directive.
type part struct {
	literal   string
	directive *directive
	unpadded  bool
}

// directive is what a letter after a percent sign stands for.
type directive struct {
	append func(b []byte, t time.Time) []byte
	// take reads it off the start of s; nil if it cannot be read.
	take func(f *fields, s string) (rest string, ok bool)
}

// fields are what has been read of a time.
type fields struct {
	year, month, day, yearDay     int
	hour, minute, second, nanosec int
	half                          int // 1: am, 2: pm
	offset                        *int
	unix                          *int64
}

// composed are directives that stand for several others.
var composed = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y", 'x': "%m/%d/%y", 'X': "%H:%M:%S", 'D': "%m/%d/%y",
	'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M", 'r': "%I:%M:%S %p",
	'h': "%b", 'n': "\n", 't': "\t",
}

func compilePattern(text string) (pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("a time's pattern of %d bytes is too long", len(text))
	}
	var p pattern
	for text != "" {
		before, after, found := strings.Cut(text, "%")
		if before != "" {
			p = append(p, part{literal: before})
		}
		if !found {
			break
		}
		after, unpadded := strings.CutPrefix(after, "-")
		if after == "" {
			return nil, fmt.Errorf("a time's pattern ends in a percent sign: that is written %%%%")
		}
		letter := after[0]
		text = after[1:]
		switch d := directives[letter]; {
		case letter == '%':
			p = append(p, part{literal: "%"})
		case d != nil:
			p = append(p, part{directive: d, unpadded: unpadded})
		case composed[letter] != "":
			inner, err := compilePattern(composed[letter])
			if err != nil {
				return nil, err
			}
			p = append(p, inner...)
		default:
			return nil, fmt.Errorf("a time's pattern has %%%c, which does not exist", rune(letter))
		}
	}
	return p, nil
}

func (p pattern) format(t time.Time) string {
	var b []byte
	for _, part := range p {
		if part.directive == nil {
			b = append(b, part.literal...)
			continue
		}
		start := len(b)
		b = part.directive.append(b, t)
		if part.unpadded {
			b = unpad(b, start)
		}
	}
	return string(b)
}

// unpad takes zeros and spaces off the start of the number at b[start:].
func unpad(b []byte, start int) []byte {
	end := start
	for end < len(b)-1 && (b[end] == '0' || b[end] == ' ') {
		end++
	}
	return append(b[:start], b[end:]...)
}

func (p pattern) parse(text string, zone *time.Location) (time.Time, bool) {
	f := &fields{year: 1970, month: 1, day: 1}
	for _, part := range p {
		ok := false
		switch {
		case part.directive == nil:
			text, ok = takeLiteral(text, part.literal)
		case part.directive.take != nil:
			text, ok = part.directive.take(f, text)
		}
		if !ok {
			return time.Time{}, false
		}
	}
	if text != "" {
		return time.Time{}, false
	}
	return f.time(zone)
}

const space = " \t\n\v\f\r"

// takeLiteral takes a literal off the start of text. White space in it stands
// for any amount of white space.
func takeLiteral(text, literal string) (rest string, ok bool) {
	for literal != "" {
		if strings.IndexByte(space, literal[0]) >= 0 {
			literal, text = strings.TrimLeft(literal, space), strings.TrimLeft(text, space)
			continue
		}
		if text == "" || text[0] != literal[0] {
			return text, false
		}
		text, literal = text[1:], literal[1:]
	}
	return text, true
}

// time puts the fields together. A day that the month does not have is wrong.
func (f *fields) time(zone *time.Location) (time.Time, bool) {
	if f.unix != nil {
		return time.Unix(*f.unix, int64(f.nanosec)), true
	}
	if f.offset != nil {
		zone = time.FixedZone("", *f.offset)
	}
	if f.half > 0 {
		f.hour = f.hour%12 + 12*(f.half-1)
	}
	if f.yearDay > 0 {
		first := time.Date(f.year, 1, f.yearDay, 0, 0, 0, 0, time.UTC)
		if first.Year() != f.year {
			return time.Time{}, false
		}
		f.month, f.day = int(first.Month()), first.Day()
	}
	if time.Date(f.year, time.Month(f.month), f.day, 0, 0, 0, 0, time.UTC).Day() != f.day {
		return time.Time{}, false
	}
	return time.Date(f.year, time.Month(f.month), f.day, f.hour, f.minute, f.second, f.nanosec, zone), true
}

// takeDigits takes a number of least to most digits off the start of s.
func takeDigits(s string, least, most int) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < most && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i < least {
		return 0, s, false
	}
	n, err := strconv.Atoi(s[:i])
	return n, s[i:], err == nil
}

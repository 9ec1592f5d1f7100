package time

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxPattern is the maximum length of a pattern, in bytes.
const maxPattern = 1000

// pattern is a layout in the format of strftime. The known libraries are not used
// because they ignore unknown directives and parse every zone name as UTC.
type pattern []part

// part is a literal text or a directive.
type part struct {
	literal   string
	directive *directive
	unpadded  bool
}

// directive is the meaning of a letter after a percent sign.
type directive struct {
	append func(b []byte, t time.Time) []byte
	// take parses the value at the start of s. It is nil if the directive can only
	// format.
	take func(f *fields, s string) (rest string, ok bool)
}

// fields holds the parsed parts of a time.
type fields struct {
	year, month, day, yearDay     int
	hour, minute, second, nanosec int
	half                          int // 1: am, 2: pm
	offset                        *int
	unix                          *int64
}

// composed holds the directives that are short for other ones.
var composed = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y", 'x': "%m/%d/%y", 'X': "%H:%M:%S", 'D': "%m/%d/%y",
	'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M", 'r': "%I:%M:%S %p",
	'h': "%b", 'n': "\n", 't': "\t",
}

func compilePattern(text string) (pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the pattern is too long: %d bytes, at most %d are allowed", len(text), maxPattern)
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
			return nil, fmt.Errorf("the pattern ends in a percent sign: write %%%% for one")
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
			return nil, fmt.Errorf("the pattern has the unknown directive %%%c", rune(letter))
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

// unpad removes zeros and spaces from the start of the number at b[start:].
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

// takeLiteral removes a literal from the start of text. White space in the literal
// matches any amount of white space.
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

// time combines the fields to a time. It returns false if the month does not have
// the day.
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

// takeDigits parses a number of least to most digits at the start of s.
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

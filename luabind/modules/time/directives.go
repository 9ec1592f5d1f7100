package time

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// directives holds the directives by their letters, except those in composed.
var directives = map[byte]*directive{
	'Y': number("%04d", 4, 0, 9999, time.Time.Year, func(f *fields, n int) { f.year = n }),
	'y': number("%02d", 2, 0, 99, func(t time.Time) int { return t.Year() % 100 }, func(f *fields, n int) {
		// As in POSIX: 69 to 99 mean 1969 to 1999.
		if f.year = 2000 + n; n >= 69 {
			f.year = 1900 + n
		}
	}),
	'm': number("%02d", 2, 1, 12, func(t time.Time) int { return int(t.Month()) }, func(f *fields, n int) { f.month = n }),
	'd': number("%02d", 2, 1, 31, time.Time.Day, func(f *fields, n int) { f.day = n }),
	'e': number("%2d", 2, 1, 31, time.Time.Day, func(f *fields, n int) { f.day = n }),
	'j': number("%03d", 3, 1, 366, time.Time.YearDay, func(f *fields, n int) { f.yearDay = n }),
	'H': number("%02d", 2, 0, 23, time.Time.Hour, func(f *fields, n int) { f.hour = n }),
	'k': number("%2d", 2, 0, 23, time.Time.Hour, func(f *fields, n int) { f.hour = n }),
	'I': number("%02d", 2, 1, 12, hour12, func(f *fields, n int) { f.hour = n }),
	'l': number("%2d", 2, 1, 12, hour12, func(f *fields, n int) { f.hour = n }),
	'M': number("%02d", 2, 0, 59, time.Time.Minute, func(f *fields, n int) { f.minute = n }),
	'S': number("%02d", 2, 0, 60, time.Time.Second, func(f *fields, n int) { f.second = n }),
	'L': fraction(3),
	'f': fraction(6),
	'b': name(months, 3, func(t time.Time) int { return int(t.Month()) - 1 }, func(f *fields, n int) { f.month = n + 1 }),
	'B': name(months, 0, func(t time.Time) int { return int(t.Month()) - 1 }, func(f *fields, n int) { f.month = n + 1 }),
	'a': name(weekdays, 3, func(t time.Time) int { return int(t.Weekday()) }, func(*fields, int) {}),
	'A': name(weekdays, 0, func(t time.Time) int { return int(t.Weekday()) }, func(*fields, int) {}),
	'p': name([]string{"AM", "PM"}, 0, func(t time.Time) int { return t.Hour() / 12 }, func(f *fields, n int) { f.half = n + 1 }),
	'u': {append: integer("%d", func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 })},
	'w': {append: integer("%d", func(t time.Time) int { return int(t.Weekday()) })},
	'G': {append: integer("%04d", func(t time.Time) int { year, _ := t.ISOWeek(); return year })},
	'V': {append: integer("%02d", func(t time.Time) int { _, week := t.ISOWeek(); return week })},
	's': {
		append: func(b []byte, t time.Time) []byte { return strconv.AppendInt(b, t.Unix(), 10) },
		take:   takeUnix,
	},
	'z': {
		append: func(b []byte, t time.Time) []byte { _, east := t.Zone(); return appendOffset(b, east) },
		take:   takeOffset,
	},
	'Z': {append: appendZone, take: takeZone},
}

var months, weekdays = monthNames(), weekdayNames()

func monthNames() (names []string) {
	for m := time.January; m <= time.December; m++ {
		names = append(names, m.String())
	}
	return names
}

func weekdayNames() (names []string) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		names = append(names, d.String())
	}
	return names
}

func hour12(t time.Time) int { return (t.Hour()+11)%12 + 1 }

func integer(format string, get func(time.Time) int) func([]byte, time.Time) []byte {
	return func(b []byte, t time.Time) []byte { return fmt.Appendf(b, format, get(t)) }
}

// number returns a directive for a number of at most width digits.
func number(format string, width, least, most int, get func(time.Time) int, set func(*fields, int)) *directive {
	return &directive{
		append: integer(format, get),
		take: func(f *fields, s string) (string, bool) {
			n, rest, ok := takeDigits(strings.TrimLeft(s, " "), 1, width)
			if !ok || n < least || n > most {
				return s, false
			}
			set(f, n)
			return rest, true
		},
	}
}

// fraction returns a directive for the fraction of a second. It formats width digits
// and parses any number of digits up to 9.
func fraction(width int) *directive {
	return &directive{
		append: func(b []byte, t time.Time) []byte {
			return append(b, fmt.Sprintf("%09d", t.Nanosecond())[:width]...)
		},
		take: func(f *fields, s string) (string, bool) {
			_, rest, ok := takeDigits(s, 1, 9)
			if ok {
				digits := s[:len(s)-len(rest)] + "000000000"
				f.nanosec, _ = strconv.Atoi(digits[:9])
			}
			return rest, ok
		},
	}
}

// name returns a directive for one of names. It formats the first cut letters, or
// the full name if cut is 0. It parses both forms and ignores case.
func name(names []string, cut int, get func(time.Time) int, set func(*fields, int)) *directive {
	return &directive{
		append: func(b []byte, t time.Time) []byte {
			full := names[get(t)]
			if cut > 0 {
				full = full[:cut]
			}
			return append(b, full...)
		},
		take: func(f *fields, s string) (string, bool) {
			end := 0
			for end < len(s) && (s[end]|0x20 >= 'a' && s[end]|0x20 <= 'z') {
				end++
			}
			i, ok := nameIndex(names, s[:end])
			if ok {
				set(f, i)
			}
			return s[end:], ok
		},
	}
}

// nameIndex returns the index of a name, given in full or by its first three letters.
func nameIndex(names []string, s string) (int, bool) {
	for i, name := range names {
		if strings.EqualFold(s, name) || len(s) == 3 && strings.EqualFold(s, name[:min(3, len(name))]) {
			return i, true
		}
	}
	return 0, false
}

func takeUnix(f *fields, s string) (string, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	n, rest, ok := takeDigits(digits, 1, 12)
	if negative {
		n = -n
	}
	unix := int64(n)
	f.unix = &unix
	return rest, ok
}

func takeOffset(f *fields, s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "Z"); ok {
		f.offset = new(int)
		return rest, true
	}
	east, rest, ok := parseOffset(s)
	f.offset = &east
	return rest, ok
}

func appendZone(b []byte, t time.Time) []byte {
	name, east := t.Zone()
	if name == "" {
		return appendOffset(b, east)
	}
	return append(b, name...)
}

func takeZone(f *fields, s string) (string, bool) {
	end := 0
	for end < len(s) && s[end] >= 'A' && s[end] <= 'Z' {
		end++
	}
	if end == 0 {
		return takeOffset(f, s)
	}
	hours, ok := abbreviations[s[:end]]
	hours *= 3600
	f.offset = &hours
	return s[end:], ok
}

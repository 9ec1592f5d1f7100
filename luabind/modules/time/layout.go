package time

import (
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/schema"
)

// layout is a format of times.
type layout struct {
	format func(t time.Time) string
	// parse parses a time. zone is the default if the text has no zone.
	parse func(text string, zone *time.Location) (time.Time, bool)
	// like describes the layout in the message about a text that does not match.
	like string
	// utc is true if the layout supports only UTC.
	utc bool
}

// layouts holds the named layouts. "any" can only parse.
var layouts = map[string]*layout{
	"rfc3339": {
		format: func(t time.Time) string { return t.Format(time.RFC3339) },
		parse:  parseRFC3339,
		like:   "as in RFC 3339",
	},
	"rfc3339ms": {
		format: func(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z07:00") },
		parse:  parseRFC3339,
		like:   "as in RFC 3339",
	},
	"rfc1123": {format: formatRFC1123, parse: parseRFC1123, like: "as in RFC 1123"},
	"timestamp": {
		format: func(t time.Time) string { return t.UTC().Format(schema.TimeLayout) },
		parse:  parseTimestamp,
		like:   "like 20240131T235959",
		utc:    true,
	},
	"any": {parse: parseAny, like: "as in RFC 3339, RFC 1123 or like 20240131T235959"},
}

// checkLayout returns the layout of argument n, a name or a pattern with percent
// signs.
func checkLayout(l *lua.LState, n int, otherwise string) *layout {
	name := l.OptString(n, otherwise)
	if known := layouts[name]; known != nil && (name != "any" || otherwise == "any") {
		return known
	}
	if !strings.Contains(name, "%") {
		l.ArgError(n, fmt.Sprintf("rfc3339, rfc3339ms, rfc1123, timestamp or a pattern (as in %%Y-%%m-%%d) expected, got %.60q", name))
	}
	p, err := compilePattern(name)
	if err != nil {
		l.ArgError(n, err.Error())
	}
	return &layout{format: p.format, parse: p.parse, like: fmt.Sprintf("like %q", name)}
}

// checkZone raises an error if argument n is a zone that the layout does not support.
func (y *layout) checkZone(l *lua.LState, n int) {
	if y.utc && l.Get(n) != lua.LNil && !strings.EqualFold(l.Get(n).String(), "utc") {
		l.ArgError(n, "Spectrum's timestamp is in UTC")
	}
}

func parseRFC3339(text string, _ *time.Location) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
	return t, err == nil
}

// formatRFC1123 writes GMT for UTC, as HTTP does, and the offset for other zones, as
// mail does.
func formatRFC1123(t time.Time) string {
	if _, east := t.Zone(); east == 0 {
		return t.Format("Mon, 02 Jan 2006 15:04:05") + " GMT"
	}
	return t.Format(time.RFC1123Z)
}

// parseRFC1123 parses the dates of HTTP and mail, with or without the weekday.
func parseRFC1123(text string, _ *time.Location) (time.Time, bool) {
	date, zone := cutLast(strings.TrimSpace(text), " ")
	if hours, ok := abbreviations[strings.ToUpper(zone)]; ok {
		zone = string(appendOffset(nil, hours*3600))
	}
	if weekday, rest, ok := strings.Cut(date, ","); ok {
		if _, ok := nameIndex(weekdays, weekday); !ok {
			return time.Time{}, false
		}
		date = strings.TrimSpace(rest)
	}
	t, err := time.Parse("_2 Jan 2006 15:04:05 -0700", date+" "+zone)
	if err != nil {
		t, err = time.Parse("_2 Jan 2006 15:04 -0700", date+" "+zone)
	}
	return t, err == nil
}

// cutLast cuts at the last separator.
func cutLast(s, separator string) (before, after string) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+len(separator):]
}

// parseTimestamp accepts no fraction because Spectrum does not either.
func parseTimestamp(text string, _ *time.Location) (time.Time, bool) {
	t, err := time.Parse(schema.TimeLayout, text)
	return t, err == nil && len(text) == len(schema.TimeLayout)
}

func parseAny(text string, zone *time.Location) (time.Time, bool) {
	for _, parse := range []func(string, *time.Location) (time.Time, bool){parseRFC3339, parseTimestamp, parseRFC1123} {
		if t, ok := parse(text, zone); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

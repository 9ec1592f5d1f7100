package time

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // for systems without time zone data

	lua "github.com/yuin/gopher-lua"
)

// maxOffset is the largest offset from UTC, in seconds: less than a day.
const maxOffset = 24*3600 - 1

// zones caches the time zones that a VM has used, by name. The script lock guards it.
type zones map[string]*time.Location

// check returns the zone that argument n names, or otherwise if it is nil.
func (z zones) check(l *lua.LState, n int, otherwise *time.Location) (*time.Location, error) {
	if l.Get(n) == lua.LNil {
		return otherwise, nil
	}
	name := l.CheckString(n)
	switch strings.ToLower(name) {
	case "utc", "gmt", "z":
		return time.UTC, nil
	case "local":
		return time.Local, nil
	}
	if east, rest, ok := parseOffset(name); ok && rest == "" {
		return time.FixedZone("", east), nil
	}
	if zone := z[name]; zone != nil {
		return zone, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, fmt.Errorf("there is no time zone %.60q", name)
	}
	z[name] = zone
	return zone, nil
}

// parseOffset parses +hh, +hhmm or +hh:mm at the start of s. east is in seconds.
func parseOffset(s string) (east int, rest string, ok bool) {
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, s, false
	}
	hours, rest, ok := takeDigits(s[1:], 2, 2)
	if !ok || hours > 23 {
		return 0, s, false
	}
	minutes, after, ok := takeDigits(strings.TrimPrefix(rest, ":"), 2, 2)
	if ok && minutes < 60 {
		rest = after
	} else {
		minutes = 0
	}
	east = hours*3600 + minutes*60
	if s[0] == '-' {
		east = -east
	}
	return east, rest, true
}

// appendOffset appends an offset as +hhmm.
func appendOffset(b []byte, east int) []byte {
	sign := byte('+')
	if east < 0 {
		sign, east = '-', -east
	}
	return fmt.Appendf(b, "%c%02d%02d", sign, east/3600, east/60%60)
}

// abbreviations holds the time zones of RFC 5322, in hours. Other abbreviations are
// not parsed because they are ambiguous.
var abbreviations = map[string]int{
	"UTC": 0, "GMT": 0, "UT": 0, "Z": 0,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

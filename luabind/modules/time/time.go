// Package time is the module spectrum.time: clocks, times as text, dates, zones
// and durations. A time is a number of seconds since 1970 in UTC, as in os.time,
// with a fraction.
package time

import (
	"fmt"
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.time.
var Module = bind.Module{Name: "spectrum.time", Open: open}

// The range of valid times: the years 1 to 9999.
var (
	firstTime = float64(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	endOfTime = float64(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
)

// began is the zero of monotonic. A reload does not change it.
var began = time.Now()

func open(rt *bind.Runtime) *lua.LTable {
	zones := zones{}
	now := rt.Clock.Now
	return bind.NewModule("spectrum.time", bind.Functions{
		// now() returns the current time.
		"now": func(l *lua.LState) int { return bind.Return(l, seconds(now())) },
		// monotonic() returns the time of a clock that is never set.
		"monotonic":      func(l *lua.LState) int { return bind.Return(l, lua.LNumber(now().Sub(began).Seconds())) },
		"format":         zones.format,
		"parse":          zones.parse,
		"date":           zones.date,
		"from_date":      zones.fromDate,
		"offset":         zones.offset,
		"duration":       duration,
		"parse_duration": parseDurationText,
	})
}

// format implements format(t [, layout [, zone]]). It returns a time as text.
func (z zones) format(l *lua.LState) int {
	t, layout := checkTime(l, 1), checkLayout(l, 2, "rfc3339")
	zone, err := z.check(l, 3, time.UTC)
	if err != nil {
		return bind.Fail(l, err)
	}
	layout.checkZone(l, 3)
	return bind.Return(l, lua.LString(layout.format(t.In(zone))))
}

// parse implements parse(text [, layout [, zone]]). It returns the time in a text,
// or nil and an error.
func (z zones) parse(l *lua.LState) int {
	text, layout := l.CheckString(1), checkLayout(l, 2, "any")
	zone, err := z.check(l, 3, time.UTC)
	if err != nil {
		return bind.Fail(l, err)
	}
	layout.checkZone(l, 3)
	t, ok := layout.parse(text, zone)
	if year := t.UTC().Year(); !ok || year < 1 || year > 9999 {
		return bind.Failf(l, "time %s expected, got %.60q", layout.like, text)
	}
	return bind.Return(l, seconds(t))
}

// date implements date(t [, zone]). It returns a table with year, month, day etc.
func (z zones) date(l *lua.LState) int {
	t := checkTime(l, 1)
	zone, err := z.check(l, 2, time.UTC)
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, date(t.In(zone)))
}

// offset implements offset(zone [, t]). It returns the offset of a zone from UTC at a
// time, in seconds, and the zone's abbreviation.
func (z zones) offset(l *lua.LState) int {
	l.CheckString(1)
	zone, err := z.check(l, 1, nil)
	if err != nil {
		return bind.Fail(l, err)
	}
	t := bind.RuntimeOf(l).Clock.Now()
	if l.Get(2) != lua.LNil {
		t = checkTime(l, 2)
	}
	name, east := t.In(zone).Zone()
	return bind.Return(l, lua.LNumber(east), lua.LString(name))
}

// duration implements duration(seconds). It returns a text such as 1h30m.
func duration(l *lua.LState) int {
	s := float64(l.CheckNumber(1))
	if math.IsNaN(s) || math.Abs(s) > maxDuration {
		l.ArgError(1, fmt.Sprintf("number of seconds expected, got %v", l.Get(1)))
	}
	return bind.Return(l, lua.LString(formatDuration(s)))
}

// parseDurationText implements parse_duration(text). It returns a number of seconds,
// or nil and an error.
func parseDurationText(l *lua.LState) int {
	s, err := parseDuration(l.CheckString(1))
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LNumber(s))
}

// seconds converts a time to the number that scripts use.
func seconds(t time.Time) lua.LNumber {
	return lua.LNumber(float64(t.Unix()) + float64(t.Nanosecond())/1e9)
}

// checkTime returns argument n, rounded to microseconds: a float64 is not more exact.
func checkTime(l *lua.LState, n int) time.Time {
	s := float64(l.CheckNumber(n))
	if !(s >= firstTime && s < endOfTime) {
		l.ArgError(n, fmt.Sprintf("time in seconds expected (years 1 to 9999), got %v", l.Get(n)))
	}
	whole := math.Floor(s)
	return time.Unix(int64(whole), int64(math.Round((s-whole)*1e6))*1e3).UTC()
}

// date returns a time as a table with the fields of os.date("*t") and more.
func date(t time.Time) *lua.LTable {
	table := bind.NewTableSize(0, 12)
	for name, n := range map[string]int{
		"year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "min": t.Minute(),
		"wday": int(t.Weekday()) + 1, "yday": t.YearDay(),
	} {
		table.RawSetString(name, lua.LNumber(n))
	}
	table.RawSetString("sec", lua.LNumber(float64(t.Second())+float64(t.Nanosecond())/1e9))
	table.RawSetString("isdst", lua.LBool(t.IsDST()))
	name, east := t.Zone()
	table.RawSetString("zone", lua.LString(name))
	table.RawSetString("offset", lua.LNumber(east))
	return table
}

// fromDate implements from_date(date [, zone]). It returns the time of a table such
// as date returns. A field may be beyond its range: month 13 is January. Without a
// zone, the offset in the table counts, or UTC.
func (z zones) fromDate(l *lua.LState) int {
	table := l.CheckTable(1)
	field := func(name string, otherwise, most float64) float64 {
		v := table.RawGetString(name)
		if v == lua.LNil && !math.IsNaN(otherwise) {
			return otherwise
		}
		n, ok := v.(lua.LNumber)
		if f := float64(n); !ok || !(math.Abs(f) <= most) || f != math.Trunc(f) && name != "sec" {
			bind.Raise(l, "time.from_date: %s: integer expected, got %s", name, bind.Describe(v))
		}
		return float64(n)
	}
	const most = 1e9 // the limit for a field beyond its range
	wanted := math.NaN()
	year, month, day := field("year", wanted, 9999), field("month", wanted, most), field("day", wanted, most)
	hour, minute, sec := field("hour", 0, most), field("min", 0, most), field("sec", 0, most)
	zone, err := z.check(l, 2, time.FixedZone("", int(field("offset", 0, maxOffset))))
	if err != nil {
		return bind.Fail(l, err)
	}
	whole := math.Floor(sec)
	t := time.Date(int(year), time.Month(int(month)), int(day), int(hour), int(minute), int(whole), int((sec-whole)*1e9), zone)
	if s := float64(t.Unix()); s < firstTime || s >= endOfTime {
		bind.Raise(l, "time.from_date: the year is not in the range 1 to 9999")
	}
	return bind.Return(l, seconds(t))
}

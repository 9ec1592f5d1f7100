package stdlib

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// layouts and conversions implement the conversions of C's strftime in the C locale.
// layouts has those that a layout of Go can express.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006",
	'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'h': "Jan", 'H': "15", 'I': "03",
	'm': "01", 'M': "04", 'p': "PM", 'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05",
	'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006", 'z': "-0700", 'Z': "MST",
}

var conversions = map[byte]func(t time.Time) string{
	'%': func(time.Time) string { return "%" },
	'C': func(t time.Time) string { return fmt.Sprintf("%02d", t.Year()/100) },
	'g': func(t time.Time) string { y, _ := t.ISOWeek(); return fmt.Sprintf("%02d", y%100) },
	'G': func(t time.Time) string { y, _ := t.ISOWeek(); return fmt.Sprint(y) },
	'j': func(t time.Time) string { return fmt.Sprintf("%03d", t.YearDay()) },
	'n': func(time.Time) string { return "\n" },
	's': func(t time.Time) string { return fmt.Sprint(t.Unix()) },
	't': func(time.Time) string { return "\t" },
	'u': func(t time.Time) string { return fmt.Sprint((int(t.Weekday())+6)%7 + 1) },
	'U': func(t time.Time) string { return week(t, time.Sunday) },
	'V': func(t time.Time) string { _, w := t.ISOWeek(); return fmt.Sprintf("%02d", w) },
	'w': func(t time.Time) string { return fmt.Sprint(int(t.Weekday())) },
	'W': func(t time.Time) string { return week(t, time.Monday) },
}

// week returns the number of the week in the year. A week begins on the weekday begins.
// The days before the first of those are week 0.
func week(t time.Time, begins time.Weekday) string {
	since := (int(t.Weekday()) - int(begins) + 7) % 7
	return fmt.Sprintf("%02d", (t.YearDay()-1+7-since)/7)
}

// strftime formats a time. It keeps an unknown conversion as it is.
func (lib *Library) strftime(c call, format string, t time.Time) string {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		if format[i] == 'E' || format[i] == 'O' {
			i = min(i+1, len(format)-1)
		}
		if layout := layouts[format[i]]; layout != "" {
			out.WriteString(t.Format(layout))
		} else if convert := conversions[format[i]]; convert != nil {
			out.WriteString(convert(t))
		} else {
			out.WriteString(format[i-1 : i+1])
		}
		lib.bounded(c, out.Len())
	}
	return out.String()
}

// furthest is the maximum distance of a time from 1970, in seconds. Go cannot
// represent the year of a time much further away.
const furthest = 1e17

func (lib *Library) osDate(c call) int {
	format := c.optStr(1, "%c")
	t := lib.options.Now()
	if c.given(2) {
		seconds := c.number(2)
		if !(math.Abs(seconds) <= furthest) {
			c.argError(2, "time out of range")
		}
		t = time.Unix(int64(seconds), 0)
	}
	if strings.HasPrefix(format, "!") {
		format, t = format[1:], t.UTC()
		if t.Location() == time.UTC {
			t = t.In(gmt)
		}
	}
	if !strings.HasPrefix(format, "*t") {
		return c.ret(lua.LString(lib.strftime(c, format, t)))
	}
	fields := bind.NewTable()
	for name, n := range map[string]int{
		"year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "min": t.Minute(),
		"sec": t.Second(), "wday": int(t.Weekday()) + 1, "yday": t.YearDay(),
	} {
		fields.RawSetString(name, lua.LNumber(n))
	}
	fields.RawSetString("isdst", lua.LBool(t.IsDST()))
	return c.ret(fields)
}

// gmt is UTC with C's name for it.
var gmt = time.FixedZone("GMT", 0)

// osTime implements os.time. A field beyond its range, such as a 13th month, counts
// into the next larger one.
func (lib *Library) osTime(c call) int {
	if !c.given(1) {
		return c.ret(lua.LNumber(lib.options.Now().Unix()))
	}
	fields := c.table(1)
	day, month, year := timeField(c, fields, "day", true, 0), timeField(c, fields, "month", true, 0), timeField(c, fields, "year", true, 0)
	t := time.Date(year, time.Month(month), day, timeField(c, fields, "hour", false, 12),
		timeField(c, fields, "min", false, 0), timeField(c, fields, "sec", false, 0), 0, time.Local)
	if dst, ok := fields.RawGetString("isdst").(lua.LBool); ok && bool(dst) != t.IsDST() {
		if shifted := t.Add(time.Hour); bool(dst) {
			t = t.Add(-time.Hour)
		} else {
			t = shifted
		}
	}
	return c.ret(lua.LNumber(t.Unix()))
}

func timeField(c call, fields *lua.LTable, name string, needed bool, otherwise int) int {
	v := fields.RawGetString(name)
	var f float64
	ok := false
	switch v := v.(type) {
	case lua.LNumber:
		f, ok = float64(v), true
	case lua.LString:
		f, ok = parseNumber(string(v))
	}
	switch {
	case ok && math.Abs(f) < math.MaxInt32:
		return int(f)
	case v != lua.LNil:
		c.raise("field '%s' of a date table: number expected", name)
	case needed:
		c.raise("field '%s' missing in date table", name)
	}
	return otherwise
}

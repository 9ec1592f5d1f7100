package time_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// script is the beginning of each test's script. moment is 2024-02-29T21:05:09 UTC.
const script = luatest.Same + `
local time = require "spectrum.time"
local moment = 1709240709
`

// behaviour holds scripts by the name of their test case.
var behaviour = map[string]string{
	"clocks": `
		assert(math.abs(time.now() - os.time()) < 5)
		local before = time.monotonic()
		require("spectrum").sleep(0.01)
		local passed = time.monotonic() - before
		assert(passed >= 0.01 and passed < 5, tostring(passed))`,
	"format by name": `
		same(time.format(moment), "2024-02-29T21:05:09Z")
		same(time.format(moment, "rfc3339", "Europe/Berlin"), "2024-02-29T22:05:09+01:00")
		same(time.format(moment + 0.1234, "rfc3339ms"), "2024-02-29T21:05:09.123Z")
		same(time.format(1700000000.123, "rfc3339ms"), "2023-11-14T22:13:20.123Z")
		same(time.format(moment, "rfc1123"), "Thu, 29 Feb 2024 21:05:09 GMT")
		same(time.format(moment, "rfc1123", "-03:30"), "Thu, 29 Feb 2024 17:35:09 -0330")
		same(time.format(moment, "timestamp"), "20240229T210509")
		same(time.format(moment, "timestamp", "utc"), "20240229T210509")
		same(time.format(-1), "1969-12-31T23:59:59Z")
		same(time.format(-0.5, "rfc3339ms"), "1969-12-31T23:59:59.500Z")
		fails("Spectrum's timestamp is in UTC", time.format, moment, "timestamp", "Europe/Berlin")
		fails("time in seconds expected (years 1 to 9999), got 1e+300", time.format, 1e300)
		fails("time in seconds expected (years 1 to 9999), got NaN", time.format, 0/0)
		fails("timestamp or a pattern (as in %Y-%m-%d) expected, got ", time.format, moment, "iso")
		fails("timestamp or a pattern (as in %Y-%m-%d) expected, got ", time.format, moment, "any")`,
	"format by pattern": `
		same(time.format(moment, "%Y-%m-%d %H:%M:%S"), "2024-02-29 21:05:09")
		same(time.format(moment, "%a %A %b %B %h %p"), "Thu Thursday Feb February Feb PM")
		same(time.format(moment, "%d|%e|%j|%I|%l|%k|%y|%u|%w|%G|%V"), "29|29|060|09| 9|21|24|4|4|2024|09")
		same(time.format(moment - 10 * 3600 - 26 * 86400, "%d %e %k %I %p"), "03  3 11 11 AM")
		same(time.format(moment - 26 * 86400, "%-d.%-m.%Y %-I"), "3.2.2024 9")
		same(time.format(0, "%-H %-k|%I %p"), "0 0|12 AM")
		same(time.format(moment, "%F %T %D %R %c"), "2024-02-29 21:05:09 02/29/24 21:05 Thu Feb 29 21:05:09 2024")
		same(time.format(moment, "%x %X %r%n%t%%"), "02/29/24 21:05:09 09:05:09 PM\n\t%")
		same(time.format(moment + 0.25, "%s.%f %L"), "1709240709.250000 250")
		same(time.format(moment, "%z %Z"), "+0000 UTC")
		same(time.format(moment, "%z %Z", "America/New_York"), "-0500 EST")
		same(time.format(moment, "%z %Z", "+05:30"), "+0530 +0530")
		same(time.format(moment, "%H Uhr, ü", "Europe/Berlin"), "22 Uhr, ü")
		fails("the unknown directive %Q", time.format, moment, "%Q")
		fails("ends in a percent sign", time.format, moment, "100%")
		fails("too long", time.format, moment, ("%Y"):rep(600))`,
	"parse by name": `
		same(time.parse("2024-02-29T21:05:09Z"), moment)
		same(time.parse("2024-02-29t22:05:09.25+01:00", "rfc3339"), moment + 0.25)
		same(time.parse("2024-02-29T21:05:09.5Z", "rfc3339ms"), moment + 0.5)
		same(time.parse("Thu, 29 Feb 2024 21:05:09 GMT"), moment)
		same(time.parse("Thu, 29 Feb 2024 17:35:09 -0330", "rfc1123"), moment)
		same(time.parse("29 Feb 2024 16:05:09 EST", "rfc1123"), moment)
		same(time.parse("Fri,  1 Mar 2024 21:05 GMT"), moment + 86400 - 9)
		same(time.parse("20240229T210509"), moment)
		same(time.parse("20240229T210509", "timestamp"), moment)
		refused('time like 20240131T235959 expected, got "2024-02-29T21:05:09Z"', time.parse("2024-02-29T21:05:09Z", "timestamp"))
		refused("as in RFC 3339, RFC 1123 or like 20240131T235959", time.parse(""))
		refused("as in RFC 3339", time.parse("2024-02-30T21:05:09Z", "rfc3339"))
		refused("as in RFC 1123", time.parse("Thu, 29 Feb 2024 21:05:09 CEST", "rfc1123"))
		refused("as in RFC 1123", time.parse("Donnerstag, 29 Feb 2024 21:05:09 GMT", "rfc1123"))
		refused("time like 20240131T235959 expected", time.parse("20240229T210509.5", "timestamp"))
		refused("RFC 3339, RFC 1123 or like 20240131T235959 expected", time.parse("0000-01-01T00:00:00Z"))
		refused("RFC 3339, RFC 1123 or like 20240131T235959 expected", time.parse(("x"):rep(100)))`,
	"parse by pattern": `
		same(time.parse("2024-02-29 21:05:09", "%Y-%m-%d %H:%M:%S"), moment)
		same(time.parse("2024-02-29 22:05:09", "%F %T", "Europe/Berlin"), moment)
		same(time.parse("2024-02-29 22:05:09 -0100", "%F %T %z", "Europe/Berlin"), moment + 7200)
		same(time.parse("2024-02-29 21:05:09Z", "%F %T%z", "Europe/Berlin"), moment)
		same(time.parse("29/Feb/2024:16:05:09 EST", "%d/%b/%Y:%T %Z"), moment)
		same(time.parse("thursday,  FEBRUARY 29 24   9:5:9 pm", "%A, %B %d %y %I:%M:%S %p"), moment)
		same(time.parse("12:30 AM", "%I:%M %p"), 1800)
		same(time.parse("1709240709.25", "%s.%f"), moment + 0.25)
		same(time.parse("-1", "%s"), -1)
		same(time.parse("2024 060", "%Y %j"), moment - moment % 86400)
		same(time.parse("99", "%y"), time.parse("1999", "%Y"))
		same(time.parse("100%", "100%%"), 0)
		for _, text in ipairs { "2023-02-29", "2024-13-01", "2024-00-01", "2024-04-31", "2024-02", "2024-02-29x", "x", "" } do
			refused('time like "%F" expected, got "', time.parse(text, "%F"))
		end
		refused("expected, got", time.parse("2023 366", "%Y %j"))
		refused("expected, got", time.parse("25:00", "%R"))
		refused("expected, got", time.parse("CEST", "%Z"))
		refused("expected, got", time.parse("4", "%u"))
		fails("the unknown directive %q", time.parse, "x", "%q")`,
	"parse reads what format wrote": `
		for _, layout in ipairs { "rfc3339", "rfc3339ms", "rfc1123", "%c %z", "%F %T.%f %z", "%A %d %B %Y %I:%M:%S %p %z", "%s", "%Y %j %X %z" } do
			for t = -3e8, 4e9, 98765432 do
				for _, zone in ipairs { "UTC", "Asia/Kathmandu", "-07:30" } do
					same(time.parse(time.format(t, layout, zone), layout), t)
				end
			end
		end`,
	"date": `
		local d = time.date(moment + 0.5, "America/New_York")
		same(d.year, 2024)
		same(d.month, 2)
		same(d.day, 29)
		same(d.hour, 16)
		same(d.min, 5)
		same(d.sec, 9.5)
		same(d.wday, 5)
		same(d.yday, 60)
		same(d.isdst, false)
		same(d.zone, "EST")
		same(d.offset, -18000)
		same(time.date(1720000000, "Europe/Berlin").isdst, true)
		same(time.date(moment).hour, 21)
		local utc = os.date("!*t", moment)
		for _, k in ipairs { "year", "month", "day", "hour", "min", "wday" } do same(time.date(moment)[k], utc[k]) end`,
	"from_date": `
		same(time.from_date { year = 2024, month = 2, day = 29, hour = 21, min = 5, sec = 9 }, moment)
		same(time.from_date({ year = 2024, month = 2, day = 29, hour = 22, min = 5, sec = 9 }, "Europe/Berlin"), moment)
		same(time.from_date { year = 1970, month = 1, day = 1 }, 0)
		same(time.from_date { year = 2023, month = 14, day = 29 + 10, hour = -24 * 10, min = 21 * 60 + 5, sec = 9.25 }, moment + 0.25)
		same(time.from_date(time.date(moment, "Asia/Tokyo")), moment)
		fails("year: integer expected, got nil", time.from_date, { month = 1, day = 1 })
		fails("day: integer expected, got string \"1\"", time.from_date, { year = 1, month = 1, day = "1" })
		fails("month: integer expected, got number 1.5", time.from_date, { year = 1, month = 1.5, day = 1 })
		fails("hour: integer expected, got number NaN", time.from_date, { year = 1, month = 1, day = 1, hour = 0/0 })
		fails("year: integer expected, got number 10000", time.from_date, { year = 10000, month = 1, day = 1 })
		fails("the year is not in the range 1 to 9999", time.from_date, { year = 9999, month = 13, day = 1 })
		fails("the year is not in the range 1 to 9999", time.from_date, { year = 1, month = 1, day = -1e9 })`,
	"zones": `
		same(time.offset("Europe/Berlin", moment), 3600)
		same(select(2, time.offset("Europe/Berlin", 1720000000)), "CEST")
		same(time.offset("+0545"), 20700)
		same(time.offset("-03"), -10800)
		same(time.offset("utc"), 0)
		assert(time.offset("local"))
		for _, zone in ipairs { "Europe/Atlantis", "", "../../etc/passwd", "/etc/localtime", "+25:00", "+1", "CEST" } do
			refused("there is no time zone", time.offset(zone))
			refused("there is no time zone", time.format(moment, nil, zone))
			refused("there is no time zone", time.parse("20240229T210509", nil, zone))
			refused("there is no time zone", time.date(moment, zone))
			refused("there is no time zone", time.from_date({ year = 2024, month = 1, day = 1 }, zone))
		end`,
	"durations": `
		for s, want in pairs {
			[0] = "0s", [1] = "1s", [1.5] = "1.5s", [59.9999] = "1m", [60] = "1m", [3661] = "1h1m1s", [86400] = "1d",
			[90061.25] = "1d1h1m1.25s", [-90] = "-1m30s", [0.001] = "0.001s", [-0.0001] = "0s", [1e11] = "1157407d9h46m40s",
		} do same(time.duration(s), want) end
		for text, want in pairs {
			["90"] = 90, ["1h30m"] = 5400, ["1.5h"] = 5400, ["2d"] = 172800, ["1w"] = 604800, ["500ms"] = 0.5,
			[" 1 h 30 m "] = 5400, ["-1m30s"] = -90, ["0s"] = 0, [".5s"] = 0.5, ["1m1m"] = 120,
		} do same(time.parse_duration(text), want) end
		for _, text in ipairs { "", " ", "-", "h", "1x", "1h30", "1..5h", ".", "1e3", "1h-30m", "99999999999999d", ("9"):rep(50), "+1h", "1 H" } do
			refused("duration expected (as in 90, 1h30m or 2d), got ", time.parse_duration(text))
		end
		fails("number of seconds expected", time.duration, 0/0)
		fails("number of seconds expected", time.duration, 1e12)`,
}

func TestBehaviour(t *testing.T) {
	for name, test := range behaviour {
		t.Run(name, func(t *testing.T) { luatest.Run(t, script+test) })
	}
}

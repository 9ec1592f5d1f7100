package logging

import (
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

var testTime = time.Date(2026, 3, 7, 4, 5, 9, 87_654_321, time.FixedZone("CET", 3600))

func testRecord() *record {
	return &record{time: testTime, level: logrus.WarnLevel, category: "lua.net.http", message: "hello"}
}

// compile compiles a pattern and returns its warnings.
func compile(text string) (pattern, string) {
	var warnings []string
	p := compilePattern(text, func(w string) { warnings = append(warnings, w) })
	return p, strings.Join(warnings, "\n")
}

func TestPatternFormatsARecord(t *testing.T) {
	for _, tc := range []struct{ name, pattern, want string }{
		{"default", defaultPattern, "2026-03-07 04:05:09,087 WARN  lua.net.http: hello\n"},
		{"pid", "4711: %d %-5p %c: %m%n", "4711: 2026-03-07 04:05:09,087 WARN  lua.net.http: hello\n"},
		{"percent", "100%% %m%%%n", "100% hello%\n"},
		{"long names", "%date{ABSOLUTE} %level %logger %message%n", "04:05:09,087 WARN lua.net.http hello\n"},
		{"a name and text", "%mfoo%n", "hellofoo\n"},
		{"thread", "[%t] [%thread]%n", "[main] [main]\n"},
		{"unsupported conversions", "%F:%L %M %C%x%throwable%n", "?:? ? ?\n"},
		{"minimum, right", "%6p|%n", "  WARN|\n"},
		{"minimum, left", "%-6p|%n", "WARN  |\n"},
		{"maximum keeps the end", "%.4c|%n", "http|\n"},
		{"minimum and maximum", "%5.10c|%-7.3p|%n", "a.net.http|ARN    |\n"},
		{"maximum of a short text", "%-20.30c|%n", "lua.net.http        |\n"},
		{"parts of the category", "%c{1} %c{2} %c{9}%n", "http net.http lua.net.http\n"},
		{"newline in the pattern", "%m\n%c%n", "hello\nlua.net.http\n"},
		{"two options", "%d{HH:mm}{UTC}%n", "03:05\n"},
		{"option not closed", "%d{HH%n", "2026-03-07 04:05:09,087{HH\n"},
		{"ends with a newline", "%m\n", "hello\n"},
		{"colour without a terminal", "%Y%p%y%n", "WARN\n"},
		{"huge width", "%99999p%n", strings.Repeat(" ", maxWidth-4) + "WARN\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, warnings := compile(tc.pattern)
			if got := string(p.append(nil, testRecord())); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if warnings != "" {
				t.Errorf("warnings: %s", warnings)
			}
		})
	}
}

func TestUnknownPartsOfAPatternAreWarnings(t *testing.T) {
	for _, tc := range []struct{ pattern, want, warning string }{
		{"%q %m%n", "%q hello\n", "unknown %q"},
		{"%-5Q%m%n", "%-5Qhello\n", "unknown %-5Q"},
		{"%", "%\n", "unknown %"},
		{"%-5", "%-5\n", "unknown %-5"},
		{"%m", "hello\n", "does not end with %n"},
		{"%m%n.", "hello\n.\n", "does not end with %n"},
		{"", "\n", "does not end with %n"},
		{"%c{x}%n", "lua.net.http\n", "%c{x}"},
		{"%d{HH}{Mars/Olympus}%n", "04\n", `"Mars/Olympus"`},
		{"%d{HHoP}%n", "04oP\n", `unknown letter 'o'`},
		{"%d{%H %Q}%n", "04 %Q\n", "unknown %Q"},
	} {
		t.Run(tc.pattern, func(t *testing.T) {
			p, warnings := compile(tc.pattern)
			if got := string(p.append(nil, testRecord())); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			wantContains(t, warnings, tc.warning)
		})
	}
}

func TestDateFormats(t *testing.T) {
	for format, want := range map[string]string{
		"": "2026-03-07 04:05:09,087", "ISO8601": "2026-03-07 04:05:09,087", "iso8601": "2026-03-07 04:05:09,087",
		"ABSOLUTE": "04:05:09,087", "DATE": "07 Mar 2026 04:05:09,087",
		"HH:mm:ss,SSS":            "04:05:09,087",
		"yyyy-MM-dd HH:mm:ss":     "2026-03-07 04:05:09",
		"yyyy-MM-dd HH:mm:ss.SSS": "2026-03-07 04:05:09.087",
		"yyyyMMddHHmmssSSS":       "20260307040509087",
		"SSSSSS":                  "087654",
		"SSSSSSSSSSSSSS":          "087654321",
		"d.M.yy h:m:s a":          "7.3.26 4:5:9 AM",
		"ds":                      "79", // Go would read "25" as one layout
		"EEE, dd MMM yyyy Z":      "Sat, 07 Mar 2026 +0100",
		"EEEE MMMM z XXX":         "Saturday March CET +01:00",
		"HH'h'mm''''ss 'o''clock": "04h05''09 oclock",
		"D":                       "066",
		"HH\u2236mm":              "04\u223605",
		"%H:%M:%S":                "04:05:09",
		"%Y-%m-%d %T %z":          "2026-03-07 04:05:09 +0100",
		"%s%%":                    "1772852709%",
		"%e %b %y %I%p":           " 7 Mar 26 04AM",
		"%H\u2236%M":              "04\u223605",
		"100%":                    "100%",
	} {
		t.Run(format, func(t *testing.T) {
			p, warnings := compile("%d{" + format + "}%n")
			if got := string(p.append(nil, testRecord())); got != want+"\n" {
				t.Errorf("got %q, want %q", got, want)
			}
			if warnings != "" {
				t.Errorf("warnings: %s", warnings)
			}
		})
	}
}

func TestLevelNames(t *testing.T) {
	var got []string
	for _, l := range logrus.AllLevels {
		got = append(got, levelName(l))
	}
	got = append(got, levelName(99))
	if s := strings.Join(got, " "); s != "FATAL FATAL ERROR WARN INFO DEBUG TRACE TRACE" {
		t.Error(s)
	}
}

func TestTerminalShowsColours(t *testing.T) {
	p, _ := compile("%-5p %c{1} %m%n")
	r := testRecord()
	r.colour = true
	want := "\x1b[33mWARN \x1b[0m \x1b[2mhttp\x1b[0m hello\n"
	if got := string(p.append(nil, r)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestElapsedMillisecondsAreShown(t *testing.T) {
	p, _ := compile("%r%n")
	r := testRecord()
	r.time = started.Add(1234 * time.Millisecond)
	if got := string(p.append(nil, r)); got != "1234\n" {
		t.Errorf("got %q", got)
	}
}

package time

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxDuration is the longest valid duration, in seconds: about 3,000 years.
const maxDuration = 1e11

// units holds the units that formatDuration writes, the longest first.
var units = []struct {
	name    string
	seconds float64
}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}

// unitSeconds holds the units that parseDuration accepts.
var unitSeconds = map[string]float64{"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 1e-3}

// formatDuration returns a duration as text, rounded to milliseconds.
func formatDuration(s float64) string {
	sign := ""
	if s < 0 {
		sign, s = "-", -s
	}
	s = math.Round(s*1000) / 1000
	var b strings.Builder
	for _, unit := range units[:3] {
		if n := math.Floor(s / unit.seconds); n > 0 {
			fmt.Fprintf(&b, "%.0f%s", n, unit.name)
			s -= n * unit.seconds
		}
	}
	if s = math.Round(s*1000) / 1000; s > 0 || b.Len() == 0 {
		b.WriteString(strconv.FormatFloat(s, 'f', -1, 64) + "s")
	}
	if b.String() == "0s" {
		sign = ""
	}
	return sign + b.String()
}

// parseDuration parses numbers with units, as in 1h30m or 1.5 h. A number without
// a unit is in seconds.
func parseDuration(text string) (float64, error) {
	wrong := fmt.Errorf("duration expected (as in 90, 1h30m or 2d), got %.60q", text)
	rest := strings.TrimSpace(text)
	rest, negative := strings.CutPrefix(rest, "-")
	if n, ok := plainNumber(rest); ok && n <= maxDuration {
		return signed(n, negative), nil
	}
	sum := 0.0
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end < 0 {
			return 0, wrong
		}
		n, ok := plainNumber(rest[:end])
		if !ok {
			return 0, wrong
		}
		rest = strings.TrimLeft(rest[end:], " ")
		end = strings.IndexFunc(rest, func(r rune) bool { return r < 'a' || r > 'z' })
		if end < 0 {
			end = len(rest)
		}
		unit, ok := unitSeconds[rest[:end]]
		if sum += n * unit; !ok || sum > maxDuration {
			return 0, wrong
		}
		rest = strings.TrimLeft(rest[end:], " ")
	}
	if strings.TrimSpace(text) == "" || strings.TrimSpace(text) == "-" {
		return 0, wrong
	}
	return signed(sum, negative), nil
}

// plainNumber parses digits with at most one point.
func plainNumber(s string) (float64, bool) {
	if s == "" || len(s) > 30 || strings.Trim(s, "0123456789.") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

func signed(n float64, negative bool) float64 {
	if negative {
		return -n
	}
	return n
}

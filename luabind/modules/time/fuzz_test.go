package time

import (
	"testing"
	"time"
)

// FuzzParse parses any text with any pattern. A parsed time is formatted and parsed
// again to the same time, if the pattern holds all of it.
func FuzzParse(f *testing.F) {
	f.Add("2024-02-29T21:05:09Z", "rfc3339")
	f.Add("Thu, 29 Feb 2024 21:05:09 GMT", "rfc1123")
	f.Add("2024-02-29 21:05:09.25 +0100", "%F %T.%f %z")
	f.Add("Thu Feb 29 21:05:09 2024 99 PM", "%c %y %p%%%n%j%e%I")
	f.Add("-1709240709 EST", "%s %Z")
	f.Add("2024", "\x85%Y")
	f.Fuzz(func(t *testing.T, text, name string) {
		_, _ = parseDuration(text)
		_, _ = parseAny(text, time.UTC)
		p, err := compilePattern(name)
		if err != nil {
			return
		}
		read, ok := p.parse(text, time.UTC)
		if !ok || read.UTC().Year() < 1 || read.UTC().Year() > 9999 {
			return
		}
		written := p.format(read)
		again, ok := p.parse(written, time.UTC)
		if ok && p.format(again) != written {
			t.Fatalf("%q by %q is %v, which is %q, which is %v", text, name, read, written, again)
		}
	})
}

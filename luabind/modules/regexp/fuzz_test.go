package regexp

import (
	"strings"
	"testing"
)

// FuzzReplace compiles any pattern and takes any replacement. One that quotes
// its dollars gives itself, and a whole match in place of itself changes nothing.
func FuzzReplace(f *testing.F) {
	f.Add(`(\w+)=(?P<value>\d*)`, "a=1 b=2", "${value}$1$$")
	f.Add(`x*`, "日本", "$0")
	f.Add(`(a?){3}`, "aaaa", "$")
	f.Add(`\`, "", "${")
	f.Fuzz(func(t *testing.T, text, subjectText, replacement string) {
		p, err := compile(text)
		if err != nil || p.cost*len(subjectText) > shortWork {
			return
		}
		s := &subject{text: subjectText, names: p.re.SubexpNames()}
		found := p.re.FindAllStringSubmatchIndex(subjectText, 100)
		for _, test := range []struct{ template, want string }{
			{strings.ReplaceAll(replacement, "$", "$$"), replacement}, {"$0", ""}, {replacement, ""},
		} {
			parsed, err := parseTemplate(test.template, s.names)
			if err != nil {
				if test.template != replacement {
					t.Fatalf("%q: %v", test.template, err)
				}
				continue
			}
			for _, at := range found {
				var b strings.Builder
				parsed.write(&b, s, at)
				if b.Len() != parsed.size(at) {
					t.Fatalf("%q is %d bytes, not %d", b.String(), b.Len(), parsed.size(at))
				}
				want := test.want
				if test.template == "$0" {
					want = subjectText[at[0]:at[1]]
				}
				if want != "" && b.String() != want {
					t.Fatalf("%q by %q is %q, not %q", test.template, text, b.String(), want)
				}
				s.table(at)
			}
		}
	})
}

package richtext

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"spectrumlua/runtime/xmltext"
	"spectrumlua/runtime/xmltree"
)

var all = []Format{HTML, XHTML, Markdown, Styling, IRC, Plain}

var seeds = []string{
	"", "hello", "*bold* _italic_ ~strike~ `code`\n> quote\n```\npre\n```\n", "# a\n\n- b\n- c\n  1. d\n\n**e** [f](http://g) ![h](http://i)",
	"<p>a <b>b</b><br/><a href='http://x/(y)'>c</a></p><ul><li>d<ol><li>e</ol></ul><blockquote>f</blockquote><pre> g\n  h</pre>",
	"\x02bold \x0304,12red\x03 \x1ditalic\x0f \x04ff0000,00ff00x\x04 \x16\x11\x1e\x1f", "<table><tr><td>a<td>b<tr><td>c</table>",
	"<b><i>x</b>y</i><script>z</script><a href='javascript:x'>y</a><img src=x alt='a\nb'>", "a\x00b\xff\xfe\u2060*c*", "&lt;b&gt; &amp; &nbsp; &#0; &#x1f600;",
	"http://a_b/*c*_d, (https://e.org/f(g)) javascript://x", "1. a\n2) b\n+ c\n- d\n= e\n# f\n    g\n\th", "***a***b*c* __d__ ~~e~~ \\* `` ` ``",
	"<span style='color:red;font-weight:bold;text-decoration:underline line-through'>x</span>", "<li>a</li>b<li>c", "<h1>a<p>b</h1>c<hr>d",
	"<p><b>a</p><p>b</b>c</p>", "> a\n>> b\n>c\n\n> ```\n> d", "*a*b* *c _d_* *_e*_ **f** * g* *h *", "a&b&amp;c <d> [e] (f) g_h_i _j_", "&#32;&#160;\u2028\u0085a\r\nb\rc",
}

// FuzzConvert converts any text between all formats: the output is well-formed, within
// the profile of XHTML-IM, and reading it never fails.
func FuzzConvert(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 10_000 {
			return
		}
		for _, from := range all {
			for _, to := range all {
				out, err := Convert(s, from, to)
				if err != nil {
					if from != XHTML {
						t.Fatalf("%q from %s to %s: %v", s, from, to, err)
					}
					continue
				}
				if !utf8.ValidString(out) {
					t.Fatalf("%q from %s to %s is %q, which is not UTF-8", s, from, to, out)
				}
				checkOutput(t, s, out, from, to)
			}
		}
	})
}

// profile has the elements of XHTML-IM with their attributes.
var profile = map[string]map[string]bool{
	"a": set("href"), "blockquote": {}, "br": {}, "img": set("alt", "src"), "li": {}, "ol": {}, "p": {}, "span": set("style"), "ul": {},
	"body": {},
}

func checkOutput(t *testing.T, s, out string, from, to Format) {
	t.Helper()
	switch to {
	case HTML, XHTML:
		fragment, err := xmltext.Fragment(out)
		if err != nil {
			t.Fatalf("%q from %s is %q, which is not well-formed: %v", s, from, out, err)
		}
		tree, err := xmltree.Parse("<body>"+fragment+"</body>", limits)
		if err != nil {
			t.Fatalf("%q from %s is %q: %v", s, from, out, err)
		}
		checkElement(t, tree, to)
	case IRC:
		if strings.ContainsAny(out, "\x00\r\x01\x7f") {
			t.Fatalf("%q from %s is %q", s, from, out)
		}
	}
	if _, err := Convert(out, to, Plain); err != nil {
		t.Fatalf("%q from %s to %s is %q: %v", s, from, to, out, err)
	}
}

func checkElement(t *testing.T, e *xmltree.Node, to Format) {
	t.Helper()
	if to == XHTML && profile[e.Name] == nil {
		t.Fatalf("<%s> is not in the profile", e.Name)
	}
	for _, a := range e.Attr {
		if to == XHTML && !profile[e.Name][a.Name] {
			t.Fatalf("the attribute %s of <%s> is not in the profile", a.Name, e.Name)
		}
		if scheme, _, _ := strings.Cut(a.Value, ":"); (a.Name == "href" || a.Name == "src") && !schemes[strings.ToLower(scheme)] {
			t.Fatalf("a link to %q", a.Value)
		}
	}
	for _, c := range e.Children {
		if c.Element != nil {
			checkElement(t, c.Element, to)
		}
	}
}

var percent = regexp.MustCompile("%[0-9A-Fa-f]{2}")

// words returns a text without what formats may change: blanks, escapes in
// addresses, and what is not visible.
func words(s string) string {
	s = visible(lineEnds.Replace(s)) // first: IRC drops a control character within an escape
	s = percent.ReplaceAllStringFunc(s, func(escape string) string {
		c, _ := hex.DecodeString(escape[1:])
		return string(c)
	})
	s = visible(s)
	return strings.Join(strings.Fields(s), " ")
}

// visible removes the characters that cannot be seen.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u2060' || isControl(r) {
			return -1
		}
		return r
	}, s)
}

// unquoted is words without the signs of quotes, because blank lines have them too.
func unquoted(s string) string { return words(strings.ReplaceAll(s, ">", " ")) }

// FuzzPlainTextStaysPlain converts plain text to each format and back: no character
// becomes a mark, and none is lost.
func FuzzPlainTextStaysPlain(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2_000 { // a longer text may have more marks than Markdown reads
			return
		}
		s = xmltext.Clean(s)
		for _, to := range all {
			out, err := Convert(s, Plain, to)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Convert(out, to, Plain)
			if err != nil || words(back) != words(s) {
				t.Fatalf("%q to %s is %q, then %q, %v", s, to, out, back, err)
			}
			if to == Styling || to == Markdown {
				if styled, err := Convert(out, to, IRC); err != nil || strings.ContainsAny(styled, "\x02\x1d\x1e\x11") {
					t.Fatalf("%q to %s is %q, which has a style: %q", s, to, out, styled)
				}
			}
		}
	})
}

// FuzzTextSurvives converts HTML to each format and compares the text without styles.
func FuzzTextSurvives(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2_000 {
			return
		}
		for _, from := range []Format{HTML, Styling} {
			want, err := Convert(s, from, Plain)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range []Format{HTML, XHTML, Markdown, Styling, IRC} {
				out, err := Convert(s, from, to)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := Convert(out, to, Plain); err != nil || unquoted(got) != unquoted(want) {
					t.Fatalf("%q from %s to %s is %q, whose text is %q, not %q: %v", s, from, to, out, unquoted(got), unquoted(want), err)
				}
			}
		}
	})
}

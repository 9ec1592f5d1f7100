package richtext

import (
	"errors"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
)

func TestConvert(t *testing.T) {
	cases := []struct {
		name     string
		from, to Format
		in, want string
	}{
		{"plain text to XHTML", Plain, XHTML, "a <b> & 'c'\nd", "a &lt;b&gt; &amp; &apos;c&apos;<br/>d"},
		{"an address becomes a link", Plain, XHTML, "see http://e.org/a.", `see <a href="http://e.org/a">http://e.org/a</a>.`},
		{"a script is dropped", HTML, XHTML, "a<script>b</script>c", "ac"},
		{"a link to a script is text", HTML, XHTML, `<a href="java&#10;script:alert(1)">x</a>`, "x"},
		{"a relative link is text", HTML, XHTML, `<a href="/x">x</a>`, "x"},
		{"attributes are dropped", HTML, XHTML, `<b onclick="x" class=y>a</b>`, `<span style="font-weight: bold">a</span>`},
		{"elements that overlap", HTML, HTML, "<b>a<i>b</b>c</i>", "<strong>a</strong><strong><em>b</em></strong><em>c</em>"},
		{"elements that are not closed", HTML, HTML, "<p>a<p><b>b<ul><li>c<li>d", "<p>a</p><p><strong>b</strong></p><ul><li>c</li><li>d</li></ul>"},
		{"end tags without an element", HTML, HTML, "</p>a</b></div>b", "ab"},
		{"a table", HTML, Plain, "<table><tr><th>a<td>b<tr><td>c<td>d</table>", "a | b\nc | d"},
		{"entities", HTML, Plain, "&lt;&eacute;&#x1F600;&nbsp;&unknown;", "<é😀\u00a0&unknown;"},
		{"bytes that are not UTF-8", HTML, XHTML, "a\x00b\xff", "ab\ufffd"},
		{"colours of Matrix", HTML, XHTML, `<font data-mx-color="#F00">a</font>`, `<span style="color: #ff0000">a</span>`},
		{"a heading in XHTML", HTML, XHTML, "<h1>a</h1>b", `<p><span style="font-weight: bold">a</span></p><p>b</p>`},
		{"preformatted text in XHTML", HTML, XHTML, "<pre>a\n  b</pre>", `<p><span style="font-family: monospace">a</span><br/><span style="font-family: monospace">` + "\u00a0\u00a0" + `b</span></p>`},
		{"a picture", HTML, XHTML, `<img src="https://e.org/a.png" alt="a">`, `<img alt="a" src="https://e.org/a.png"/>`},
		{"a picture in a data URL", HTML, XHTML, `<img src="data:image/png;base64,AA" alt="a">`, "a"},

		{"Markdown to XHTML", Markdown, XHTML, "**a** *b*\nc", `<span style="font-weight: bold">a</span> <span style="font-style: italic">b</span><br/>c`},
		{"HTML in Markdown is harmless", Markdown, HTML, "<b>a</b> <script>x</script> <i onclick=x>b</i>", "<strong>a</strong> <em>b</em>"},
		{"a link to a script in Markdown", Markdown, HTML, "[a](javascript:x)", "a"},
		{"Markdown with code", Markdown, HTML, "```lua\na < b\n```", "<pre><code>a &lt; b</code></pre>"},
		{"plain text is escaped for Markdown", Plain, Markdown, "*a* _b_ c_d `e` [f](g) <h> &lt; # i", "\\*a\\* \\_b\\_ c_d \\`e\\` \\[f\\](g) \\<h> \\&lt; # i"},
		{"lines are escaped for Markdown", Plain, Markdown, "# a\n1. b\n- c\n> d\n    e", "\\# a  \n1\\. b  \n\\- c  \n\\> d  \n&#32;   e"},
		{"styles in Markdown", HTML, Markdown, "<b>a </b><i>b</i> <code>c`d</code> <a href='http://e'>f</a>", "**a** *b* ``c`d`` [f](http://e)"},
		{"a style that Markdown cannot show", HTML, Markdown, "a<b>(b)</b>c", "a(b)c"},
		{"lists in Markdown", HTML, Markdown, "<ul><li>a<ol><li>b<li>c</ol></ul>", "- a\n\n  1. b\n  2. c"},
		{"code in Markdown", HTML, Markdown, "<pre>```\na</pre>", "````\n```\na\n````"},

		{"styling to XHTML", Styling, XHTML, "*a* _b_ ~c~ `d *e*`",
			`<span style="font-weight: bold">a</span> <span style="font-style: italic">b</span> <span style="text-decoration: line-through">c</span> <span style="font-family: monospace">d *e*</span>`},
		{"what is not styling", Styling, HTML, "2 * 3 * 4 *a * b* a*b* **\n*c\nd*", "2 * 3 * 4 <strong>a * b</strong> a*b* **<br/>*c<br/>d*"},
		{"styling ends early", Styling, HTML, "*strong*plain*", "<strong>strong</strong>plain*"},
		{"styling nests", Styling, HTML, "*a _b_* _*c*_", "<strong>a </strong><strong><em>b</em></strong> <strong><em>c</em></strong>"},
		{"quotes and code in styling", Styling, HTML, "> a\n> > b\n```\n*c*\n```\nd", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><pre><code>*c*</code></pre><p>d</p>"},
		{"code without an end", Styling, HTML, "```\na", "<pre><code>a</code></pre>"},
		{"HTML to styling", HTML, Styling, "<b>a</b> <i>b</i><blockquote>c</blockquote><pre>d</pre>", "*a* _b_\n> c\n\n```\nd\n```"},
		{"plain text is escaped for styling", Plain, Styling, "*a* 2 * 3 *b\n> c\n```", "\u2060*a* 2 * 3 *b\n\u2060> c\n\u2060```"},
		{"a style that styling cannot show", HTML, Styling, "a<b>b</b> <b>c*d</b>", "ab c*d"},

		{"IRC to XHTML", IRC, XHTML, "\x02a\x02 \x0304,02b\x0f c", `<span style="font-weight: bold">a</span> <span style="color: #ff0000; background-color: #00007f">b</span> c`},
		{"IRC to plain text", IRC, Plain, "\x02a\x0f\x01\x0312b", "ab"},
		{"HTML to IRC", HTML, IRC, "<b>a</b><p>b</p><ul><li>c</ul>", "\x02a\nb\n- c"},
		{"Markdown to IRC", Markdown, IRC, "**a** `b`", "\x02a\x02 \x11b"},
		{"codes of IRC in other texts", Plain, IRC, "a\x02b", "ab"},
		{"nothing", HTML, Markdown, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Convert(c.in, c.from, c.to)
			if err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestXHTMLMustBeWellFormed(t *testing.T) {
	for _, s := range []string{"<b>a", "a</b>", "&nbsp;", "<b a=1/>", strings.Repeat("<b>", 500) + strings.Repeat("</b>", 500), "</body><body>"} {
		if out, err := Convert(s, XHTML, Plain); err == nil || !strings.HasPrefix(err.Error(), "no XHTML: ") {
			t.Errorf("%.40q is %q, %v", s, out, err)
		}
	}
}

func TestTooLongTexts(t *testing.T) {
	if _, err := Convert(strings.Repeat("a", MaxInput+1), Plain, Plain); err == nil || err.Error() != "a text of 1048577 bytes is too long: at most 1048576 bytes can be converted" {
		t.Error(err)
	}
	long := `<a href="http://` + strings.Repeat("a", 10_000) + `">` + strings.Repeat("<p>a", 100_000)
	if _, err := Convert(long, HTML, XHTML); err == nil || err.Error() != "the result is too long" {
		t.Error(err)
	}
}

// hostile are texts that some parsers need quadratic time, or a deep stack, for.
var hostile = []string{
	"<b>", "<div>", "<ul>", "<li>", "<ul><li>", "<blockquote>", "<p>", "<table><tr><td>", "</b>", "<b><i></b>", "<a href=http://a>", "<pre>",
	"<b", "<!--", "<", "&", "&#", "<br>", "<img alt=a>", "<b style='color:red;", "<x y=z ", "<a ", "</", "<![CDATA[", "<script>", "\x00", "\xff", " ", "\n",
	"> ", ">", "```\n", "*a", "*a ", " *a", "_*~`", "*_a", "* ", "`a ", "~a~ ", "a_", "**a** ", "***a**b*", "[", "[a](", "![", "[a]: b\n", "- ", "1) ", "- a\n",
	"# ", "\x02", "\x03", "\x0304,02a", "\x04ff0000a", "http://", "http://a)", "://", "http://a ", "http://.", "a.", "\t", "\\", "<b>a</b>", "é", "\u2060*",
	"    ", "a  \n", "\r", "<h1>", "<hr>", "&lt;", "<font color=red>a", "[[", "()", "<http://a>", "a@b.c ", "www.a ",
}

// TestHostileTexts converts long repetitions. Quadratic time would take minutes.
func TestHostileTexts(t *testing.T) {
	size := race.Reduce(32<<10, 4<<10)
	for _, unit := range hostile {
		s := strings.Repeat(unit, size/len(unit))
		for _, to := range all {
			hostilePair(t, unit, s, HTML, to)
			hostilePair(t, unit, s, Plain, to)
		}
		for _, from := range []Format{XHTML, Markdown, Styling, IRC} {
			hostilePair(t, unit, s, from, XHTML)
		}
	}
}

func hostilePair(t *testing.T, unit, s string, from, to Format) {
	t.Helper()
	start := time.Now()
	out, err := Convert(s, from, to)
	if err != nil && from != XHTML && !errors.Is(err, errLongResult) {
		t.Errorf("%q from %s to %s: %v", unit, from, to, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%q from %s to %s took %v", unit, from, to, took)
	}
	if err == nil && len(out) < 1<<16 {
		checkOutput(t, unit, out, from, to)
	}
}

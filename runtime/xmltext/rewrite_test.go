package xmltext

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFragmentEncodesValidContent(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"text", "hello", "hello"},
		{"references", "&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;", "&lt;&gt;&amp;\"'A\U0001F600"},
		{"markup", "<p>a <strong>b</strong></p>", "<p>a <strong>b</strong></p>"},
		{"elements next to each other", "<p>a</p> and <p>b</p>", "<p>a</p> and <p>b</p>"},
		{"no content", "<br/><br /><img></img>", "<br/><br/><img/>"},
		{"an empty text", "<a><![CDATA[]]></a>", "<a/>"},
		{"attributes", `<a href='x"y' b="it's">c</a>`, `<a href="x&quot;y" b="it's">c</a>`},
		{"attributes that touch each other", `<a b="c"d="e"/>`, `<a b="c" d="e"/>`},
		{"needless blanks", "<a\n b = '1'\t>x</a >", `<a b="1">x</a>`},
		{"brackets in a value", `<a b="]]>"/>`, `<a b="]]&gt;"/>`},
		{"CDATA", "<![CDATA[<b>&amp;]]>", "&lt;b&gt;&amp;amp;"},
		{"brackets in a text", "a ]]&gt; b > c", "a ]]&gt; b &gt; c"},
		{"line ends", "a\r\nb\rc", "a\nb\nc"},
		{"a carriage return as a reference", "a&#13;b", "a&#13;b"},
		{"blanks in a value", `<a b="&#9;&#10;&#13;"/>`, `<a b="&#9;&#10;&#13;"/>`},
		{"namespaces", `<a xmlns="u"><b xmlns=""/></a>`, `<a xmlns="u"><b xmlns=""/></a>`},
		{"a prefix", `<p:a xmlns:p="u" p:b="1"><p:c/></p:a>`, `<p:a xmlns:p="u" p:b="1"><p:c/></p:a>`},
		{"a prefix declared again", `<p:a xmlns:p="u"><p:b xmlns:p="v"/><p:c/></p:a>`, `<p:a xmlns:p="u"><p:b xmlns:p="v"/><p:c/></p:a>`},
		{"prefixes at many depths", `<a xmlns:p="u"><b xmlns:q="v"><c xmlns:p="w" xmlns:r="x"><r:d/></c><q:e/></b><p:f xmlns:q="y"/></a>`,
			`<a xmlns:p="u"><b xmlns:q="v"><c xmlns:p="w" xmlns:r="x"><r:d/></c><q:e/></b><p:f xmlns:q="y"/></a>`},
		{"one name in two namespaces", `<a xmlns:p="u" xmlns:q="v" b="0" p:b="1" q:b="2"/>`, `<a xmlns:p="u" xmlns:q="v" b="0" p:b="1" q:b="2"/>`},
		{"the prefix xml", `<a xml:lang="de"/>`, `<a xml:lang="de"/>`},
		{"the prefix xml declared with its own namespace", `<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, `<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`},
		{"names of other languages", `<größe/><p:é xmlns:p="u"/>`, `<größe/><p:é xmlns:p="u"/>`},
		{"a surrogate by number", "&#xD800;", "\uFFFD"},
		{"the maximum depth", nest(maxDepth), strings.Replace(nest(maxDepth), "<a></a>", "<a/>", 1)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Fragment(c.in)
			if err != nil || got != c.want {
				t.Errorf("%q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

func nest(depth int) string {
	return strings.Repeat("<a>", depth) + strings.Repeat("</a>", depth)
}

// hostile holds inputs that could break the stream.
var hostile = []struct{ name, in, want string }{
	{"a tag left open", "<p>hello", "<p> is not closed"},
	{"a tag closed twice", "<p/></p>", "</p> closes no element"},
	{"a tag closed first", "</p><p>", "</p> closes no element"},
	{"the end of the stream", "</stream:stream>", "</stream:stream> closes no element"},
	{"crossed tags", "<a><b></a></b>", "<b> is closed by </a>"},
	{"another prefix at the end", `<a xmlns:p="u"></p:a>`, "<a> is closed by </p:a>"},
	{"another case at the end", "<a></A>", "<a> is closed by </A>"},
	{"an end within a tag", "<a b='1'", "EOF"},
	{"an end within a value", "<a b='1", "EOF"},
	{"an end within CDATA", "<![CDATA[x", "EOF"},
	{"a comment", "a<!-- b -->", "a comment"},
	{"a processing instruction", "<?php x ?>", "a processing instruction"},
	{"a prolog", `<?xml version="1.0"?><a/>`, "a prolog"},
	{"a document type", "<!DOCTYPE a>", "a document type"},
	{"a declared entity", `<!DOCTYPE a [<!ENTITY x "xxxx">]><a>&x;</a>`, "a document type"},
	{"an entity that is not declared", "&nbsp;", "invalid character entity"},
	{"a bare &", "a & b", "invalid character entity"},
	{"a reference without its end", "&lt", ""},
	{"a bare <", "a < b", ""},
	{"a < in a value", `<a b="<"/>`, "unescaped <"},
	{"brackets in a text", "a ]]> b", "]]>"},
	{"NUL", "a\x00b", "U+0000"},
	{"NUL by number", "&#0;", "U+0000"},
	{"a control character by number", "&#x1b;", "U+001B"},
	{"a control character in a value", "<a b='\x03'/>", "U+0003"},
	{"a control character in a name", "<a\x03/>", ""},
	{"a code point that is not a character", "\uFFFE", "U+FFFE"},
	{"a code point that is not a character, by number", "&#xFFFF;", "U+FFFF"},
	{"a number over U+10FFFF", "&#x110000;", "invalid character entity"},
	{"a number over 64 bits", "&#99999999999999999999;", "invalid character entity"},
	{"bad UTF-8", "a\xffb", "invalid UTF-8"},
	{"bad UTF-8 in a value", "<a b='\xff'/>", "invalid UTF-8"},
	{"bad UTF-8 in a name", "<a\xff/>", ""},
	{"a value without quotes", "<a b=c/>", "unquoted"},
	{"an attribute without a value", "<a b/>", "without ="},
	{"no name", "<>", ""},
	{"a blank before the name", "< a/>", ""},
	{"a digit first", "<1/>", "invalid XML name"},
	{"a colon first", "<:a/>", ":a is not a valid name"},
	{"a colon last", "<a:/>", "a: is not a valid name"},
	{"only a colon", "<:/>", ": is not a valid name"},
	{"two colons", "<a:b:c/>", ""},
	{"a colon first in an attribute", `<a :b="1"/>`, ":b is not a valid name"},
	{"a colon last in an attribute", `<a xmlns:="u"/>`, "xmlns: is not a valid name"},
	{"a digit after the prefix", `<p:1 xmlns:p="u"/>`, "p:1 is not a valid name"},
	{"a dash after the prefix", `<a xmlns:p="u" p:-b="1"/>`, "p:-b is not a valid name"},
	{"a mark after the prefix", "<p:\u0300 xmlns:p='u'/>", "is not a valid name"},
	{"a digit declared as a prefix", `<a xmlns:1="u"/>`, "xmlns:1 is not a valid name"},
	{"a prefix that is not declared", "<p:a/>", "the prefix p: is not declared"},
	{"an attribute's prefix that is not declared", `<a p:b="1"/>`, "the prefix p: is not declared"},
	{"a prefix that another element declares", `<a xmlns:p="u"/><p:b/>`, "the prefix p: is not declared"},
	{"a prefix that an inner element declares", `<a><b xmlns:p="u"/><p:c/></a>`, "the prefix p: is not declared"},
	{"a prefix that a deeper element declares", `<a xmlns:p="u"><b xmlns:q="v"><c xmlns:r="w"/></b><q:d/></a>`, "the prefix q: is not declared"},
	{"an attribute twice, by namespace, after a hidden prefix", `<a xmlns:p="u"><b xmlns:p="v"><c/></b><d xmlns:q="u" p:e="1" q:e="2"/></a>`, "with another prefix"},
	{"the stream's prefix", "<stream:error/>", "the prefix stream: is not declared"},
	{"an attribute twice", `<a b="1" b="2"/>`, "twice"},
	{"an attribute twice, by namespace", `<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>`, "with another prefix"},
	{"an attribute twice, with an outer prefix", `<a xmlns:p="u"><a xmlns:q="u" p:b="1" q:b="2"/></a>`, "with another prefix"},
	{"an attribute twice, with the prefix xml", `<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:b="1" xml:b="2"/>`, "twice"},
	{"a prefix declared twice", `<a xmlns:p="u" xmlns:p="v"/>`, "twice"},
	{"a default declared twice", `<a xmlns="u" xmlns="v"/>`, "twice"},
	{"a prefix declared as nothing", `<a xmlns:p=""/>`, "declared as nothing"},
	{"xml declared as another", `<a xmlns:xml="u"/>`, "prefix xml cannot"},
	{"xml declared as nothing", `<a xmlns:xml=""/>`, "prefix xml cannot"},
	{"xml's namespace with another prefix", `<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, "cannot have the prefix p:"},
	{"xml's namespace as the default", `<a xmlns="http://www.w3.org/XML/1998/namespace"/>`, "cannot be the default"},
	{"xmlns declared", `<a xmlns:xmlns="u"/>`, "prefix xmlns cannot"},
	{"xmlns' namespace with a prefix", `<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`, "cannot have the prefix p:"},
	{"xmlns' namespace as the default", `<a xmlns="http://www.w3.org/2000/xmlns/"/>`, "cannot be the default"},
	{"an element with the prefix xmlns", "<xmlns:a/>", "the prefix xmlns is for declarations"},
	{"one level too deep", nest(maxDepth + 1), "more than 100 deep"},
	{"a bomb", strings.Repeat("<a>", 1_000_000), "more than 100 deep"},
}

func TestFragmentRejectsHostileInput(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			got, err := Fragment(c.in)
			if err == nil {
				t.Fatalf("no error, but %q", got)
			}
			if got != "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, %q; want %q", got, err, c.want)
			}
			if got, err := Stanza("<message>" + c.in + "</message>"); err == nil {
				t.Errorf("no error in a stanza, but %q", got)
			}
		})
	}
}

func TestStanzaEncodesOneStanza(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"a message", `<message to="a"><body>b</body></message>`, `<message to="a"><body>b</body></message>`},
		{"a presence", "<presence/>", "<presence/>"},
		{"an iq with blanks around", "\r\n\t <iq type='get'/> \n", `<iq type="get"/>`},
		{"a message with its namespace", `<message xmlns="jabber:client"/>`, `<message xmlns="jabber:client"/>`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Stanza(c.in); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestStanzaRejectsOtherInput(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"nothing", "", "it is not a stanza"},
		{"blanks", " \n", "it is not a stanza"},
		{"text", "hello", "text outside of the stanza"},
		{"text before the stanza", "hello<iq/>", "text outside of the stanza"},
		{"text after the stanza", "<iq/>hello", "text outside of the stanza"},
		{"a blank by number", "<iq/>&#32;", "text outside of the stanza"},
		{"a no-break space", "\u00a0<iq/>", "text outside of the stanza"},
		{"a byte order mark", "\uFEFF<iq/>", "text outside of the stanza"},
		{"two", "<iq/><iq/>", "more than one stanza"},
		{"another element", "<body/>", "<body> is not a stanza"},
		{"another case", "<Message/>", "<Message> is not a stanza"},
		{"a prefix", `<c:message xmlns:c="jabber:client"/>`, "<c:message> is not a stanza"},
		{"a stream", "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'><iq/></stream:stream>", "is not a stanza"},
		{"a prolog", "<?xml version='1.0'?><iq/>", "a prolog"},
		{"a stray end", "<iq/></iq>", "closes no element"},
		{"a comment after the stanza", "<iq/><!---->", "a comment"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Stanza(c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// TestTimeIsLinear uses inputs for which a careless algorithm would take quadratic time.
func TestTimeIsLinear(t *testing.T) {
	const n = 40_000
	many := func(format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i)
		}
		return b.String()
	}
	for _, c := range []struct{ name, in string }{
		{"attributes", "<a " + many(`b%d="%d" `) + "/>"},
		{"prefixes, declared and used", "<a " + many(`xmlns:p%d="u%[1]d" p%[2]d:b="1" `) + "/>"},
		{"prefixes declared again and again", strings.Repeat(`<a xmlns:p="u"><p:b/></a>`, n)},
		{"elements", strings.Repeat("<a/>", n)},
		{"references", strings.Repeat("&#65;", n)},
		{"a long name", "<" + strings.Repeat("a", n) + "/>"},
		{"brackets", strings.Repeat("]", n)},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			if _, err := Fragment(c.in); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("%d bytes took %v", len(c.in), took)
			}
		})
	}
}

// FuzzFragment checks the output with an independent parser.
func FuzzFragment(f *testing.F) {
	for _, c := range hostile {
		if len(c.in) < 1000 {
			f.Add(c.in)
		}
	}
	for _, seed := range []string{
		"", "a&#13;b", "<p>a <strong>b</strong></p>", `<p:a xmlns:p="u" p:b="1"><p:c/></p:a>`, "<![CDATA[<b>&amp;]]>",
		`<a b="&#9;]]>"c='"'/>`, " <iq type='get'/>\n", `<message to="a"><body>b</body></message>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := Fragment(s); err == nil {
			if c, err := checkStrictly(got); err != nil || c.deep > maxDepth {
				t.Errorf("%q became %q: %v, %d deep", s, got, err, c.deep)
			}
			if again, err := Fragment(got); err != nil || again != got {
				t.Errorf("%q became %q, and then %q, %v", s, got, again, err)
			}
		}
		if got, err := Stanza(s); err == nil {
			c, err := checkStrictly(got)
			if err != nil || c.text || len(c.top) != 1 || !slices.Contains([]string{"message", "presence", "iq"}, c.top[0]) {
				t.Errorf("%q became %q: %v, %q", s, got, err, c.top)
			}
			if again, err := Stanza(got); err != nil || again != got {
				t.Errorf("%q became %q, and then %q, %v", s, got, again, err)
			}
		}
	})
}

func BenchmarkFragment(b *testing.B) {
	s := `<p>Hello <strong>you</strong>, see <a href="https://example.net/?a=1&amp;b=2">this</a><br/></p>`
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Fragment(s); err != nil {
			b.Fatal(err)
		}
	}
}

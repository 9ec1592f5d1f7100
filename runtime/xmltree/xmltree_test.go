package xmltree_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"spectrumlua/runtime/xmltree"
)

// describe returns a text that shows all parts of a tree.
func describe(n *xmltree.Node) string {
	s := n.Name
	if n.Space != "" {
		s = "{" + n.Space + "}" + s
	}
	for _, a := range n.Attr {
		if a.Space != "" {
			s += " {" + a.Space + "}"
		} else {
			s += " "
		}
		s += fmt.Sprintf("%s=%q", a.Name, a.Value)
	}
	s += "("
	for i, c := range n.Children {
		if i > 0 {
			s += ","
		}
		if c.Element != nil {
			s += describe(c.Element)
		} else {
			s += fmt.Sprintf("%q", c.Text)
		}
	}
	return s + ")"
}

func TestParseReturnsATreeOrAnError(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	cases := []struct{ name, text, want string }{
		{"an element", `<a/>`, `a()`},
		{"with an end tag", `<a></a>`, `a()`},
		{"with blanks around", " \n<a />\r\n ", `a()`},
		{"with a prolog, a mark and a comment", "\xef\xbb\xbf<?xml version='1.0' encoding=\"UTF-8\"?><!-- <b> --><a><!-- x --><?p i?></a><!-- y -->", `a()`},
		{"text", `<a>b</a>`, `a("b")`},
		{"mixed", `<a>b<c/>d<e>f</e></a>`, `a("b",c(),"d",e("f"))`},
		{"entities", `<a b="&lt;&quot;">&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe4;</a>`, `a b="<\""("<>&\"'ABä")`},
		{"attributes", "<a b='1' c = \"2\"\n\td='it&apos;s'/>", `a b="1" c="2" d="it's"()`},
		{"blanks in values", "<a b='1\t2\n3\r\n4&#10;5'/>", `a b="1 2 3 4\n5"()`},
		{"line ends", "<a>1\r\n2\r3\n4</a>", `a("1\n2\n3\n4")`},
		{"character data", `<a>x<![CDATA[<b>&amp;]] >]]>y</a>`, `a("x<b>&amp;]] >y")`},
		{"a namespace", `<a xmlns="n"><b/></a>`, `{n}a({n}b())`},
		{"no namespace again", `<a xmlns="n"><b xmlns=""/></a>`, `{n}a(b())`},
		{"prefixes", `<x:a xmlns:x="n" x:b="1" b="2"><c/><x:d/></x:a>`, `{n}a {n}b="1" b="2"(c(),{n}d())`},
		{"a prefix that is declared again", `<x:a xmlns:x="1"><x:b xmlns:x="2"/><x:c/></x:a>`, `{1}a({2}b(),{1}c())`},
		{"the prefix xml", `<a xml:lang="de"/>`, `a {http://www.w3.org/XML/1998/namespace}lang="de"()`},
		{"names beyond ASCII", `<größe maß="1"/>`, `größe maß="1"()`},
		{"the maximum depth", deep(100), strings.Repeat("a(", 100) + strings.Repeat(")", 100)},

		{"nothing", ``, `error: the text has no element`},
		{"only text", `hello`, `error: line 1: text outside of all elements: "hello"`},
		{"text after the element", `<a/>b`, `error: line 1: text outside of all elements: "b"`},
		{"two elements", `<a/><b/>`, `error: line 1: the element <b> follows the outermost one`},
		{"not closed", "<a>\n<b>", `error: line 2: the element <b> is not closed`},
		{"closed by another", `<a></b>`, `error: line 1: <a> is closed by </b>`},
		{"an empty tag", `<>`, `error: line 1: "" is not a valid name`},
		{"an empty tag inside", `<a><></a>`, `error: line 1: "" is not a valid name`},
		{"an empty end tag", `<a></></a>`, `error: line 1: <a> is closed by </>`},
		{"a tag of blanks", `<  >`, `error: line 1: "" is not a valid name`},
		{"only an end tag", `</a>`, `error: line 1: </a> closes no element`},
		{"a tag without an end", `<a b="`, `error: line 1: the text ends in the middle of a tag or an entity`},
		{"an entity without an end", `<a>&am`, `error: line 1: the element <a> is not closed`},
		{"too deep", deep(101), `error: line 1: elements are nested more than 100 deep`},
		{"a document type", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, `error: line 1: document types are not supported`},
		{"an unknown entity", `<a>&nbsp;</a>`, `error: line 1: unknown entity &nbsp;`},
		{"an ampersand", `<a>b & c</a>`, `error: line 1: an & does not begin an entity: write &amp;`},
		{"an ampersand at the end", `<a>b &</a>`, `error: line 1: an & does not begin an entity: write &amp;`},
		{"a character that is not allowed", "<a>\x01</a>", `error: line 1: the character U+0001 is not allowed`},
		{"a number that is not allowed", `<a>&#0;</a>`, `error: line 1: unknown entity &#0;`},
		{"a surrogate", `<a>&#xD800;</a>`, `error: line 1: unknown entity &#xD800;`},
		{"a number that is too large", `<a>&#x110000;</a>`, `error: line 1: unknown entity &#x110000;`},
		{"bytes that are not UTF-8", "<a>\xe4</a>", `error: line 1: a byte is not UTF-8: 0xE4`},
		{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, `error: line 1: the encoding "ISO-8859-1" is not supported: convert the text to UTF-8 first`},
		{"an attribute twice", `<a b="1" b="2"/>`, `error: line 1: the attribute b appears twice`},
		{"an attribute twice, with two prefixes", `<a xmlns:x="n" xmlns:y="n" x:b="1" y:b="2"/>`, `error: line 1: the attribute y:b appears twice, with another prefix`},
		{"a namespace twice", `<a xmlns="1" xmlns="2"/>`, `error: line 1: the attribute xmlns appears twice`},
		{"an attribute without a value", `<a b/>`, `error: line 1: the attribute "b" has no value in quotation marks`},
		{"a value without marks", `<a b=1/>`, `error: line 1: the attribute "b" has no value in quotation marks`},
		{"attributes without a blank", `<a b="1"c="2"/>`, `error: line 1: a blank is missing before "c=\"2\""`},
		{"a < in a value", `<a b="<"/>`, `error: line 1: an attribute's value contains <: write &lt;`},
		{"a prefix that is not declared", `<x:a/>`, `error: line 1: the prefix x: is not declared`},
		{"a prefix declared as nothing", `<x:a xmlns:x=""/>`, `error: line 1: the prefix x: is declared as nothing`},
		{"a prefix that cannot be declared", `<a xmlns:xml="n"/>`, `error: line 1: the prefix xml cannot be declared as anything else`},
		{"two colons", `<a:b:c xmlns:a="n"/>`, `error: line 1: "a:b:c" is not a valid name`},
		{"no name", `<1/>`, `error: line 1: "1" is not a valid name`},
		{"a blank in front of the name", `< a/>`, `error: line 1: the attribute "a" has no value in quotation marks`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			n, err := xmltree.Parse(c.text, xmltree.DefaultLimits)
			if err != nil {
				got = "error: " + err.Error()
			} else {
				got = describe(n)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	l := xmltree.Limits{Depth: 3, Size: 100, Elements: 5}
	cases := []struct{ name, text, want string }{
		{"size of text", "<a>" + strings.Repeat("x", 100) + "</a>", "an element has more than 100 bytes"},
		{"size of a tag", "<a b='" + strings.Repeat("x", 200), "an element has more than 100 bytes"},
		{"size of a comment", "<a><!--" + strings.Repeat("x", 200), "an element has more than 100 bytes"},
		{"elements", "<a>" + strings.Repeat("<b/>", 5) + "</a>", "an element has more than 5 elements in it"},
		{"depth", "<a><a><a><a/></a></a></a>", "elements are nested more than 3 deep"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := xmltree.Parse(c.text, l); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// feed feeds a text in pieces. It adds a description of each element to out, then "closed" or
// the error. It reports whether there was no error.
func feed(p *xmltree.Parser, text string, piece int, out *[]string) bool {
	for len(text) > 0 {
		n := min(piece, len(text))
		done, err := p.Feed(text[:n])
		text = text[n:]
		for _, d := range done {
			*out = append(*out, describe(d))
		}
		if err != nil {
			*out = append(*out, "error: "+err.Error())
			return false
		}
	}
	if p.Closed() {
		*out = append(*out, "closed")
	}
	return true
}

// stream feeds a text in pieces, and describes the elements that the parser returns.
func stream(text string, piece int, l xmltree.Limits) string {
	p := xmltree.NewStream(l)
	var out []string
	if !feed(p, text, piece, &out) {
		return strings.Join(out, " ")
	}
	if p.Root() != nil {
		out = append([]string{"<" + describe(p.Root()) + ">"}, out...)
	}
	return strings.Join(out, " ")
}

func TestStreamReturnsElementsInAnyPieces(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"a stream", `<?xml version='1.0'?><stream:stream to='x' xmlns='c' xmlns:stream='s'><stream:features/><message><body>h&amp;ä</body></message> ` + "\n" + ` <iq/></stream:stream>`,
			`<{s}stream to="x"()> {s}features() {c}message({c}body("h&ä")) {c}iq() closed`},
		{"an unfinished stream", `<s><a>b</a><c`, `<s()> a("b")`},
		{"a broken stream", `<s><a/><b></c>`, `a() error: line 1: <b> is closed by </c>`},
		{"text between", `<s>hello`, `error: line 1: text outside of all elements: "h`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for piece := 1; piece <= len(c.text); piece++ {
				if got := stream(c.text, piece, xmltree.DefaultLimits); !strings.HasPrefix(got, c.want) {
					t.Errorf("in pieces of %d: got  %s\nwant %s", piece, got, c.want)
				}
			}
		})
	}
}

// TestLimitsCountForEachElementOfAStream feeds an endless stream of elements.
func TestLimitsCountForEachElementOfAStream(t *testing.T) {
	p := xmltree.NewStream(xmltree.Limits{Depth: 5, Size: 50, Elements: 3})
	if _, err := p.Feed("<s>"); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		done, err := p.Feed("<m><b>hello</b></m> \n")
		if err != nil || len(done) != 1 {
			t.Fatal(done, err)
		}
	}
	if len(p.Root().Children) != 0 {
		t.Error("the root keeps the elements")
	}
}

func TestEscapeReplacesSpecialCharacters(t *testing.T) {
	if got := xmltree.Escape("<a b='\"&\">\x01\xff"); got != "&lt;a b=&apos;&quot;&amp;&quot;&gt;\uFFFD" {
		t.Errorf("got %s", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`<a b="c">d</a>`, `<x:a xmlns:x='n' x:y="&#9;"><![CDATA[z]]></x:a>`, "<?xml version='1.0'?><a>\r\n&lt;</a>", `<a xmlns="n"><b xmlns=""/></a>`, `<a xml:lang="de" xmlns:p="q" p:r="s"/>`} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, piece int) {
		l := xmltree.Limits{Depth: 20, Size: 10000, Elements: 100}
		whole := stream(text, len(text)+1, l)
		if piece > 0 && len(text) < 200 {
			if pieces := stream(text, piece, l); pieces != whole && !strings.Contains(pieces, "error: ") {
				t.Errorf("in pieces of %d: %s, at once: %s", piece, pieces, whole)
			}
		}
		n, err := xmltree.Parse(text, l)
		if err != nil {
			return
		}
		again, err := n.Text(1 << 20)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if err := readable(again); err != nil && !strings.Contains(err.Error(), "invalid XML name") { // encoding/xml knows fewer letters
			t.Errorf("%q: encoding/xml rejects the output: %v", again, err)
		}
		back, err := xmltree.Parse(again, xmltree.Limits{Depth: 20, Size: 1 << 20, Elements: 100})
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, again, err)
		}
		if describe(back) != describe(n) {
			t.Errorf("%q: %s was written as %q: %s", text, describe(n), again, describe(back))
		}
	})
}

// readable returns nil if encoding/xml accepts a text, or its error.
func readable(text string) error {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "\xef\xbb\xbf")))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestPlainNamesAreASCII(t *testing.T) {
	for name, want := range map[string]bool{"a": true, "x-1.y:z": true, "": true, "ä": false, "x😀": false, "\xff": false} {
		if got := xmltree.IsPlainName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

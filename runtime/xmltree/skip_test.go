package xmltree_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/xmltree"
)

// xmppStream feeds a text in pieces to a parser of an XMPP stream. It describes the
// elements, and the skipped ones in brackets.
func xmppStream(text string, piece int, l xmltree.Limits) string {
	var out []string
	p := xmltree.NewXMPPStream(l, func(n *xmltree.Node, reason error) {
		if n == nil {
			out = append(out, "[?]")
			return
		}
		out = append(out, "["+describe(n)+"]")
	})
	feed(p, text, piece, &out)
	return strings.Join(out, " ")
}

func TestXMPPStreamSkipsElementsOverTheLimits(t *testing.T) {
	l := xmltree.Limits{Depth: 5, Size: 60, Elements: 6}
	long := strings.Repeat("x", 100)
	cases := []struct{ name, text, want string }{
		{"a text", "<m a='1'>" + long + "</m><n/>", `[m a="1"()] n()`},
		{"a text with entities", "<m>" + strings.Repeat("&lt;/m&gt;", 20) + "</m><n/>", `[m()] n()`},
		{"a text in an inner element", "<m><b>" + long + "</b><b/></m><n/>", `[m()] n()`},
		{"a value", "<m><b a='" + long + "/></m>'/></m><n/>", `[m()] n()`},
		{"a value with the other mark", `<m><b a="'` + long + `'>"></b></m><n/>`, `[m()] n()`},
		{"a first tag", "<m a='" + long + "'><b></b></m><n/>", `[?] n()`},
		{"a first tag without content", "<m a='" + long + ">'/><n/>", `[?] n()`},
		{"a name", "<" + long + "/><n/>", `[?] n()`},
		{"an end tag", "<m></m" + strings.Repeat(" ", 100) + "><n/>", `[m()] n()`},
		{"depth", "<m>" + strings.Repeat("<a>", 9) + "x" + strings.Repeat("</a>", 9) + "</m><n/>", `[m()] n()`},
		{"elements", "<m>" + strings.Repeat("<a/>", 9) + "</m><n/>", `[m()] n()`},
		{"CDATA", "<m><![CDATA[" + strings.Repeat("]]</m>]", 20) + "]]]]></m><n/>", `[m()] n()`},
		{"CDATA later", "<m>" + long + "<![CDATA[</m>]]]]></m><n/>", `[m()] n()`},
		{"two in a row", "<m>" + long + "</m><o>" + long + "</o><n/>", `[m()] [o()] n()`},
		{"blanks behind it", "<m>" + long + "</m> \n <n/>", `[m()] n()`},
		{"the end of the stream behind it", "<m>" + long + "</m></s>", `[m()] closed`},
		{"namespaces end with it", "<m xmlns='x'>" + long + "</m><n/>", `[{x}m()] n()`},
		{"a comment in it", "<m>" + long + "<!-- --></m>", `[m()] error: line 1: a comment or a document type, which XMPP forbids`},
		{"an instruction in it", "<m>" + long + "<?x?></m>", `[m()] error: line 1: a processing instruction, which XMPP forbids`},
		{"without an end", "<m>" + strings.Repeat("<a>", 60*64), `[m()] error: line 1: an element does not end`},
		{"a broken tag before", "<m><a b></a>" + long, `error: line 1: the attribute "b" has no value`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, piece := range []int{1, 2, 3, 7, 50, 1 << 20} {
				if got := xmppStream("<s>"+c.text, piece, l); got != c.want && (!strings.Contains(c.want, "error") || !strings.HasPrefix(got, c.want)) {
					t.Errorf("in pieces of %d: got %s\nwant %s", piece, got, c.want)
				}
			}
		})
	}
}

func TestXMPPStreamRejectsRestrictedXML(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"<?xml version='1.0' encoding='UTF-8'?><s><a/>", "a()"},
		{"<s><?xml version='1.0'?>", "error: line 1: a processing instruction, which XMPP forbids"},
		{"<?php?><s>", "error: line 1: a processing instruction, which XMPP forbids"},
		{"<s><a><!-- --></a>", "error: line 1: a comment, which XMPP forbids"},
		{"<!-- --><s>", "error: line 1: a comment, which XMPP forbids"},
		{"<!DOCTYPE s><s>", "error: line 1: document types are not supported"},
		{"<s" + strings.Repeat(" ", 2000) + ">", "error: line 1: an element has more than 1000 bytes"},
	} {
		if got := xmppStream(c.text, 1, xmltree.Limits{Depth: 5, Size: 1000, Elements: 6}); got != c.want {
			t.Errorf("%.30s: %s, want %s", c.text, got, c.want)
		}
	}
}

// TestSkippingStoresNothing skips an element much longer than the memory that it takes.
func TestSkippingStoresNothing(t *testing.T) {
	p := xmltree.NewXMPPStream(xmltree.Limits{Depth: 5, Size: 1 << 20, Elements: 10}, func(*xmltree.Node, error) {})
	p.Feed("<s><m>")
	for _, part := range []string{strings.Repeat("<a>", 1000), strings.Repeat("x", 3000), "<b a='" + strings.Repeat("y", 3000)} {
		p.Feed(part)
		if allocs := testing.AllocsPerRun(100, func() { p.Feed(part) }); allocs > 0 {
			t.Errorf("%.10s: %v allocations", part, allocs)
		}
	}
}

// FuzzSkip compares a parser that skips large elements with one without such limits.
func FuzzSkip(f *testing.F) {
	for _, seed := range []string{"<m><b>hello</b></m><n a='/>'/>", "<m><![CDATA[]]]]></m>", "<a><b><c><d/></c></b></a><e>x &lt; y</e>", "<m a='>\"'></m ><n/>"} {
		f.Add(seed, 1)
	}
	f.Fuzz(func(t *testing.T, text string, piece int) {
		text = "<s>" + text + "</s>"
		large := xmltree.Limits{Depth: 1000, Size: 1 << 20, Elements: 1 << 20}
		var names []string
		all := xmltree.NewXMPPStream(large, nil)
		whole, err := all.Feed(text)
		if err != nil || !all.Closed() || piece <= 0 {
			return
		}
		for _, n := range whole {
			names = append(names, n.Name)
		}
		var got []string
		p := xmltree.NewXMPPStream(xmltree.Limits{Depth: 3, Size: 12, Elements: 2}, func(*xmltree.Node, error) {
			got = append(got, "skipped")
		})
		for rest := text; rest != ""; {
			n := min(piece, len(rest))
			done, err := p.Feed(rest[:n])
			if err != nil {
				if !strings.Contains(err.Error(), "does not end") {
					t.Fatalf("%q: %v", text, err)
				}
				return
			}
			rest = rest[n:]
			for _, d := range done {
				got = append(got, d.Name)
			}
		}
		same := len(got) == len(names)
		for i, name := range got {
			same = same && (name == "skipped" || name == names[i])
		}
		if !same {
			t.Fatalf("%q: got %v, want %v", text, got, names)
		}
	})
}

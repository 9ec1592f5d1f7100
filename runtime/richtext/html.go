package richtext

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"spectrumlua/runtime/xmltree"
)

// dropped are elements whose text is not for people.
var dropped = set("script", "style", "title", "iframe", "noembed", "noframes", "noscript")

// readHTML reads any HTML. Like a browser, it never reports an error in it.
func readHTML(s string) (*block, error) {
	b := newBuilder()
	z := html.NewTokenizer(strings.NewReader(s))
	skip := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return nil, err
			}
			return b.document(), nil
		case html.TextToken:
			if !skip {
				b.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			skip = dropped[token.Data]
			b.start(token.Data, func(name string) string {
				for _, a := range token.Attr {
					if a.Key == name {
						return a.Val
					}
				}
				return ""
			})
		case html.EndTagToken:
			name, _ := z.TagName()
			skip = false
			b.end(string(name))
		}
	}
}

// limits of XHTML. xmltree needs memory for each element.
var limits = xmltree.Limits{Depth: maxOpen, Size: 2 * MaxInput, Elements: 50_000}

// readXHTML reads well-formed XHTML.
func readXHTML(s string) (*block, error) {
	tree, err := xmltree.Parse("<body>"+s+"</body>", limits)
	if err != nil {
		return nil, fmt.Errorf("no XHTML: %w", err)
	}
	b := newBuilder()
	readElement(b, tree)
	return b.document(), nil
}

func readElement(b *builder, e *xmltree.Node) {
	for _, c := range e.Children {
		if c.Element == nil {
			b.text(c.Text)
			continue
		}
		name := strings.ToLower(c.Element.Name)
		if dropped[name] {
			continue
		}
		before := len(b.open)
		b.start(name, func(name string) string {
			for _, a := range c.Element.Attr {
				if a.Name == name && a.Space == "" {
					return a.Value
				}
			}
			return ""
		})
		readElement(b, c.Element)
		if len(b.open) > before {
			b.end(name)
		}
	}
}

// markup is how a writer marks up text.
type markup struct {
	rich    bool // HTML; otherwise the profile of XHTML-IM
	lineEnd string
}

func writeHTML(w *sink, doc *block)  { markup{true, "<br/>"}.document(w, doc) }
func writeXHTML(w *sink, doc *block) { markup{false, "<br/>"}.document(w, doc) }

// document writes the blocks. A text of one paragraph needs no element around it.
func (m markup) document(w *sink, doc *block) {
	if blocks := groups(doc.blocks); len(blocks) == 1 && blocks[0][0].kind == kindParagraph {
		m.paragraphs(w, blocks[0])
		return
	}
	m.blocks(w, doc.blocks)
}

// groups joins paragraphs that no blank line separates. Other blocks are alone.
func groups(blocks []*block) (all [][]*block) {
	for _, b := range blocks {
		if b.kind == kindParagraph {
			if len(b.runs) == 0 {
				continue
			}
			if n := len(all); n > 0 && all[n-1][0].kind == kindParagraph && !b.loose {
				all[n-1] = append(all[n-1], b)
				continue
			}
		}
		all = append(all, []*block{b})
	}
	return all
}

func (m markup) blocks(w *sink, blocks []*block) {
	for _, group := range groups(blocks) {
		m.group(w, group)
	}
}

func (m markup) group(w *sink, group []*block) {
	b := group[0]
	switch b.kind {
	case kindParagraph:
		w.add("<p>")
		m.paragraphs(w, group)
		w.add("</p>")
	case kindHeading:
		m.heading(w, b)
	case kindPre:
		m.pre(w, b)
	case kindRule:
		w.add(m.choose("<hr/>", "<p>———</p>"))
	case kindQuote:
		m.nested(w, "<blockquote>", b, "</blockquote>")
	case kindList:
		if b.ordered {
			start := "<ol>"
			if m.rich && b.start != 1 {
				start = "<ol start=\"" + strconv.Itoa(b.start) + "\">"
			}
			m.nested(w, start, b, "</ol>")
		} else {
			m.nested(w, "<ul>", b, "</ul>")
		}
	case kindItem:
		m.item(w, b)
	}
}

// item writes an item of a list. Its first paragraph needs no element around it.
func (m markup) item(w *sink, b *block) {
	w.add("<li>")
	for i, group := range groups(b.blocks) {
		if i == 0 && group[0].kind == kindParagraph {
			m.paragraphs(w, group)
		} else {
			m.group(w, group)
		}
	}
	w.add("</li>")
}

func (m markup) choose(rich, profile string) string {
	if m.rich {
		return rich
	}
	return profile
}

func (m markup) nested(w *sink, start string, b *block, end string) {
	w.add(start)
	m.blocks(w, b.blocks)
	w.add(end)
}

func (m markup) paragraphs(w *sink, group []*block) {
	for i, b := range group {
		if i > 0 {
			w.add("<br/>")
		}
		m.runs(w, b.runs)
	}
}

func (m markup) heading(w *sink, b *block) {
	if m.rich {
		name := "h" + strconv.Itoa(b.level)
		w.add("<", name, ">")
		m.runs(w, b.runs)
		w.add("</", name, ">")
		return
	}
	w.add("<p>")
	m.runs(w, withStyle(b.runs, func(s *style) { s.bold = true }))
	w.add("</p>")
}

func (m markup) pre(w *sink, b *block) {
	if m.rich {
		w.add("<pre><code>")
		m.lineEnd = "\n"
		m.runs(w, withStyle(b.runs, func(s *style) { s.mono = false }))
		w.add("</code></pre>")
		return
	}
	runs := withStyle(b.runs, func(s *style) { s.mono = true })
	for i := range runs {
		runs[i].text = keepSpaces(runs[i].text, i == 0 || runs[i-1].kind == runBreak)
	}
	w.add("<p>")
	m.runs(w, runs)
	w.add("</p>")
}

// keepSpaces replaces spaces that XHTML would not show with U+00A0.
func keepSpaces(s string, atStart bool) string {
	var b strings.Builder
	for _, r := range s {
		if r == ' ' && atStart {
			r = '\u00a0'
		}
		atStart = r == ' ' || r == '\u00a0'
		b.WriteRune(r)
	}
	return b.String()
}

// withStyle returns copies of runs with another style.
func withStyle(runs []run, set func(*style)) []run {
	all := make([]run, len(runs))
	for i, r := range runs {
		set(&r.style)
		all[i] = r
	}
	return all
}

// runs writes runs. Runs with the same link share an element, and so do runs with the
// same style within it.
func (m markup) runs(w *sink, runs []run) {
	link, current, end := "", style{}, ""
	change := func(to style) {
		if to == current {
			return
		}
		w.add(end)
		if to.link != link {
			if link != "" {
				w.add("</a>")
			}
			if link = to.link; link != "" {
				w.add("<a href=\"", xmltree.Escape(link), "\">")
			}
		}
		var start string
		start, end = m.tags(to)
		w.add(start)
		current = to
	}
	for _, r := range runs {
		switch r.kind {
		case runBreak:
			if link == "" {
				change(style{})
			}
			w.add(m.lineEnd)
		case runImage:
			change(style{link: r.style.link})
			m.image(w, r)
		default:
			change(r.style)
			m.text(w, r.text, link == "")
		}
	}
	change(style{})
}

func (m markup) image(w *sink, r run) {
	if r.src == "" {
		w.add(xmltree.Escape(r.text))
		return
	}
	w.add("<img alt=\"", xmltree.Escape(r.text), "\" src=\"", xmltree.Escape(r.src), "\"/>")
}

// text writes a text. Addresses in it become links, because a client that shows HTML does
// not look for them.
func (m markup) text(w *sink, s string, links bool) {
	if !links {
		w.add(xmltree.Escape(s))
		return
	}
	eachAddress(s, func(part string) { w.add(xmltree.Escape(part)) }, func(address string) {
		w.add("<a href=\"", xmltree.Escape(escapeLink(address)), "\">", xmltree.Escape(address), "</a>")
	})
}

// tags returns the tags around a text with a style.
func (m markup) tags(s style) (start, end string) {
	rules := css(s)
	if m.rich {
		rules = strings.Join(colourRules(s), "; ")
	}
	if rules != "" {
		start, end = "<span style=\""+rules+"\">", "</span>"
	}
	if !m.rich {
		return start, end
	}
	for _, t := range []struct {
		on   bool
		name string
	}{{s.bold, "strong"}, {s.italic, "em"}, {s.underline, "u"}, {s.strike, "del"}, {s.mono, "code"}} {
		if t.on {
			start, end = start+"<"+t.name+">", "</"+t.name+">"+end
		}
	}
	return start, end
}

package richtext

import (
	"strings"
)

// builder makes a document from the tags and texts of HTML.
type builder struct {
	containers []*block // the document, and open quotes, lists and items
	paragraph  *block   // the open paragraph, or nil
	open       []element
	style      style // in the innermost open element
	loose      bool  // the next paragraph is loose
}

// element is an open element.
type element struct {
	name       string
	block      bool
	change     change
	containers int // the number of containers outside of it
}

func newBuilder() *builder { return &builder{containers: []*block{{}}} }

func (b *builder) document() *block {
	if p := b.paragraph; p == nil || len(p.runs) == 0 || p.runs[len(p.runs)-1].kind != runText || strings.Trim(p.runs[len(p.runs)-1].text, " ") == "" {
		b.closeParagraph() // otherwise a blank at the end of the text stays
	}
	return b.containers[0]
}

var (
	// blockElements are on lines of their own.
	blockElements = set("p", "div", "li", "ul", "ol", "blockquote", "pre", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6",
		"dl", "dt", "dd", "hr", "article", "aside", "section", "header", "footer", "main", "nav", "figure", "figcaption",
		"address", "details", "summary", "body", "html", "form", "fieldset", "caption")
	// looseElements have a blank line around them.
	looseElements = set("p", "blockquote", "pre", "ul", "ol", "table", "dl", "hr", "h1", "h2", "h3", "h4", "h5", "h6")
	// siblings end an open element of the same group, up to a boundary.
	siblings = map[string]struct{ ends, boundary map[string]bool }{
		"li": {set("li"), set("ul", "ol")},
		"dt": {set("dt", "dd"), set("dl")},
		"dd": {set("dt", "dd"), set("dl")},
		"tr": {set("tr"), set("table")},
		"td": {set("td", "th"), set("tr", "table")},
		"th": {set("td", "th"), set("tr", "table")},
	}
)

// start is called for a start tag.
func (b *builder) start(name string, attr func(string) string) {
	switch name {
	case "br":
		b.ensureParagraph()
		b.paragraph.runs = append(b.paragraph.runs, run{kind: runBreak})
		return
	case "img":
		b.image(attr)
		return
	case "hr":
		b.closeParagraph()
		b.append(&block{kind: kindRule})
		return
	}
	b.closeSiblings(name)
	isBlock := blockElements[name]
	if isBlock {
		b.closeElement("p")
		b.closeParagraph()
		b.loose = b.loose || looseElements[name]
	}
	if (name == "td" || name == "th") && b.paragraph != nil && len(b.paragraph.runs) > 0 {
		b.paragraph.runs = append(b.paragraph.runs, run{text: " | "})
	}
	if len(b.open) >= maxOpen {
		return
	}
	e := element{name: name, block: isBlock, change: changeOf(name, attr), containers: len(b.containers)}
	b.open = append(b.open, e)
	b.style = e.change.apply(b.style)
	b.openContainer(name, attr)
}

func (b *builder) image(attr func(string) string) {
	alt, src := strings.Join(strings.Fields(attr("alt")), " "), safeSource(attr("src"))
	if alt != "" || src != "" {
		b.ensureParagraph()
		b.paragraph.runs = append(b.paragraph.runs, run{kind: runImage, text: alt, src: src, style: b.style})
	}
}

// closeSiblings ends the elements whose end tag may be missing before this one.
func (b *builder) closeSiblings(name string) {
	s, ok := siblings[name]
	if !ok {
		return
	}
	for i := len(b.open) - 1; i >= 0 && !s.boundary[b.open[i].name]; i-- {
		if s.ends[b.open[i].name] {
			b.closeTo(i)
			return
		}
	}
}

// closeElement ends an element if it is the innermost open block.
func (b *builder) closeElement(name string) {
	for i := len(b.open) - 1; i >= 0; i-- {
		if b.open[i].name == name {
			b.closeTo(i)
			return
		}
		if b.open[i].block {
			return
		}
	}
}

func (b *builder) openContainer(name string, attr func(string) string) {
	switch name {
	case "blockquote":
		b.push(&block{kind: kindQuote})
	case "ul":
		b.push(&block{kind: kindList})
	case "ol":
		b.push(&block{kind: kindList, ordered: true, start: listStart(attr("start"))})
	case "li":
		if b.container().kind != kindList {
			b.push(&block{kind: kindList})
		}
		b.push(&block{kind: kindItem})
		b.loose = false
	}
}

// push opens a container, unless containers nest too deep.
func (b *builder) push(c *block) {
	if len(b.containers) > maxNesting || b.container().kind == kindList && c.kind != kindItem {
		if len(b.containers) > maxNesting-1 {
			return
		}
		b.push(&block{kind: kindItem}) // a list in a list without an item around it
	}
	b.append(c)
	b.containers = append(b.containers, c)
}

func (b *builder) container() *block { return b.containers[len(b.containers)-1] }

// append adds a block to the innermost container.
func (b *builder) append(c *block) {
	in := b.container()
	if in.kind == kindList && c.kind != kindItem {
		item := &block{kind: kindItem}
		in.blocks = append(in.blocks, item)
		in = item
	}
	in.blocks = append(in.blocks, c)
}

// end is called for an end tag.
func (b *builder) end(name string) {
	for i := len(b.open) - 1; i >= 0; i-- {
		if b.open[i].name != name {
			continue
		}
		if b.open[i].block {
			b.closeTo(i)
			b.loose = b.loose || looseElements[name]
			return
		}
		b.open = append(b.open[:i], b.open[i+1:]...) // elements within it stay open
		b.restyle()
		return
	}
}

// closeTo closes element i and the elements in it.
func (b *builder) closeTo(i int) {
	if b.open[i].block {
		b.closeParagraph()
	}
	b.containers = b.containers[:b.open[i].containers]
	b.open = b.open[:i]
	b.restyle()
}

func (b *builder) restyle() {
	b.style = style{}
	for _, e := range b.open {
		b.style = e.change.apply(b.style)
	}
}

// text is called for a text.
func (b *builder) text(s string) {
	if b.verbatim() {
		if b.paragraph == nil {
			s = strings.TrimPrefix(s, "\n") // as HTML wants it
		}
		if s != "" {
			b.ensureParagraph()
			b.paragraph.runs = append(b.paragraph.runs, lineRuns(s, b.style)...)
		}
		return
	}
	s = collapse(s)
	if b.atBlank() {
		s = strings.TrimPrefix(s, " ")
	}
	if s != "" {
		b.ensureParagraph()
		b.paragraph.runs = append(b.paragraph.runs, run{text: s, style: b.style})
	}
}

// collapse replaces each sequence of blanks with a space.
func collapse(s string) string {
	const blanks = " \t\r\n\f"
	if !strings.ContainsAny(s, "\t\r\n\f") && !strings.Contains(s, "  ") {
		return s
	}
	var out strings.Builder
	for s != "" {
		n := strings.IndexAny(s, blanks)
		if n < 0 {
			out.WriteString(s)
			break
		}
		out.WriteString(s[:n])
		out.WriteByte(' ')
		s = strings.TrimLeft(s[n:], blanks)
	}
	return out.String()
}

// atBlank reports whether a space here would not show.
func (b *builder) atBlank() bool {
	if b.paragraph == nil || len(b.paragraph.runs) == 0 {
		return true
	}
	last := b.paragraph.runs[len(b.paragraph.runs)-1]
	return last.kind == runBreak || last.kind == runText && strings.HasSuffix(last.text, " ")
}

// verbatim reports whether blanks count.
func (b *builder) verbatim() bool {
	for i := len(b.open) - 1; i >= 0; i-- {
		if b.open[i].block {
			return b.open[i].name == "pre"
		}
	}
	return false
}

func (b *builder) ensureParagraph() {
	if b.paragraph != nil {
		return
	}
	p := &block{kind: kindParagraph, loose: b.loose}
	for i := len(b.open) - 1; i >= 0; i-- {
		if e := b.open[i]; e.block {
			switch {
			case e.name == "pre":
				p.kind = kindPre
			case len(e.name) == 2 && e.name[0] == 'h' && e.name != "hr":
				p.kind, p.level = kindHeading, int(e.name[1]-'0')
			}
			break
		}
	}
	b.loose = false
	b.append(p)
	b.paragraph = p
}

// closeParagraph ends the open paragraph. It removes blanks and breaks at the end.
func (b *builder) closeParagraph() {
	p := b.paragraph
	b.paragraph = nil
	if p == nil {
		return
	}
	for n := len(p.runs); n > 0; n-- {
		last := &p.runs[n-1]
		if last.kind == runText && p.kind != kindPre {
			last.text = strings.TrimRight(last.text, " ")
		}
		if last.kind == runImage || last.kind == runText && last.text != "" {
			break
		}
		p.runs = p.runs[:n-1]
	}
}

func listStart(s string) int {
	n := 0
	for i := 0; i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9'; i++ {
		n = 10*n + int(s[i]-'0')
	}
	if s == "" {
		return 1
	}
	return n
}

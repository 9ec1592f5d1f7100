package richtext

import (
	"strconv"
	"strings"
)

// line is a line of text: a prefix, such as the sign of a list, and runs.
type line struct {
	prefix string
	runs   []run
	code   bool // in a preformatted block
	// In a preformatted block whose lines have the same prefix.
	fenced, first, last bool
}

// liner turns a document into lines, for formats without elements.
type liner struct {
	indent bool // lines in lists
	blanks bool // between paragraphs
	lines  []line
}

func (ln *liner) document(doc *block) []line {
	ln.blocks(doc.blocks, "", "")
	return ln.lines
}

// blocks adds the lines of blocks. first is the prefix of the first line, and rest of the
// others.
func (ln *liner) blocks(blocks []*block, first, rest string) {
	start := len(ln.lines)
	for _, b := range blocks {
		if len(ln.lines) > start {
			first = rest
			if ln.blanks && (b.loose || b.kind == kindHeading) && len(b.runs) > 0 {
				ln.lines = append(ln.lines, line{prefix: strings.TrimRight(rest, " ")})
			}
		}
		ln.block(b, first, rest)
	}
}

func (ln *liner) block(b *block, first, rest string) {
	switch b.kind {
	case kindQuote:
		ln.blocks(b.blocks, first+"> ", rest+"> ")
	case kindList:
		ln.list(b, first, rest)
	case kindRule:
		ln.lines = append(ln.lines, line{prefix: first, runs: []run{{text: "———"}}})
	case kindHeading:
		ln.runs(withStyle(b.runs, func(s *style) { s.bold = true }), first, rest, false)
	case kindPre:
		ln.runs(b.runs, first, rest, true)
	case kindParagraph:
		if len(b.runs) > 0 {
			ln.runs(b.runs, first, rest, false)
		}
	default:
		ln.blocks(b.blocks, first, rest)
	}
}

func (ln *liner) list(list *block, first, rest string) {
	for i, item := range list.blocks {
		sign := "- "
		if list.ordered {
			sign = strconv.Itoa(list.start+i) + ". "
		}
		if i > 0 {
			first = rest
		}
		inner := rest
		if ln.indent {
			inner += strings.Repeat(" ", len(sign))
		}
		start := len(ln.lines)
		ln.blocks(item.blocks, first+sign, inner)
		if len(ln.lines) == start {
			ln.lines = append(ln.lines, line{prefix: first + sign})
		}
	}
}

// runs adds a line for each break. The address of a link follows its text.
func (ln *liner) runs(runs []run, first, rest string, code bool) {
	start := len(ln.lines)
	fenced := code && first == rest
	current := line{prefix: first, code: code, fenced: fenced}
	next := func() {
		ln.lines = append(ln.lines, current)
		current = line{prefix: rest, code: code, fenced: fenced}
	}
	for i := 0; i < len(runs); {
		link := runs[i].style.link
		var shown strings.Builder
		from := i
		for ; i < len(runs) && runs[i].style.link == link; i++ {
			switch r := runs[i]; r.kind {
			case runBreak:
				next()
			case runImage:
				r.text = imageText(r)
				shown.WriteString(r.text)
				current.runs = append(current.runs, run{text: r.text, style: r.style})
			default:
				shown.WriteString(r.text)
				current.runs = append(current.runs, r)
			}
		}
		if link != "" && bareAddress(shown.String()) != bareAddress(link) {
			separator := " "
			if strings.TrimSpace(shown.String()) == "" {
				separator = ""
			}
			st := runs[from].style
			current.runs = append(current.runs, run{text: separator + "<" + link + ">", style: st})
		}
	}
	next()
	ln.lines[start].first = fenced
	ln.lines[len(ln.lines)-1].last = fenced
}

// imageText returns what stands in place of an image.
func imageText(r run) string {
	switch {
	case r.src == "" || strings.Contains(r.text, r.src):
		return r.text
	case r.text == "":
		return r.src
	}
	return r.text + " <" + r.src + ">"
}

func writePlain(w *sink, doc *block) {
	ln := &liner{indent: true, blanks: true}
	for i, l := range ln.document(doc) {
		if i > 0 {
			w.add("\n")
		}
		w.add(l.prefix)
		for _, r := range l.runs {
			w.add(r.text)
		}
	}
}

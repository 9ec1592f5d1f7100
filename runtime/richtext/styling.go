package richtext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Message styling (XEP-0393) has no escapes. joiner, which is not visible, stands before
// a character of plain text that would begin a span or a block.
const (
	joiner = "\u2060"
	fence  = "```"
)

// directives are the characters around spans.
const directives = "*_~`"

func readStyling(s string) (*block, error) {
	doc := &block{}
	stylingBlocks(doc, strings.Split(s, "\n"), 0)
	return doc, nil
}

// stylingBlocks adds the blocks of lines to a container.
func stylingBlocks(in *block, lines []string, depth int) {
	var paragraph *block
	for i := 0; i < len(lines); i++ {
		switch l := lines[i]; {
		case strings.HasPrefix(l, fence):
			end := i + 1
			for end < len(lines) && lines[end] != fence {
				end++
			}
			pre := &block{kind: kindPre, runs: lineRuns(strings.ReplaceAll(strings.Join(lines[i+1:end], "\n"), joiner+fence, fence), style{})}
			in.blocks = append(in.blocks, pre)
			paragraph, i = nil, end
		case strings.HasPrefix(l, ">") && depth < maxNesting:
			var quoted []string
			for ; i < len(lines) && strings.HasPrefix(lines[i], ">"); i++ {
				inner := lines[i][1:]
				if r, n := utf8.DecodeRuneInString(inner); unicode.IsSpace(r) {
					inner = inner[n:]
				}
				quoted = append(quoted, inner)
			}
			i--
			quote := &block{kind: kindQuote}
			stylingBlocks(quote, quoted, depth+1)
			in.blocks = append(in.blocks, quote)
			paragraph = nil
		default:
			if paragraph == nil {
				paragraph = &block{kind: kindParagraph}
				in.blocks = append(in.blocks, paragraph)
			} else {
				paragraph.runs = append(paragraph.runs, run{kind: runBreak})
			}
			sp := &spans{runs: paragraph.runs}
			sp.read(l, style{}, true)
			paragraph.runs = sp.runs
		}
	}
}

// spans reads the spans of a line.
type spans struct{ runs []run }

func (sp *spans) add(s string, st style) {
	if s != "" {
		sp.runs = append(sp.runs, run{text: strings.ReplaceAll(s, joiner, ""), style: st})
	}
}

// read adds the runs of s. canOpen reports whether a directive at the start can open.
func (sp *spans) read(s string, st style, canOpen bool) {
	from := 0
	f := &finder{s: s}
	for i := 0; i < len(s); {
		end := -1
		if canOpen {
			end = f.closing(i)
		}
		if end < 0 {
			r, n := utf8.DecodeRuneInString(s[i:])
			canOpen = unicode.IsSpace(r)
			i += n
			continue
		}
		sp.add(s[from:i], st)
		inner := st
		switch s[i] {
		case '*':
			inner.bold = true
		case '_':
			inner.italic = true
		case '~':
			inner.strike = true
		case '`':
			inner.mono = true
		}
		if s[i] == '`' {
			sp.add(s[i+1:end], inner)
		} else {
			sp.read(s[i+1:end], inner, true)
		}
		i, canOpen = end+1, false
		from = i
	}
	sp.add(s[from:], st)
}

// finder finds the ends of spans in a line, in linear time for all spans of a line.
type finder struct {
	s    string
	none [len(directives)]bool // no end follows
}

// closing returns where the span ends that a character opens, or -1.
func (f *finder) closing(open int) int {
	c := f.s[open]
	which := strings.IndexByte(directives, c)
	if which < 0 || f.none[which] || open+2 >= len(f.s) {
		return -1
	}
	if r, _ := utf8.DecodeRuneInString(f.s[open+1:]); unicode.IsSpace(r) {
		return -1
	}
	for i := open + 2; i < len(f.s); i++ {
		if f.s[i] != c {
			continue
		}
		if r, _ := utf8.DecodeLastRuneInString(f.s[:i]); !unicode.IsSpace(r) {
			return i
		}
	}
	f.none[which] = true
	return -1
}

func writeStyling(w *sink, doc *block) {
	ln := &liner{blanks: true}
	for i, l := range ln.document(doc) {
		if i > 0 {
			w.add("\n")
		}
		stylingLine(w, l)
	}
}

func stylingLine(w *sink, l line) {
	quotes := l.prefix[:len(l.prefix)-len(strings.TrimLeft(l.prefix, "> "))]
	if l.fenced {
		stylingCode(w, l)
		return
	}
	var b strings.Builder
	b.WriteString(l.prefix[len(quotes):])
	styled := false
	for _, r := range l.runs {
		styled = styled || r.style.marks() != ""
	}
	if !styled {
		for _, r := range l.runs {
			b.WriteString(r.text)
		}
		text := b.String()
		b.Reset()
		escapeSpans(&b, text, false)
	}
	for _, r := range l.runs {
		if styled {
			stylingRun(&b, r)
		}
	}
	text := b.String()
	if strings.HasPrefix(text, ">") || strings.HasPrefix(text, fence) {
		text = joiner + text
	}
	w.add(quotes, text)
}

// stylingCode writes a line of a preformatted block, and its fences.
func stylingCode(w *sink, l line) {
	if l.first {
		w.add(l.prefix, fence, "\n")
	}
	w.add(l.prefix)
	var b strings.Builder
	for _, r := range l.runs {
		b.WriteString(r.text)
	}
	if b.String() == fence {
		w.add(joiner)
	}
	w.add(b.String())
	if l.last {
		w.add("\n", l.prefix, fence)
	}
}

// marks returns the directives of a style.
func (s style) marks() string {
	marks := ""
	for _, m := range []struct {
		on   bool
		mark string
	}{{s.bold, "*"}, {s.italic, "_"}, {s.strike, "~"}, {s.mono, "`"}} {
		if m.on {
			marks += m.mark
		}
	}
	return marks
}

// stylingRun writes a run. It drops the style if the text or its surroundings do not
// allow directives.
func stylingRun(b *strings.Builder, r run) {
	marks := r.style.marks()
	core := strings.TrimFunc(r.text, unicode.IsSpace)
	at := strings.Index(r.text, core)
	before, after := r.text[:at], r.text[at+len(core):]
	escapeSpans(b, before, true)
	if marks == "" || core == "" || !opens(b.String()) || strings.ContainsAny(core, marks+joiner) {
		escapeSpans(b, core, true)
		b.WriteString(after)
		return
	}
	b.WriteString(marks)
	if r.style.mono {
		b.WriteString(core)
	} else {
		escapeSpans(b, core, true)
	}
	for i := len(marks) - 1; i >= 0; i-- {
		b.WriteByte(marks[i])
	}
	b.WriteString(after)
}

// opens reports whether a directive after s can open a span.
func opens(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s == "" || unicode.IsSpace(r)
}

// escapeSpans writes plain text. It puts a joiner before each directive that begins a
// span or, if every is true, that could begin one.
func escapeSpans(b *strings.Builder, s string, every bool) {
	if !strings.ContainsAny(s, directives) {
		b.WriteString(s)
		return
	}
	f := &finder{s: s}
	canOpen := opens(b.String()) || every && endsInDirective(b.String())
	for i, r := range s {
		if canOpen && r < utf8.RuneSelf && strings.IndexByte(directives, byte(r)) >= 0 && (every || f.closing(i) >= 0) {
			b.WriteString(joiner)
		}
		b.WriteRune(r)
		canOpen = unicode.IsSpace(r)
	}
}

func endsInDirective(s string) bool {
	return s != "" && strings.IndexByte(directives, s[len(s)-1]) >= 0
}

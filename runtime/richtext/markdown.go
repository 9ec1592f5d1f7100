package richtext

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"spectrumlua/runtime/lazy"
)

const (
	// The parser needs quadratic time for some texts. A text that is longer, has more
	// brackets or marks of styles, or has a line with more markers of quotes and lists
	// stays plain text.
	maxMarkdown = 128 << 10
	maxBrackets = 500
	maxMarks    = 2000
	maxMarkers  = 40
)

// parser makes HTML of Markdown. readHTML makes that harmless, including the HTML that the
// Markdown itself contains. A line end is a break, as in a chat.
var parser = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Strikethrough, extension.Linkify),
		goldmark.WithRendererOptions(html.WithUnsafe(), html.WithHardWraps()),
	)
})

// manyMarkers needs 200 kB.
var manyMarkers = lazy.Regexp(`(?m)^([ \t]*([>*+-]|\d{1,9}[.)])){` + strconv.Itoa(maxMarkers) + `}`)

func readMarkdown(s string) (doc *block, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("the parser of Markdown has failed: %v", r)
		}
	}()
	marks := strings.Count(s, "*") + strings.Count(s, "_") + strings.Count(s, "~")
	if len(s) > maxMarkdown || strings.Count(s, "[") > maxBrackets || marks > maxMarks || manyMarkers().MatchString(s) {
		return readPlain(s)
	}
	var out bytes.Buffer
	if err := parser().Convert([]byte(s), &out); err != nil {
		return nil, err
	}
	return readHTML(out.String())
}

func writeMarkdown(w *sink, doc *block) {
	(&markdown{w: w}).blocks(doc.blocks, "")
}

// markdown writes Markdown. Each line in a quote or a list begins with a prefix.
type markdown struct {
	w      *sink
	marked bool // the last character is a mark
	last   rune // the last character of the line; 0 at the start
}

func (m *markdown) blocks(blocks []*block, prefix string) {
	written := false
	for _, group := range groups(blocks) {
		if written {
			blank := strings.TrimRight(prefix, " ")
			m.w.add("\n", blank, "\n", prefix)
		}
		written = true
		m.group(group, prefix)
	}
}

func (m *markdown) group(group []*block, prefix string) {
	b := group[0]
	m.last, m.marked = 0, false
	switch b.kind {
	case kindParagraph:
		for i, p := range group {
			if i > 0 {
				m.hardBreak(prefix)
			}
			m.runs(p.runs, prefix)
		}
	case kindHeading:
		m.w.add(strings.Repeat("#", b.level), " ")
		m.last = ' '
		m.runs(oneLine(b.runs), prefix)
	case kindPre:
		m.pre(b, prefix)
	case kindRule:
		m.w.add("***")
	case kindQuote:
		m.w.add("> ")
		m.blocks(b.blocks, prefix+"> ")
	case kindList:
		m.list(b, prefix)
	}
}

func (m *markdown) list(list *block, prefix string) {
	for i, item := range list.blocks {
		if i > 0 {
			m.w.add("\n", prefix)
		}
		sign := "- "
		if list.ordered {
			sign = strconv.Itoa(list.start+i) + ". "
		}
		m.w.add(sign)
		m.blocks(item.blocks, prefix+strings.Repeat(" ", len(sign)))
	}
}

// oneLine replaces breaks with spaces.
func oneLine(runs []run) []run {
	all := make([]run, len(runs))
	for i, r := range runs {
		if r.kind == runBreak {
			r = run{text: " "}
		}
		all[i] = r
	}
	return all
}

func (m *markdown) pre(b *block, prefix string) {
	ln := &liner{}
	ln.runs(b.runs, "", "", true)
	var text strings.Builder
	for i, l := range ln.lines {
		if i > 0 {
			text.WriteByte('\n')
		}
		for _, r := range l.runs {
			text.WriteString(r.text)
		}
	}
	fence := strings.Repeat("`", max(3, longestTicks(text.String())+1))
	m.w.add(fence)
	for _, l := range strings.Split(text.String(), "\n") {
		m.w.add("\n", prefix, l)
	}
	m.w.add("\n", prefix, fence)
}

// longestTicks returns the length of the longest sequence of backticks.
func longestTicks(s string) int {
	longest, n := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}

// hardBreak ends a line.
func (m *markdown) hardBreak(prefix string) {
	if m.last == 0 {
		m.w.add("\n", prefix) // a line that is empty ends the paragraph
		return
	}
	m.w.add("  \n", prefix)
	m.last, m.marked = 0, false
}

func (m *markdown) runs(runs []run, prefix string) {
	for i := 0; i < len(runs); {
		link := runs[i].style.link
		end := i
		for end < len(runs) && runs[end].style.link == link && runs[end].kind != runBreak {
			end++
		}
		switch {
		case end == i:
			m.hardBreak(prefix)
			end++
		case link == "":
			m.words(runs[i:end], end == len(runs) || runs[end].kind == runBreak)
		default:
			m.link(runs[i:end], link)
		}
		i = end
	}
}

// link writes a link. A link with its own address as text needs no brackets.
func (m *markdown) link(runs []run, link string) {
	var shown strings.Builder
	for _, r := range runs {
		shown.WriteString(r.text)
	}
	if shown.String() == link {
		m.address(link)
		return
	}
	m.mark("[")
	m.words(runs, true)
	if strings.ContainsAny(link, "()") {
		link = "<" + link + ">"
	}
	m.mark("](" + link + ")")
	m.marked = false
}

func (m *markdown) mark(s string) {
	m.w.add(s)
	m.last = rune(s[len(s)-1])
	m.marked = true
}

// address writes an address so that no character of it counts as a mark.
func (m *markdown) address(s string) {
	if strings.ContainsAny(s, "*_~`[]\\&!()") || m.last != 0 && m.last != ' ' {
		m.w.add("<", s, ">")
	} else {
		m.w.add(s)
	}
	m.last, m.marked = '>', false
}

// words writes runs of one line. atEnd reports whether the line ends after them.
func (m *markdown) words(runs []run, atEnd bool) {
	for i, r := range runs {
		next := rune(0)
		if i+1 < len(runs) {
			next, _ = utf8.DecodeRuneInString(runs[i+1].text)
		} else if !atEnd {
			next = '['
		}
		if r.kind == runImage {
			m.image(r)
			continue
		}
		m.run(r, next)
	}
}

func (m *markdown) image(r run) {
	if r.src == "" || r.style.link != "" {
		m.escape(imageText(r))
		return
	}
	m.mark("![")
	m.escape(r.text)
	m.mark("](<" + r.src + ">)")
	m.marked = false
}

// run writes a run. It drops the style if the text around it would make the marks text.
func (m *markdown) run(r run, next rune) {
	core := strings.TrimFunc(r.text, unicode.IsSpace)
	at := strings.Index(r.text, core)
	before, after := r.text[:at], r.text[at+len(core):]
	if core == "" {
		m.spaces(r.text, next == 0)
		return
	}
	m.spaces(before, false)
	atEnd := next == 0
	if after != "" {
		next = ' '
	}
	marks := ""
	if r.style.strike && m.last != '~' && next != '~' && strings.Trim(core, "~") == core { // else ~~~ is no mark
		marks = "~~"
	}
	if r.style.bold {
		marks += "**"
	}
	if r.style.italic {
		marks += "*"
	}
	m.core(core, marks, next, r.style)
	m.spaces(after, atEnd)
}

func (m *markdown) core(core, marks string, next rune, st style) {
	first, _ := utf8.DecodeRuneInString(core)
	last, _ := utf8.DecodeLastRuneInString(core)
	marksInside := st.mono || strings.Contains(core, "://") || len(marks) > 2 && marks[0] == '~'
	opens := !m.marked && (isPunctuation(m.last) || !isPunctuation(first) && !marksInside)
	closes := isPunctuation(next) || !isPunctuation(last) && !marksInside
	if marks != "" && (!opens || !closes || next == utf8.RuneError) {
		marks = ""
	}
	code := st.mono && (!m.marked || marks != "") && st.link == ""
	if marks != "" {
		m.mark(marks)
	}
	if code {
		ticks := strings.Repeat("`", longestTicks(core)+1)
		pad := ""
		if strings.HasPrefix(core, "`") || strings.HasSuffix(core, "`") {
			pad = " "
		}
		m.mark(ticks + pad + core + pad + ticks)
	} else {
		m.escape(core)
	}
	if marks != "" {
		m.mark(reversed(marks))
	}
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// isPunctuation reports whether a mark beside a character can face either way. 0 is the
// end of a line.
func isPunctuation(r rune) bool {
	return r == 0 || unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)
}

// spaces writes blanks. At the start and the end of a line, they would not show.
func (m *markdown) spaces(s string, atEnd bool) {
	for i, r := range s {
		switch {
		case r == '\t':
			m.w.add("&#9;")
		case m.last == 0 || atEnd && i == len(s)-1:
			m.w.add("&#" + strconv.Itoa(int(r)) + ";")
		default:
			m.w.add(string(r))
		}
		m.last, m.marked = ' ', false
	}
}

// escape writes plain text.
func (m *markdown) escape(s string) {
	eachAddress(s, m.plain, func(address string) {
		if strings.ContainsAny(address, "<>") {
			m.plain(address)
			return
		}
		m.address(address)
	})
}

// plain writes text without addresses. A backslash stands before each character that
// would be a mark.
func (m *markdown) plain(s string) {
	for i, r := range s {
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		switch {
		case r == '\t':
			m.w.add("&#9;")
			m.last, m.marked = ' ', false
			continue
		case m.isMark(r, next):
			m.w.add("\\")
		}
		m.w.add(string(r))
		m.last, m.marked = r, false
	}
}

// isMark reports whether Markdown could take a character for a mark. next is the one
// after it.
func (m *markdown) isMark(r, next rune) bool {
	switch r {
	case '\\', '`', '*', '[', ']', '~':
		return true
	case '_':
		return !isWord(m.last) || !isWord(next)
	case '<', '&':
		return !unicode.IsSpace(next)
	case '>', '#', '+', '-', '=', '|', ':':
		return m.last == 0
	case '.', ')': // after a number, at the start of a list
		return m.last < utf8.RuneSelf && isDigit(byte(m.last))
	}
	return false
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

package richtext

import (
	"fmt"
	"strings"

	"spectrumlua/runtime/xmltext"
)

// The control codes of IRC that are not toggles.
const (
	ircBold      = '\x02'
	ircColour    = '\x03'
	ircHexColour = '\x04'
	ircReset     = '\x0f'
)

// toggles are the codes that begin and end a style, in the order in which they are
// written.
var toggles = []struct {
	code byte
	of   func(*style) *bool
}{
	{ircBold, func(s *style) *bool { return &s.bold }},
	{'\x1d', func(s *style) *bool { return &s.italic }},
	{'\x11', func(s *style) *bool { return &s.mono }},
	{'\x1f', func(s *style) *bool { return &s.underline }},
	{'\x1e', func(s *style) *bool { return &s.strike }},
	{'\x16', func(s *style) *bool { return &s.reverse }},
}

func isControl(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r == 0x7f }

// readIRC reads text with control codes. It removes unknown ones.
func readIRC(s string) (*block, error) {
	runs, _ := ircRuns(s)
	return &block{blocks: []*block{{kind: kindParagraph, runs: runs}}}, nil
}

// ircRuns returns the runs of a text, and the style at its end.
func ircRuns(s string) (runs []run, st style) {
	for s != "" {
		n := strings.IndexFunc(s, isControl)
		if n < 0 {
			n = len(s)
		}
		if n > 0 {
			runs = append(runs, lineRuns(xmltext.Clean(s[:n]), st)...)
			s = s[n:]
			continue
		}
		code := s[0]
		s = s[1:]
		switch code {
		case ircReset:
			st = style{}
		case ircColour:
			s = readColours(&st, s, 1, 2, isDigit, func(digits string) string {
				number := 0
				for _, d := range digits {
					number = 10*number + int(d-'0')
				}
				if number < len(palette) {
					return palette[number]
				}
				return ""
			})
		case ircHexColour:
			s = readColours(&st, s, 6, 6, isHex, func(digits string) string { return "#" + strings.ToLower(digits) })
		default:
			for _, t := range toggles {
				if t.code == code {
					*t.of(&st) = !*t.of(&st)
				}
			}
		}
	}
	return runs, st
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// readColours reads the digits after a colour code, "4" or "4,12", and returns the rest.
// Without digits, the colours end.
func readColours(st *style, s string, least, most int, digit func(byte) bool, colour func(string) string) string {
	count := func(s string) int {
		n := 0
		for n < len(s) && n < most && digit(s[n]) {
			n++
		}
		if n < least {
			return 0
		}
		return n
	}
	n := count(s)
	if n == 0 {
		st.fg, st.bg = "", ""
		return s
	}
	st.fg = colour(s[:n])
	s = s[n:]
	if strings.HasPrefix(s, ",") {
		if n = count(s[1:]); n > 0 {
			st.bg = colour(s[1 : n+1])
			s = s[n+1:]
		}
	}
	return s
}

// colourCode returns the code for the colours of a style. following is the text after it,
// whose digits must not count as part of the code.
func colourCode(st style, following string) string {
	const separator = string(ircBold) + string(ircBold)
	code, digitsAt := string(ircColour), following
	if st.fg != "" || st.bg != "" {
		number := 99
		if st.fg != "" {
			number = colourNumber(st.fg)
		}
		code += fmt.Sprintf("%02d", number)
		if st.bg != "" {
			return code + fmt.Sprintf(",%02d", colourNumber(st.bg))
		}
		if !strings.HasPrefix(following, ",") {
			return code
		}
		digitsAt = following[1:]
	}
	if digitsAt != "" && isDigit(digitsAt[0]) {
		return code + separator
	}
	return code
}

// ircChange returns the codes between two styles.
func ircChange(from, to style, following string) string {
	var codes strings.Builder
	for _, t := range toggles {
		if *t.of(&from) != *t.of(&to) {
			codes.WriteByte(t.code)
		}
	}
	if from.bg != "" && to.bg == "" {
		if to.fg != "" {
			following = ""
		}
		codes.WriteString(colourCode(style{}, following))
		from.fg, from.bg = "", ""
	}
	if from.fg != to.fg || from.bg != to.bg {
		codes.WriteString(colourCode(to, following))
	}
	return codes.String()
}

// IRCStyle returns the codes for the style at the end of a text: what the next line must
// begin with if the text is split.
func IRCStyle(s string) string {
	_, st := ircRuns(s)
	return ircChange(style{}, st, "")
}

// writeIRC writes lines with control codes. Each line begins without a style.
func writeIRC(w *sink, doc *block) {
	ln := &liner{}
	for i, l := range ln.document(doc) {
		if i > 0 {
			w.add("\n")
		}
		current := style{}
		write := func(text string, st style) {
			st.link = ""
			text = strings.Map(func(r rune) rune {
				if isControl(r) || r == '\n' {
					return -1
				}
				return r
			}, text)
			if text != "" {
				w.add(ircChange(current, st, text), text)
				current = st
			}
		}
		if l.prefix != "" {
			write(l.prefix, style{})
		}
		for _, r := range l.runs {
			if l.code {
				r.style.mono = true
			}
			write(r.text, r.style)
		}
	}
}

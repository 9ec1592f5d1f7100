package modern

import (
	"strings"
	"unicode/utf8"
)

// Quote returns a text as a quotation: each line begins with "> " and ends with a line
// feed. It omits lines that are quotations themselves, because otherwise the texts of people
// who answer each other grow without end. It returns "" if nothing is left.
func Quote(text string) string {
	var b strings.Builder
	for _, line := range ownLines(text) {
		b.WriteString("> ")
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// Unquote returns the text of a quotation, without the quotations in it.
func Unquote(quotation string) string {
	var b strings.Builder
	for line := range strings.Lines(quotation) {
		if rest, ok := strings.CutPrefix(line, ">"); ok {
			line = strings.TrimPrefix(rest, " ")
		}
		b.WriteString(line)
	}
	return strings.Join(ownLines(b.String()), "\n")
}

// ownLines returns the lines of a text that are not quotations, up to the limits of a
// quoted text. It omits blank lines at the beginning and the end.
func ownLines(text string) []string {
	var lines []string
	left := maxQuote
	for line := range strings.Lines(lineEnds.Replace(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, ">") || len(lines) == 0 && strings.TrimSpace(line) == "" {
			continue
		}
		if len(lines) == maxLines || left <= 0 {
			break
		}
		line = cut(line, left)
		left -= utf8.RuneCountInString(line)
		lines = append(lines, line)
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// cut returns the first characters of a text.
func cut(s string, most int) string {
	for i := range s {
		if most--; most < 0 {
			return s[:i]
		}
	}
	return s
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

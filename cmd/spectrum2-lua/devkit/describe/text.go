package describe

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"spectrumlua/runtime/schema"
)

// maxRunes limits the length of a text.
const maxRunes = 2000

// zeroWidthJoiner joins emoji. It is the only invisible character that Text keeps.
const zeroWidthJoiner = '\u200d'

// Text returns a text on one line that is safe for a terminal. Line ends become ⏎. Other
// control characters, and characters that change the writing direction, become escapes.
// Text truncates after 2,000 characters.
func Text(s string) string {
	var b strings.Builder
	runes := 0
	for i, r := range s {
		if runes++; runes > maxRunes {
			b.WriteString("… (" + strconv.Itoa(len(s)) + " bytes)")
			break
		}
		switch {
		case r == utf8.RuneError:
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				b.WriteString(`\x` + strconv.FormatInt(int64(s[i])|0x100, 16)[1:])
				continue
			}
			b.WriteRune(r)
		case r == '\n':
			b.WriteRune('⏎')
		case unicode.IsPrint(r) || r == zeroWidthJoiner:
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

func list(texts []string) string {
	shown := make([]string, len(texts))
	for i, s := range texts {
		shown[i] = Text(s)
	}
	return strings.Join(shown, ", ")
}

// inBrackets returns " (a; b)", or "" without parts.
func inBrackets(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// when formats a timestamp of the protocol. It returns the text unchanged if it is
// not a timestamp.
func when(stamp string) string {
	t, err := time.Parse(schema.TimeLayout, stamp)
	if err != nil {
		return Text(stamp)
	}
	return t.Format("2006-01-02 15:04:05") + " UTC"
}

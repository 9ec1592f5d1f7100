package source

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// characterNames has the names of characters that look like another one, or like none.
var characterNames = map[rune]string{
	'\u00a0': "no-break space",
	'\u00ad': "soft hyphen",
	'\u200b': "zero-width space",
	'\u200c': "zero-width non-joiner",
	'\u200d': "zero-width joiner",
	'\u200e': "left-to-right mark",
	'\u200f': "right-to-left mark",
	'\u2028': "line separator",
	'\u2029': "paragraph separator",
	'\u202f': "narrow no-break space",
	'\u2060': "word joiner",
	'\u3000': "ideographic space",
	'\ufeff': "byte order mark",
}

// asciiFor has what Lua has instead of characters, beside those with a compatibility
// decomposition, such as fullwidth letters, and dashes.
var asciiFor = map[rune]string{
	'×': "*", '÷': "/", '−': "-", '≠': "~=", '≤': "<=", '≥': ">=",
}

const onlyASCII = "outside of texts and comments, Lua knows only ASCII"

// foreignCharacter describes the first character of rest, which is not ASCII: how a message
// shows it, and what to do.
func foreignCharacter(rest string) (shown, hint string) {
	r, size := utf8.DecodeRuneInString(rest)
	if r == utf8.RuneError && size <= 1 {
		return fmt.Sprintf("'%c'", r), onlyASCII + ", and this byte is not UTF-8: save the file as UTF-8"
	}
	shown = fmt.Sprintf("'%c'", r)
	if !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.Is(unicode.Zs, r) {
		shown = fmt.Sprintf("U+%04X", r)
		if name := characterNames[r]; name != "" {
			shown += " " + name
		}
	}
	return shown, characterHint(r)
}

// characterHint says what to do about a character that is not ASCII.
func characterHint(r rune) string {
	ascii := asciiFor[r]
	if decomposed := norm.NFKC.String(string(r)); ascii == "" && isASCII(decomposed) {
		ascii = decomposed
	}
	switch {
	case unicode.Is(unicode.Zs, r):
		return "replace it with a normal space"
	case r == '\u2028' || r == '\u2029':
		return "replace it with the end of a line"
	case !unicode.IsGraphic(r):
		return "delete it: it is invisible, and Lua does not allow it here"
	case unicode.In(r, unicode.Pi, unicode.Pf) || r == '„' || r == '‚' || r == '′' || r == '″':
		return onlyASCII + `: replace the quotes of a word processor with " or '`
	case unicode.Is(unicode.Pd, r):
		return onlyASCII + ": replace the dash with '-'"
	case ascii != "":
		return onlyASCII + ": replace it with '" + ascii + "'"
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
		return onlyASCII + ": names consist of the letters a to z and A to Z, digits and '_'"
	}
	return onlyASCII
}

func isASCII(text string) bool {
	for _, r := range text {
		if r >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

package chat

import (
	"errors"
	"regexp"
	"strings"
)

// errOpenQuote means that a quoted word has no end.
var errOpenQuote = errors.New(`a quote is not closed: write \" for a quote inside a word`)

// words splits a command line from the front.
type words struct{ text string }

// next returns the next word. ok is false at the end of the line. A word in double
// quotes may have blanks; in it, \" is a quote and \\ a backslash.
func (w *words) next() (word string, ok bool, err error) {
	w.text = strings.TrimLeft(w.text, " \t")
	if w.text == "" {
		return "", false, nil
	}
	if w.text[0] != '"' {
		word, w.text, _ = cutBlank(w.text)
		return word, true, nil
	}
	var b strings.Builder
	for i := 1; i < len(w.text); i++ {
		switch c := w.text[i]; {
		case c == '"':
			w.text = w.text[i+1:]
			return b.String(), true, nil
		case c == '\\' && i+1 < len(w.text) && strings.IndexByte(`"\`, w.text[i+1]) >= 0:
			i++
			b.WriteByte(w.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false, errOpenQuote
}

// all returns the remaining words.
func (w *words) all() (list []string, err error) {
	for {
		word, ok, err := w.next()
		if err != nil || !ok {
			return list, err
		}
		list = append(list, word)
	}
}

// rest returns the rest of the line without the blanks around it.
func (w *words) rest() string {
	text := strings.Trim(w.text, " \t")
	w.text = ""
	return text
}

func cutBlank(s string) (before, after string, found bool) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// secretPairs matches key=value and "key": "value" with a key that names a secret.
var secretPairs = regexp.MustCompile(`(?i)(\w*(?:passw|passphrase|secret|token|api_?key|credential)\w*["']?\]?\s*[=:]\s*)("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,}]+)`)

// xmlSecrets matches the elements in which XEP-0077, XEP-0078 and SASL send passwords.
var xmlSecrets = regexp.MustCompile(`(?is)(<(?:\w+:)?(?:password|digest|auth|response)\b[^<>]*>)[^<]*`)

const mask = "***"

// Masked returns a command line with *** for each password.
func Masked(line string) string {
	if start, end := passwordIn(line); end > start {
		line = line[:start] + mask + line[end:]
	}
	return maskPairs(line)
}

// Kept returns the part of a line that a history may keep, which ends before a
// password.
func Kept(line string) string {
	if start, end := passwordIn(line); end > start {
		line = strings.TrimRight(line[:start], " \t")
	}
	return maskPairs(line)
}

func maskPairs(line string) string {
	if !strings.HasPrefix(line, "/") {
		return line
	}
	return xmlSecrets.ReplaceAllString(secretPairs.ReplaceAllString(line, "${1}"+mask), "${1}"+mask)
}

// passwordIn returns the position of the password in a command line. start and end
// are equal if the line has no password. An open quote extends to the end.
func passwordIn(line string) (start, end int) {
	cmd, rest := split(line)
	if cmd == nil || cmd.password == 0 {
		return 0, 0
	}
	w := words{rest}
	for range cmd.password - 1 {
		if _, ok, err := w.next(); err != nil || !ok {
			return 0, 0
		}
	}
	start = len(line) - len(strings.TrimLeft(w.text, " \t"))
	word, ok, err := w.next()
	switch {
	case err != nil:
		return start, len(line)
	case !ok || cmd.pairs && strings.Contains(word, "="):
		return 0, 0
	}
	before := line[:len(line)-len(w.text)]
	return start, len(strings.TrimRight(before, " \t"))
}

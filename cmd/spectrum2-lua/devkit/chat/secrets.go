package chat

import (
	"regexp"
	"strings"

	"spectrumlua/runtime/words"
)

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
	w := words.In(rest)
	for range cmd.password - 1 {
		if _, ok, err := w.Next(); err != nil || !ok {
			return 0, 0
		}
	}
	start = len(line) - len(strings.TrimLeft(w.Left(), " \t"))
	word, ok, err := w.Next()
	switch {
	case err != nil:
		return start, len(line)
	case !ok || cmd.pairs && strings.Contains(word, "="):
		return 0, 0
	}
	before := line[:len(line)-len(w.Left())]
	return start, len(strings.TrimRight(before, " \t"))
}

package logging

import "strings"

// hidden stands for a secret's value.
const hidden = "***"

// secretParts are what a field's name must not contain to be shown, and
// secretNames what it must not be, without case, '_', '-', '.' and blanks.
var (
	secretParts = []string{
		"password", "passwd", "passphrase", "passcode", "secret", "token", "apikey", "authoriz",
		"cookie", "credential", "privatekey", "accesskey", "sessionkey", "connectionstring",
	}
	secretNames = map[string]bool{"pass": true, "pw": true, "pwd": true, "auth": true, "bearer": true}
)

// isSecret tells if the field of that name is to be hidden. It does not
// allocate for names of the usual length.
func isSecret(name string) bool {
	var buf [64]byte
	b := buf[:0]
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || c == '-' || c == '.' || c == ' ':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	if secretNames[string(b)] {
		return true
	}
	for _, part := range secretParts {
		if strings.Contains(string(b), part) {
			return true
		}
	}
	return false
}

package secret

import "strings"

// The value of a log field is secret if its name contains one of fieldParts or is one
// of fieldNames. The comparison ignores case, '_', '-', '.' and blanks. The lists are
// narrower than nameParts: "key" is an ordinary field.
var (
	fieldParts = []string{
		"password", "passwd", "passphrase", "passcode", "secret", "token", "apikey", "authoriz",
		"cookie", "credential", "privatekey", "accesskey", "sessionkey", "connectionstring",
	}
	fieldNames = map[string]bool{"pass": true, "pw": true, "pwd": true, "auth": true, "bearer": true}
)

// Field reports whether the name of a log field implies a secret value. It does not
// allocate for names of the usual length.
func Field(name string) bool {
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
	if fieldNames[string(b)] {
		return true
	}
	for _, part := range fieldParts {
		if strings.Contains(string(b), part) {
			return true
		}
	}
	return false
}

package luabind

import "regexp"

// nilPattern matches Lua's errors about a value that is nil.
var nilPattern = regexp.MustCompile(`^[^:]+:\d+: attempt to ` +
	`(?:(?:index|call|perform arithmetic on|concatenate|get length of) .*\(a nil value\)|` +
	`(?:index|call|perform arithmetic on|concatenate|get length of) a nil value|` +
	`compare (?:nil with \w+|\w+ with nil|two nil values))$`)

// withHint adds a likely reason to an error about a nil value.
func withHint(message string) string {
	if nilPattern.MatchString(message) {
		return message + ": is a name misspelt, or a field not set?"
	}
	return message
}

package luabind

import "regexp"

// nilPattern matches what Lua says where a value turns out to be nil.
var nilPattern = regexp.MustCompile(`^[^:]+:\d+: attempt to ` +
	`(?:(?:index|call|perform arithmetic on|concatenate|get length of) .*\(a nil value\)|` +
	`(?:index|call|perform arithmetic on|concatenate|get length of) a nil value|` +
	`compare (?:nil with \w+|\w+ with nil|two nil values))$`)

// withHint adds to an error of Lua's own what the reason may be.
func withHint(message string) string {
	if nilPattern.MatchString(message) {
		return message + ": is a name misspelt, or a field not set?"
	}
	return message
}

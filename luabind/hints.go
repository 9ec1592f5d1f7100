package luabind

import "regexp"

// nilPattern is what Lua says where a value turns out to be nil, which it does
// not name.
var nilPattern = regexp.MustCompile(`^[^:]+:\d+: (?:` +
	`cannot perform \w+ operation between (?:nil and \w+|\w+ and nil)|` +
	`attempt to index a non-table object\(nil\) with key '.*'|` +
	`attempt to compare (?:nil with \w+|\w+ with nil)|` +
	`attempt to call a non-function object)$`)

// withHint adds to an error of Lua's own what the reason may be.
func withHint(message string) string {
	if nilPattern.MatchString(message) {
		return message + ": is a name misspelt, or a field not set?"
	}
	return message
}

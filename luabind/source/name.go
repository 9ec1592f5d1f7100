package source

import (
	"slices"
	"strings"

	"spectrumlua/runtime/lazy"
)

var namePattern = lazy.Regexp(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keywords has Lua's keywords, and goto, which the parser knows too.
var keywords = strings.Fields("and break do else elseif end false for function goto if in local nil not or repeat return then true until while")

// IsName reports whether a text can be the name of a variable, and a key without brackets.
func IsName(text string) bool {
	return namePattern().MatchString(text) && !slices.Contains(keywords, text)
}

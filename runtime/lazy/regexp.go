// Package lazy has values that are made when they are used first, so that a start does not
// wait for them.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp returns a function that returns a compiled regular expression. The first call
// compiles it, and panics if it is wrong. Any goroutine may call the function.
func Regexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

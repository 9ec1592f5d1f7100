package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/shorten"
)

// commandLine is the Name of an Error in an override.
const commandLine = "command line"

// maxProblems is the number of errors or warnings that are reported for a file. A
// file that is not a config file at all would otherwise flood the log.
const maxProblems = 20

// Error is one problem in a config file. All errors of this package are of this
// type, or join several of them.
type Error struct {
	Name string // the file, or "command line"
	Line int    // counted from 1; 0 means the file as a whole
	Text string // what is wrong, and what to do
	Err  error  // the system's error if that is the cause, or nil
}

// Error returns "file:line: text".
func (e *Error) Error() string { return e.place() + ": " + e.Text }

// Unwrap returns the system's error, or nil.
func (e *Error) Unwrap() error { return e.Err }

func (e *Error) place() string {
	if e.Line == 0 {
		return e.Name
	}
	return e.Name + ":" + strconv.Itoa(e.Line)
}

// join joins problems in the order of lines, followed by those about the whole file
// or the command line.
func join(problems []*Error) error {
	var all []error
	for _, p := range inOrder(problems) {
		all = append(all, p)
	}
	return errors.Join(all...)
}

// inOrder sorts problems by line. It keeps the first maxProblems and adds the
// number of the others.
func inOrder(problems []*Error) []*Error {
	sortByLine(problems)
	more := len(problems) - maxProblems
	if more <= 0 {
		return problems
	}
	next := problems[maxProblems]
	return append(problems[:maxProblems:maxProblems], &Error{
		Name: next.Name, Line: next.Line, Text: fmt.Sprintf("and %d more like these from here on", more),
	})
}

func sortByLine(problems []*Error) {
	slices.SortStableFunc(problems, func(a, b *Error) int {
		switch {
		case a.Line == b.Line:
			return 0
		case a.Line == 0:
			return 1
		case b.Line == 0:
			return -1
		}
		return cmp.Compare(a.Line, b.Line)
	})
}

// Shown returns a key as messages name it: "[section] name", as the file has it.
func Shown(key string) string {
	section, name, ok := strings.Cut(key, ".")
	if !ok {
		return key
	}
	return "[" + section + "] " + name
}

// maxShown is the number of bytes of a value or a name that an error shows.
const maxShown = 60

// show quotes a value for an error, unless the key or the value looks like a
// secret.
func show(key, value string) string {
	if secret.Name(key) || secret.Value(value) {
		return "the given value (not shown)"
	}
	return quote(value)
}

// quote quotes the beginning of s.
func quote(s string) string {
	if short := clip(s); short != s {
		return strconv.Quote(short) + "…"
	}
	return strconv.Quote(s)
}

// clip truncates s to maxShown bytes, at a character boundary.
func clip(s string) string { return shorten.Cut(s, maxShown) }

package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"spectrumlua/runtime/secret"
)

// commandLine is the Name of an Error in an override.
const commandLine = "command line"

// maxProblems is how many of a file's errors, or warnings, are told, so that one
// that is no config file at all does not fill the log.
const maxProblems = 20

// Error is one thing that is wrong with a config file. All errors of this
// package are of this type, or join several with errors.Join.
type Error struct {
	Name string // the file, or "command line"
	Line int    // counted from 1; 0 means the file as a whole
	Text string // what is wrong, and what to do
	Err  error  // the system's error, if that was the cause
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

// join makes one error of problems, in the order of lines; what is wrong with
// the file as a whole or on the command line comes last.
func join(problems []*Error) error {
	var all []error
	for _, p := range inOrder(problems) {
		all = append(all, p)
	}
	return errors.Join(all...)
}

// inOrder sorts problems by line and keeps the first of them, with a word on
// how many more there are.
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

// maxShown is how many bytes of a value or a name an error shows.
const maxShown = 60

// show quotes a value for an error, unless the key, or the value itself, looks
// as if it held a secret.
func show(key, value string) string {
	if secret.Name(key) || secret.Value(value) {
		return "what is given (not shown)"
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

// clip cuts s to maxShown bytes, between two letters.
func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

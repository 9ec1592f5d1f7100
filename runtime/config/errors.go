package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// commandLine is the Name of an Error in an override.
const commandLine = "command line"

// maxProblems is how many of a file's errors are told, so that one that is no
// config file at all does not fill the log.
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

// join makes one error of problems, in the order of lines; what is wrong on the
// command line or with the file as a whole comes last.
func join(problems []*Error) error {
	sortByLine(problems)
	if more := len(problems) - maxProblems; more > 0 {
		last := problems[maxProblems]
		problems = append(slices.Clone(problems[:maxProblems]), &Error{
			Name: last.Name, Line: last.Line,
			Text: fmt.Sprintf("and %d more errors from here on", more),
		})
	}
	all := make([]error, len(problems))
	for i, p := range problems {
		all[i] = p
	}
	return errors.Join(all...)
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

// secretWords are found in the names of keys whose values are never shown.
var secretWords = []string{"pass", "secret", "token", "key", "credential", "connectionstring"}

// maxShown is how many bytes of a value an error shows.
const maxShown = 60

// show quotes a value for an error, unless the key, or the value itself, looks
// as if it held a secret.
func show(key, value string) string {
	lower := strings.ToLower(key)
	secret := slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(lower, word) })
	if secret || strings.Contains(value, "://") && strings.Contains(value, "@") {
		return "what is given (not shown)"
	}
	if len(value) <= maxShown {
		return strconv.Quote(value)
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(value[end]) {
		end--
	}
	return strconv.Quote(value[:end]) + "…"
}

package compare

import (
	"fmt"
	"regexp"
	"strings"
)

// Difference is how two results of a program differ. Differences of the same kind
// probably have the same cause.
type Difference struct {
	Kind         string
	Ours, Theirs string // what differs first
}

func (d *Difference) String() string {
	return fmt.Sprintf("%s\n  ours:      %s\n  reference: %s", d.Kind, d.Ours, d.Theirs)
}

// Find returns how the results differ, or nil. It ignores programs that the reference does
// not compile or run.
func Find(ours, theirs Result) *Difference {
	switch {
	case theirs.Broken != "":
		return nil
	case ours.Refused != "" && theirs.Refused == "":
		return &Difference{"refused: " + shape(ours.Refused), ours.Refused, "it compiles"}
	case theirs.Refused != "":
		return nil
	case ours.Broken != "":
		return &Difference{"broken: " + shape(ours.Broken), ours.Broken, "it ends in order"}
	}
	for i := range max(len(ours.Lines), len(theirs.Lines)) {
		a, b := lineAt(ours.Lines, i), lineAt(theirs.Lines, i)
		// docs/lua.md: -0 is written as 0.
		if a != b && unsigned.ReplaceAllString(a, "$1") != unsigned.ReplaceAllString(b, "$1") {
			return &Difference{kindOf(a, b), a, b}
		}
	}
	return nil
}

func lineAt(lines []string, i int) string {
	if i >= len(lines) {
		return "(nothing more)"
	}
	return lines[i]
}

// kindOf returns the kind of a difference. Wrong values form one kind, wrong messages one
// kind for each message.
func kindOf(a, b string) string {
	x, y := place.FindString(a), place.FindString(b)
	switch {
	case x == "" && y == "":
		return "another value"
	case x == "" || y == "":
		return "an error on one side: " + shape(messageOf(a)) + " | " + shape(messageOf(b))
	case place.ReplaceAllString(a, "") == place.ReplaceAllString(b, ""):
		return "another line of an error"
	}
	return "another message: " + shape(messageOf(a)) + " | " + shape(messageOf(b))
}

var (
	place    = regexp.MustCompile(`p:\d+: `)
	quoted   = regexp.MustCompile(`'[^']*'`)
	unsigned = regexp.MustCompile(`-(0)`)
	number   = regexp.MustCompile(`-?\d+(\.\d+)?`)
)

// messageOf returns the text of an error without its position, or "a value".
func messageOf(line string) string {
	if at := place.FindStringIndex(line); at != nil {
		return line[at[1]:]
	}
	return "a value"
}

// shape replaces the parts of a text that depend on the program.
func shape(s string) string {
	return strings.TrimSpace(number.ReplaceAllString(quoted.ReplaceAllString(s, "'…'"), "9"))
}

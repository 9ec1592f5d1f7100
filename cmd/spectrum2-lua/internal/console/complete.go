package console

import (
	"context"
	"slices"
	"strings"

	"spectrumlua/luabind/api"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/lazy"
)

var (
	// wordAtEnd matches the name that is being typed.
	wordAtEnd = lazy.Regexp(`(?:[A-Za-z_]\w*)?$`)
	// userAtEnd matches the beginning of session("alice@example.net") in which the user is being typed.
	userAtEnd = lazy.Regexp(`\bsession\s*\(\s*["']([^"']*)$`)
	// tableAtEnd matches what follows a function up to a key of its table.
	tableAtEnd = lazy.Regexp(`\s*\(?\s*\{(?:[^{}]*[,;])?\s*$`)
)

// consoleNames are the variables of each line; see luabind.Host.Console.
var consoleNames = []string{"session", "sessions", "spectrum", "print"}

// Complete returns the names that may replace the text from start to the cursor. They are from
// the annotations of the API and from the process. It returns nothing if the process does
// not answer soon.
func (c *Console) Complete(before string) (start int, words []string) {
	if m := userAtEnd().FindStringSubmatchIndex(before); m != nil {
		return m[2], c.names(admin.Keys{Users: true})
	}
	if inString(before) {
		return len(before), nil
	}
	start = wordAtEnd().FindStringIndex(before)[0]
	head := before[:start]
	for _, separator := range []string{".", ":"} {
		if expression, ok := strings.CutSuffix(head, separator); ok {
			return start, c.members(expression, separator)
		}
	}
	if m := tableAtEnd().FindStringIndex(head); m != nil {
		if fields := c.fields(head[:m[0]]); fields != nil {
			return start, fields
		}
	}
	return start, append(c.names(admin.Keys{}), consoleNames...)
}

// inString reports whether the cursor is in a string in quotes.
func inString(before string) bool {
	var quote byte
	for i := 0; i < len(before); i++ {
		switch b := before[i]; {
		case quote != 0 && b == '\\':
			i++
		case quote != 0 && b == quote:
			quote = 0
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		}
	}
	return quote != 0
}

// members returns the names that may follow an expression and a separator.
func (c *Console) members(expression, separator string) []string {
	e, ok := chainAtEnd(expression)
	if !ok {
		return nil
	}
	class := c.value(e).typ.Class()
	if class == nil {
		user, names, ok := c.path(e)
		if !ok {
			return nil
		}
		return c.names(admin.Keys{User: user, Path: names})
	}
	var words []string
	if separator == "." {
		words = fieldsOf(class)
	}
	for _, f := range class.AllFunctions() {
		if !c.opts.ReadOnly && f.Method == (separator == ":") {
			words = append(words, f.Name)
		}
	}
	return words
}

// fields returns the fields of the table that a function takes first, or nil.
func (c *Console) fields(function string) []string {
	e, ok := chainAtEnd(function)
	if !ok || c.opts.ReadOnly {
		return nil
	}
	f := c.value(e).function
	if f == nil || len(f.Params) == 0 {
		return nil
	}
	table := f.Params[0].Type.Class()
	if table == nil {
		return nil
	}
	return fieldsOf(table)
}

// fieldsOf returns the names of a class's fields.
func fieldsOf(class *api.Class) (names []string) {
	for _, f := range class.AllFields() {
		if !strings.HasPrefix(f.Name, "[") {
			names = append(names, f.Name)
		}
	}
	return names
}

// names asks the process.
func (c *Console) names(wanted admin.Keys) []string {
	if c.backend == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	wanted.ReadOnly = c.opts.ReadOnly
	var answer admin.Names
	if err := c.backend.Post(ctx, "/keys", wanted, &answer); err != nil {
		return nil
	}
	return slices.Clip(answer.Names)
}

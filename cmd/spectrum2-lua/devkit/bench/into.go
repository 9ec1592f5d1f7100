package bench

import (
	"fmt"
	"os"
	"strings"
)

// The marks around the tables. Each is alone on its line.
const (
	beginMark = "<!-- bench: begin -->"
	endMark   = "<!-- bench: end -->"
)

// WriteInto replaces the text between the two marks of a Markdown file by the tables.
func (r *Report) WriteInto(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), beginMark+"\n")
	_, after, ends := strings.Cut(rest, endMark+"\n")
	if !begins || !ends {
		return fmt.Errorf("%s has no line %s with a line %s after it: add both lines", path, beginMark, endMark)
	}
	var b strings.Builder
	b.WriteString(before + beginMark + "\n\n```\n")
	if err := r.WriteText(&b); err != nil {
		return err
	}
	b.WriteString("```\n\n" + endMark + "\n" + after)
	return os.WriteFile(path, []byte(b.String()), 0o644) //nolint:gosec // a document
}

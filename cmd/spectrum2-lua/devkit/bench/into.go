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
	var b strings.Builder
	b.WriteString("\n```\n")
	if err := r.WriteText(&b); err != nil {
		return err
	}
	b.WriteString("```\n\n")
	return Replace(path, beginMark, endMark, b.String())
}

// Replace replaces the text between two lines of a file.
func Replace(path, begin, end, text string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(content), begin+"\n")
	_, after, ends := strings.Cut(rest, end+"\n")
	if !begins || !ends {
		return fmt.Errorf("%s has no line %s with a line %s after it: add both lines", path, begin, end)
	}
	content = []byte(before + begin + "\n" + text + end + "\n" + after)
	return os.WriteFile(path, content, 0o644) //nolint:gosec // a document
}

package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"spectrumlua/runtime/spelling"
)

// ignorePattern matches the comment that hides findings. It applies to its line or, if
// it is alone on the line, to the next.
var ignorePattern = regexp.MustCompile(`^(.*?)(?:--|#)\s*check:\s*ignore\b(.*)$`)

// ignored returns the ignored codes by line. An empty list means all codes.
func (c *checker) ignored(path, text string) map[int][]string {
	if !strings.Contains(text, "check:") {
		return nil
	}
	lines := map[int][]string{}
	for i, line := range strings.Split(text, "\n") {
		m := ignorePattern.FindStringSubmatch(strings.TrimSuffix(line, "\r"))
		if m == nil {
			continue
		}
		at := i + 1
		if strings.TrimSpace(m[1]) == "" {
			at++
		}
		names := strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		for _, name := range names {
			if _, known := severities[name]; !known {
				hint := ""
				if near := spelling.Name(name, codeNames()); near != "" {
					hint = fmt.Sprintf("; did you mean %s?", near)
				}
				c.tell(path, i+1, "unknown-code", fmt.Sprintf("unknown code %q to ignore%s", name, hint))
			}
		}
		lines[at] = names
	}
	return lines
}

// ignoreAsked removes the findings that comments hide.
func (c *checker) ignoreAsked() {
	asked := map[string]map[int][]string{}
	for path, source := range c.sources {
		asked[display(path)] = c.ignored(path, source.text)
	}
	c.findings = slices.DeleteFunc(c.findings, func(f Finding) bool {
		names, found := asked[f.File][f.Line]
		return found && (len(names) == 0 || slices.Contains(names, f.Code))
	})
}

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/internal/columns"
	"spectrumlua/luabind/source"
)

// maxMissed is the maximum number of ranges of missed lines in the table.
const maxMissed = 20

// coverageTable returns the table of --coverage, one file a line.
func coverageTable(files []source.CoveredFile) string {
	if len(files) == 0 {
		return "coverage: no script has run\n"
	}
	rows := [][]string{{"coverage", "lines", "percent", "missed lines"}}
	ran, all := 0, 0
	for _, file := range files {
		n := countRan(file.Lines)
		ran, all = ran+n, all+len(file.Lines)
		rows = append(rows, coverageRow(printable(shownPath(file.Path)), n, len(file.Lines), missedRanges(file.Lines)))
	}
	rows = append(rows, coverageRow("total", ran, all, ""))
	return strings.Join(columns.Align(rows, map[int]bool{1: true, 2: true}), "\n") + "\n"
}

func coverageRow(name string, ran, all int, missed string) []string {
	return []string{name, fmt.Sprintf("%d/%d", ran, all), percentage(ran, all), missed}
}

// percentage rounds down, so 100.0 % means that every line has run.
func percentage(ran, all int) string {
	if all == 0 {
		return "-"
	}
	tenths := ran * 1000 / all
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

func countRan(lines map[int]bool) (n int) {
	for _, ran := range lines {
		if ran {
			n++
		}
	}
	return n
}

// missedRanges returns the executable lines that have not run. A range contains no line
// that has run, but may contain lines that are not executable.
func missedRanges(lines map[int]bool) string {
	var ranges []string
	first, last, more := 0, 0, 0
	flush := func() {
		switch {
		case first == 0:
		case len(ranges) == maxMissed:
			more++
		case first == last:
			ranges = append(ranges, fmt.Sprint(first))
		default:
			ranges = append(ranges, fmt.Sprintf("%d-%d", first, last))
		}
		first = 0
	}
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		switch {
		case lines[line]:
			flush()
		case first == 0:
			first, last = line, line
		default:
			last = line
		}
	}
	flush()
	text := strings.Join(ranges, ", ")
	if more > 0 {
		text += fmt.Sprintf(", and %d more ranges", more)
	}
	return text
}

// shownPath returns a path relative to the current folder if it is in there.
func shownPath(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if name, err := filepath.Rel(dir, path); err == nil && name != ".." && !strings.HasPrefix(name, "../") {
			return name
		}
	}
	return path
}

// writeLCOV writes coverage in LCOV's format. A line has a count of 1 if it has run.
func writeLCOV(path string, files []source.CoveredFile) error {
	var b strings.Builder
	for _, file := range files {
		fmt.Fprintf(&b, "TN:\nSF:%s\n", file.Path)
		for _, line := range slices.Sorted(maps.Keys(file.Lines)) {
			n := 0
			if file.Lines[line] {
				n = 1
			}
			fmt.Fprintf(&b, "DA:%d,%d\n", line, n)
		}
		fmt.Fprintf(&b, "LF:%d\nLH:%d\nend_of_record\n", len(file.Lines), countRan(file.Lines))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil { //nolint:gosec // it holds no secrets
		return fmt.Errorf("writing the LCOV file: %w", err)
	}
	return nil
}

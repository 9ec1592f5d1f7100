// Package columns aligns the tables of commands.
package columns

import (
	"strings"
	"unicode/utf8"
)

// gap is between two columns.
const gap = "  "

// Align returns a line for each row. Columns are as wide as their longest cell; those in
// right are aligned at their end, as numbers are. No row has more cells than the first one.
func Align(rows [][]string, right map[int]bool) []string {
	if len(rows) == 0 {
		return nil
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString(gap)
			}
			before, after := cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if right[i] {
				before, after = after, before
			}
			line.WriteString(before + after)
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}

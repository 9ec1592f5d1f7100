package top

import (
	"strings"
)

// help explains the keys and the columns.
var help = []string{
	"  s, S       sort users by the next column, or the previous one",
	"  /          show only users whose JID contains a text; Enter or Escape ends typing",
	"  up, down   select a user",
	"  k          disconnect the selected user; asks first",
	"  r          reload the script in all processes",
	"  l          change the log level of all processes",
	"  h, ?       show this help",
	"  q, Ctrl-C  quit",
	"",
	"CPU is time with the script lock, of one processor, in the last two seconds.",
	"LONGEST is the longest time without waiting; nobody else is served meanwhile.",
	"RETRY has the failures of the user's network in a row, and the time until the next login.",
}

// helpIndent is the width of the keys in the help.
const helpIndent = 13

// helpLines returns the help for a terminal.
func helpLines(width int) (lines []string) {
	for _, line := range help {
		indent := 0
		if strings.HasPrefix(line, "  ") {
			indent = min(helpIndent, width/2)
		}
		lines = append(lines, wrapWords(line, width, indent)...)
	}
	return lines
}

// wrapWords breaks a text between words. All lines but the first are indented.
func wrapWords(text string, width, indent int) (lines []string) {
	rest := []rune(text)
	for len(rest) > width && width > indent {
		at := width
		for at > indent && rest[at] != ' ' {
			at--
		}
		if at == indent { // a long word
			at = width
		}
		lines = append(lines, strings.TrimRight(string(rest[:at]), " "))
		rest = []rune(strings.Repeat(" ", indent) + strings.TrimLeft(string(rest[at:]), " "))
	}
	return append(lines, string(rest))
}

// footerLines is how many lines the prompt may have, on screens that are tall enough.
const footerLines = 3

// footer returns the prompt at the bottom of the screen.
func (u *ui) footer(width, height int) []string {
	text := u.o.Clean(u.prompt())
	lines := wrapWords(text, width, 0)
	if text == keysPrompt {
		lines = wrap(text, width) // keeps the keys and their words together
	}
	if height < 4*leastTable || len(lines) > footerLines {
		return []string{cut(text, width)}
	}
	return lines
}

package prompt

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const tab = '\t'

// key handles the keys that the terminal does not handle itself: Tab.
func (p *Prompt) key(line string, pos int, key rune) (newLine string, newPos int, ok bool) {
	if key != tab {
		return "", 0, false
	}
	before, after := line[:pos], line[pos:]
	start, words := p.opts.Complete(before)
	completed, choices := complete(before, start, words, p.opts.After)
	if len(choices) > 0 {
		p.Print(strings.Join(choices, "  "))
	}
	return completed + after, len(completed), true
}

// complete replaces the text from start by the common prefix of words, and adds after
// if there is only one word. If this changes nothing, choices are the words.
func complete(before string, start int, words []string, after string) (completed string, choices []string) {
	typed := before[start:]
	var fit []string
	for _, word := range words {
		if strings.HasPrefix(word, typed) {
			fit = append(fit, word)
		}
	}
	switch len(fit) {
	case 0:
		return before, nil
	case 1:
		return before[:start] + fit[0] + after, nil
	}
	common := commonPrefix(fit)
	if len(common) > len(typed) {
		return before[:start] + common, nil
	}
	slices.Sort(fit)
	return before, slices.Compact(fit)
}

func commonPrefix(words []string) string {
	common := words[0]
	for _, word := range words[1:] {
		for !strings.HasPrefix(word, common) {
			_, n := utf8.DecodeLastRuneInString(common)
			common = common[:len(common)-n]
		}
	}
	return common
}

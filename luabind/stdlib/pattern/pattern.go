// Package pattern implements the patterns of Lua 5.1, as in section 5.4.1 of its manual.
// It matches bytes. Letters and digits are those of ASCII.
//
// A match ends soon after its context is done. It uses the same amount of Go's stack for
// any text and pattern.
package pattern

import (
	"slices"
	"strings"
)

// maxCaptures is the maximum number of captures in a pattern.
const maxCaptures = 32

// kind is the kind of an item of a pattern.
type kind uint8

const (
	// The kinds that match one byte. Only these can be repeated.
	kindByte kind = iota // item.a
	kindAny
	kindSet

	kindOpen     // capture item.a begins
	kindClose    // capture item.a ends
	kindPosition // capture item.a is a position
	kindBack     // the text of capture item.a
	kindBalance  // %bxy: from item.a to item.b
	kindFrontier // %f[set]
	kindEnd      // the end of the text
)

// item is one step of a pattern. A pattern is a sequence of items. It has no
// alternatives, and only items that match one byte can be repeated.
type item struct {
	kind   kind
	repeat byte // 0, or one of * + - ?
	a, b   byte
	set    *set
	// choice numbers the items that can match in several ways.
	choice int
	// before is true if the next item begins with the byte next.
	before bool
	next   byte
}

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct {
	items    []item
	anchored bool
	captures int
	choices  int // items that can match in several ways

	// literal is the whole pattern if it has no special characters. prefix is the
	// beginning of every match.
	literal   string
	isLiteral bool
	prefix    string
	first     *set  // the first bytes of a match, if prefix is empty; may be nil
	run       *item // the first item if it can repeat; may be nil
}

// Literal returns the only text that the pattern matches. It reports false if the pattern
// has special characters.
func (p *Pattern) Literal() (string, bool) { return p.literal, p.isLiteral }

// Anchored reports whether the pattern matches only where the search begins.
func (p *Pattern) Anchored() bool { return p.anchored }

// Captures returns the number of captures.
func (p *Pattern) Captures() int { return p.captures }

// finish sets the fields that make matching faster.
func (p *Pattern) finish() {
	for i := range p.items {
		it := &p.items[i]
		if it.repeat != 0 {
			it.choice = p.choices
			p.choices++
		}
		if i+1 < len(p.items) {
			if n := p.items[i+1]; n.kind == kindByte && (n.repeat == 0 || n.repeat == '+') {
				it.before, it.next = true, n.a
			}
		}
	}
	p.findPrefix()
	p.findRun()
}

// findRun sets run if the pattern begins with an item that can repeat and has no
// back references.
func (p *Pattern) findRun() {
	isBack := func(it item) bool { return it.kind == kindBack }
	if p.anchored || slices.ContainsFunc(p.items, isBack) {
		return
	}
	for i := range p.items {
		switch it := &p.items[i]; {
		case it.kind == kindOpen || it.kind == kindPosition:
			continue
		case it.kind <= kindSet && it.repeat != 0 && it.repeat != '?':
			p.run = it
		}
		return
	}
}

func (p *Pattern) findPrefix() {
	var prefix strings.Builder
	for _, it := range p.items {
		if it.kind != kindByte || it.repeat != 0 {
			break
		}
		prefix.WriteByte(it.a)
	}
	p.prefix = prefix.String()
	if !p.anchored && prefix.Len() == len(p.items) {
		p.literal, p.isLiteral = p.prefix, true
	}
	if p.prefix != "" {
		return
	}
	for _, it := range p.items {
		switch {
		case it.kind == kindOpen || it.kind == kindPosition:
			continue
		case it.repeat != 0 && it.repeat != '+':
		case it.kind == kindSet:
			p.first = it.set
		case it.kind == kindByte || it.kind == kindBalance:
			s := *noBytes
			s[it.a] = true
			p.first = &s
		}
		return
	}
}

package modern

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// fallback is a part of a body that a client ignores if it understands a namespace
// (XEP-0428). The positions count code points.
type fallback struct {
	space      string
	start, end int
}

// whole is the end of a fallback that covers the whole body.
const whole = int(^uint(0) >> 1)

// fallbackFor returns the element for the characters from start to end of a body.
func fallbackFor(space string, start, end int) *xmltree.Node {
	part := stanza.Element(stanza.Fallback, "body", stanza.Attrs{"start", strconv.Itoa(start), "end", strconv.Itoa(end)})
	return stanza.Element(stanza.Fallback, "fallback", stanza.Attrs{"for", space}, part)
}

// allFallback returns the element for a whole body.
func allFallback(space string) *xmltree.Node {
	return stanza.Element(stanza.Fallback, "fallback", stanza.Attrs{"for", space}, stanza.Element(stanza.Fallback, "body", nil))
}

// readFallback adds the parts that an element names. An element without children covers
// the body. A range that is not valid does not count.
func readFallback(c *Content, e *xmltree.Node) {
	space, parts := stanza.Attr(e, "for"), stanza.Children(e)
	if e.Name != "fallback" || space == "" {
		return
	}
	if len(parts) == 0 {
		c.fallbacks = append(c.fallbacks, fallback{space, 0, whole})
	}
	for _, part := range parts {
		if part.Name != "body" || part.Space != stanza.Fallback || len(c.fallbacks) >= maxRanges {
			continue
		}
		start, okStart := position(part, "start", 0)
		end, okEnd := position(part, "end", whole)
		if okStart && okEnd && start < end {
			c.fallbacks = append(c.fallbacks, fallback{space, start, end})
		}
	}
}

func position(part *xmltree.Node, name string, byDefault int) (n int, ok bool) {
	text := stanza.Attr(part, name)
	if text == "" {
		return byDefault, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0
}

// Without splits a body into the text without the fallbacks for some namespaces, and these
// fallbacks.
func (c *Content) Without(body string, spaces ...string) (text, removed string) {
	var parts []fallback
	for _, f := range c.fallbacks {
		if slices.Contains(spaces, f.space) {
			parts = append(parts, f)
		}
	}
	if len(parts) == 0 {
		return body, ""
	}
	slices.SortFunc(parts, func(a, b fallback) int { return cmp.Compare(a.start, b.start) })
	var kept, gone strings.Builder
	rest, at := body, 0 // at is the position of rest
	for _, f := range parts {
		var part string
		part, rest = splitAt(rest, f.start-at)
		kept.WriteString(part)
		at = max(at, f.start)
		part, rest = splitAt(rest, f.end-at)
		gone.WriteString(part)
		at = max(at, f.end)
	}
	kept.WriteString(rest)
	return kept.String(), gone.String()
}

// splitAt splits a text behind n code points.
func splitAt(s string, n int) (before, after string) {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return s[:i], s[i:]
}

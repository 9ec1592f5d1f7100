package richtext

import (
	"strconv"
	"strings"
)

// change is what an element does to the style of the text in it.
type change struct {
	bold, italic, underline, strike, mono toggle

	fg, bg, link *string
}

// toggle is how an element changes a part of a style.
type toggle int8

const (
	keep toggle = iota
	on
	off
)

func (t toggle) apply(b *bool) {
	if t != keep {
		*b = t == on
	}
}

func (c change) apply(s style) style {
	c.bold.apply(&s.bold)
	c.italic.apply(&s.italic)
	c.underline.apply(&s.underline)
	c.strike.apply(&s.strike)
	c.mono.apply(&s.mono)
	for _, p := range []struct{ from, to *string }{{c.fg, &s.fg}, {c.bg, &s.bg}, {c.link, &s.link}} {
		if p.from != nil {
			*p.to = *p.from
		}
	}
	return s
}

// elementChanges are the changes of elements.
var elementChanges = func() map[string]change {
	all := map[string]change{}
	for _, e := range []struct {
		change change
		names  string
	}{
		{change{bold: on}, "b strong th dt"},
		{change{italic: on}, "i em cite dfn var"},
		{change{underline: on}, "u ins"},
		{change{strike: on}, "s strike del"},
		{change{mono: on}, "code tt kbd samp"},
	} {
		for _, name := range strings.Fields(e.names) {
			all[name] = e.change
		}
	}
	return all
}()

// changeOf returns the change of an element with attributes.
func changeOf(name string, attr func(string) string) change {
	c := elementChanges[name]
	switch name {
	case "font":
		c.colour(&c.fg, attr("color"))
		c.colour(&c.fg, attr("data-mx-color"))
	case "span":
		c.colour(&c.fg, attr("data-mx-color"))
		c.colour(&c.bg, attr("data-mx-bg-color"))
	case "a":
		if link := safeLink(attr("href")); link != "" {
			c.link = &link
		}
	}
	rest := attr("style")
	for rest != "" {
		var rule string
		rule, rest, _ = strings.Cut(rest, ";")
		property, value, _ := strings.Cut(rule, ":")
		c.rule(strings.ToLower(strings.TrimSpace(property)), strings.ToLower(strings.TrimSpace(value)))
	}
	return c
}

func (c *change) colour(to **string, value string) {
	if colour := normalColour(value); colour != "" {
		*to = &colour
	}
}

// rule applies a rule of CSS.
func (c *change) rule(property, value string) {
	switch property {
	case "font-weight":
		weight, err := strconv.Atoi(value)
		c.bold = either(strings.Contains(value, "bold") || err == nil && weight >= 600)
	case "font-style":
		c.italic = either(value == "italic" || value == "oblique")
	case "font-family":
		if strings.Contains(value, "monospace") {
			c.mono = on
		}
	case "text-decoration", "text-decoration-line":
		if strings.Contains(value, "underline") {
			c.underline = on
		}
		if strings.Contains(value, "line-through") {
			c.strike = on
		}
	case "color":
		c.colour(&c.fg, value)
	case "background-color", "background":
		c.colour(&c.bg, value)
	}
}

func either(b bool) toggle {
	if b {
		return on
	}
	return off
}

// css returns a style as CSS, or "" for the default style.
func css(s style) string {
	var rules, lines []string
	add := func(ok bool, rule string) {
		if ok {
			rules = append(rules, rule)
		}
	}
	add(s.bold, "font-weight: bold")
	add(s.italic, "font-style: italic")
	add(s.mono, "font-family: monospace")
	if s.underline {
		lines = append(lines, "underline")
	}
	if s.strike {
		lines = append(lines, "line-through")
	}
	add(len(lines) > 0, "text-decoration: "+strings.Join(lines, " "))
	return strings.Join(append(rules, colourRules(s)...), "; ")
}

// colourRules returns the colours of a style as rules of CSS.
func colourRules(s style) (rules []string) {
	fg, bg := s.fg, s.bg
	if s.reverse {
		fg, bg = bg, fg
		if fg == "" {
			fg = "#ffffff"
		}
		if bg == "" {
			bg = "#000000"
		}
	}
	if fg != "" {
		rules = append(rules, "color: "+fg)
	}
	if bg != "" {
		rules = append(rules, "background-color: "+bg)
	}
	return rules
}

package xmltext

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// strict parses only the format that Fragment writes: tags without needless blanks,
// values in double quotes, and a few references. It shares no code with the package, and
// checks the rules for namespaces.
type strict struct {
	rest  string
	names []string            // open elements
	uris  []map[string]string // prefixes they declare
	top   []string            // elements at the top level
	text  bool                // the top level contains text
	deep  int
}

const nameStart = `A-Z_a-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}\x{200D}\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}`
const ncName = `[` + nameStart + `][-.0-9\x{B7}\x{300}-\x{36F}\x{203F}\x{2040}` + nameStart + `]*`

var (
	startTag  = regexp.MustCompile(`^<((?:` + ncName + `:)?` + ncName + `)((?: (?:` + ncName + `:)?` + ncName + `="[^"<>]*")*)(/?)>`)
	attribute = regexp.MustCompile(` ([^=]+)="([^"]*)"`)
	endTag    = regexp.MustCompile(`^</([^<> ]+)>`)
	reference = regexp.MustCompile(`&(?:amp|lt|gt|quot|#9|#10|#13);`)
)

// checkStrictly returns the elements at the top level.
func checkStrictly(s string) (*strict, error) {
	c := &strict{rest: s}
	if err := characters(s); err != nil {
		return c, err
	}
	for c.rest != "" {
		if err := c.step(); err != nil {
			return c, fmt.Errorf("at %.40q: %w", c.rest, err)
		}
	}
	if len(c.names) > 0 {
		return c, fmt.Errorf("%s is open", c.names)
	}
	return c, nil
}

// characters checks that all characters match XML's production Char.
func characters(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("not UTF-8")
	}
	for _, r := range s {
		if r < 0x20 && !strings.ContainsRune("\t\n\r", r) || r == 0xFFFE || r == 0xFFFF {
			return fmt.Errorf("the character %U", r)
		}
	}
	return nil
}

func (c *strict) step() error {
	if m := endTag.FindStringSubmatch(c.rest); m != nil {
		c.rest = c.rest[len(m[0]):]
		return c.close(m[1])
	}
	if m := startTag.FindStringSubmatch(c.rest); m != nil {
		c.rest = c.rest[len(m[0]):]
		if err := c.open(m[1], m[2]); err != nil || m[3] == "" {
			return err
		}
		return c.close(m[1])
	}
	end := strings.IndexByte(c.rest, '<')
	if end < 0 {
		end = len(c.rest)
	}
	if end == 0 {
		return errors.New("not a tag")
	}
	text := c.rest[:end]
	c.rest = c.rest[end:]
	c.text = c.text || len(c.names) == 0
	if strings.ContainsAny(text, ">\r") {
		return errors.New("not escaped")
	}
	return references(text)
}

func references(text string) error {
	if strings.Contains(reference.ReplaceAllString(text, ""), "&") {
		return errors.New("a bare &")
	}
	return nil
}

func (c *strict) close(name string) error {
	last := len(c.names) - 1
	if last < 0 || c.names[last] != name {
		return fmt.Errorf("%s closes %s", name, c.names)
	}
	c.names, c.uris = c.names[:last], c.uris[:last]
	return nil
}

func (c *strict) open(name, attributes string) error {
	if len(c.names) == 0 {
		c.top = append(c.top, name)
	}
	c.names = append(c.names, name)
	c.deep = max(c.deep, len(c.names))
	uris := map[string]string{}
	c.uris = append(c.uris, uris)
	all := attribute.FindAllStringSubmatch(attributes, -1)
	for _, a := range all {
		if strings.ContainsAny(a[2], "\t\r\n") {
			return errors.New("a blank that a parser would change")
		}
		if err := references(a[2]); err != nil {
			return err
		}
		prefix, local, found := strings.Cut(a[1], ":")
		if !found {
			prefix, local = "", prefix
		}
		reserved := a[2] == "http://www.w3.org/XML/1998/namespace" || a[2] == "http://www.w3.org/2000/xmlns/"
		switch {
		case a[1] == "xmlns" && reserved:
			return errors.New("a reserved namespace as the default")
		case prefix == "xmlns" && (a[2] == "" || local == "xmlns" || reserved != (local == "xml") || local == "xml" && strings.Contains(a[2], "xmlns")):
			return fmt.Errorf("xmlns:%s is declared as %q", local, a[2])
		case prefix == "xmlns":
			uris[local] = a[2]
		}
	}
	var seen []string
	for _, a := range all {
		full, err := c.expand(a[1], true)
		if err != nil {
			return err
		}
		if slices.Contains(seen, full) {
			return fmt.Errorf("%s twice", full)
		}
		seen = append(seen, full)
	}
	_, err := c.expand(name, false)
	return err
}

func (c *strict) expand(name string, attribute bool) (string, error) {
	prefix, local, found := strings.Cut(name, ":")
	switch {
	case !found, prefix == "xml", prefix == "xmlns" && attribute:
		return name, nil
	}
	for i := len(c.uris) - 1; i >= 0; i-- {
		if uri, ok := c.uris[i][prefix]; ok {
			return "{" + uri + "}" + local, nil
		}
	}
	return "", fmt.Errorf("the prefix of %s", name)
}

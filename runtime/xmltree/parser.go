package xmltree

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"spectrumlua/runtime/xmlns"
)

// Parser parses XML in chunks. It cannot be used after an error.
type Parser struct {
	limits Limits
	level  int // the depth of the elements that Feed returns: 0 or 1

	buf     []byte // input that is not a complete token yet
	scanned int    // the part of buf that does not contain the token's end
	quote   byte   // the open quotation mark there
	line    int
	err     error

	open        []openElement
	scope       xmlns.Scope
	root        *Node
	rootDefault string // the default namespace that the root declares
	closed      bool   // the outermost element has ended
	text        []byte
	cr          bool // the text so far ends with a carriage return
	size        int  // bytes of the current element
	elements    int
	done        []*Node

	// The attributes of the current tag.
	written []written
	names   []xmlns.Name
	spaces  []string

	xmpp    bool                        // the input is an XMPP stream
	skipped func(n *Node, reason error) // nil: an element over the limits is an error
	skip    *skipper                    // skips the rest of such an element; nil otherwise
}

type openElement struct {
	node     *Node
	name     string // as written
	declared int    // the size of the scope outside of the element
}

func newParser(l Limits, level int) *Parser { return &Parser{limits: l, level: level, line: 1} }

// NewXMPPStream returns a parser of the stanzas in a stream of an XMPP server. It
// rejects comments and processing instructions (RFC 6120, section 11.1).
//
// It skips an element that exceeds the limits and continues behind it, because such a
// stanza may come from a stranger and must not end the stream for all users. It calls
// skipped with the attributes of the element, or with nil if its first tag is too long.
// An element is skipped up to 64 times the size limit.
func NewXMPPStream(l Limits, skipped func(n *Node, reason error)) *Parser {
	p := newParser(l, 1)
	p.xmpp, p.skipped = true, skipped
	return p
}

// Root returns the outermost element of a stream with its attributes, or nil before
// its tag is complete.
func (p *Parser) Root() *Node { return p.root }

// Closed reports whether the outermost element has ended.
func (p *Parser) Closed() bool { return p.closed }

// RootDefault returns the default namespace that the outermost element declares. In an
// XMPP stream it says what kind of stream it is.
func (p *Parser) RootDefault() string { return p.rootDefault }

// Feed parses a chunk and returns the elements that are complete now. With an error
// it returns those that were complete before it.
func (p *Parser) Feed(chunk string) ([]*Node, error) {
	if p.err != nil {
		return nil, p.err
	}
	p.buf = append(p.buf, chunk...)
	rest := p.buf
	for len(rest) > 0 && p.err == nil {
		n := 0
		n, p.err = p.step(rest)
		if n == 0 && p.skip == nil {
			break
		}
		rest = rest[n:]
	}
	p.buf = append(p.buf[:0], rest...)
	done := p.done
	p.done = nil
	return done, p.err
}

// step parses the token at the front, or skips a part of the input. It returns the
// number of bytes, or 0 if the token is incomplete.
func (p *Parser) step(b []byte) (int, error) {
	if p.skip != nil {
		return p.skipPart(b)
	}
	n, err := p.token(b)
	if err == nil && n == 0 && len(b) > p.limits.Size {
		err = p.tooLong()
	}
	if p.skips(err) {
		return 0, nil
	}
	if err != nil || n == 0 {
		return 0, err
	}
	p.line += bytes.Count(b[:n], newline)
	p.size += n
	p.scanned, p.quote = 0, 0
	if p.size > p.limits.Size && len(p.open) > p.level {
		if err := p.tooLong(); !p.skips(err) {
			return 0, err
		}
	}
	return n, nil
}

var newline = []byte{'\n'}

// limitError is an error of an input that exceeds a limit.
type limitError struct{ error }

func (e limitError) Unwrap() error { return e.error }

func (p *Parser) tooLong() error {
	return limitError{p.wrong("an element has more than %d bytes", p.limits.Size)}
}

func (p *Parser) wrong(format string, args ...any) error {
	return &Error{Line: p.line, Text: fmt.Sprintf(format, args...)}
}

// token parses the token at the front. It returns its length, or 0 if it is
// incomplete.
func (p *Parser) token(b []byte) (int, error) {
	if b[0] != '<' {
		return p.characters(b)
	}
	switch {
	case p.xmpp && bytes.HasPrefix(b, []byte("<!--")):
		return 0, p.wrong("a comment, which XMPP forbids")
	case bytes.HasPrefix(b, []byte("<!--")):
		return p.until(b, len("<!--"), "-->", nil)
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		return p.until(b, len("<![CDATA["), "]]>", func(s []byte) error { return p.addText(s, false) })
	case bytes.HasPrefix(b, []byte("<?")):
		return p.until(b, len("<?"), "?>", p.instruction)
	case bytes.HasPrefix(b, []byte("<!")):
		if partOf(b, "<!--") || partOf(b, "<![CDATA[") {
			return 0, nil
		}
		return 0, p.wrong("document types are not supported")
	case len(b) == 1:
		return 0, nil
	}
	end := p.tagEnd(b)
	if end < 0 {
		return 0, nil
	}
	if end >= p.limits.Size { // whether it arrives in one piece or not
		return 0, p.tooLong()
	}
	return end + 1, p.tag(b[1:end])
}

func partOf(b []byte, whole string) bool {
	return len(b) < len(whole) && strings.HasPrefix(whole, string(b))
}

// until parses a token up to its closing mark, and passes the text from index begin
// to take.
func (p *Parser) until(b []byte, begin int, mark string, take func(s []byte) error) (int, error) {
	from := max(begin, p.scanned)
	i := bytes.Index(b[from:], []byte(mark))
	if i < 0 {
		p.scanned = max(begin, len(b)-len(mark)+1)
		return 0, nil
	}
	end := from + i
	if take == nil {
		return end + len(mark), nil
	}
	return end + len(mark), take(b[begin:end])
}

// tagEnd returns the index of the > of the tag at the front, or -1.
func (p *Parser) tagEnd(b []byte) int {
	for i := max(p.scanned, 1); i < len(b); i++ {
		switch c := b[i]; {
		case p.quote != 0:
			if c == p.quote {
				p.quote = 0
			}
		case c == '"' || c == '\'':
			p.quote = c
		case c == '>':
			return i
		}
	}
	p.scanned = len(b)
	return -1
}

// instruction ignores the text between <? and ?>, but rejects an unsupported
// encoding.
func (p *Parser) instruction(s []byte) error {
	text := string(s)
	declaration := strings.HasPrefix(text, "xml ")
	if p.xmpp && (!declaration || p.root != nil) {
		return p.wrong("a processing instruction, which XMPP forbids")
	}
	if !declaration {
		return nil
	}
	_, after, ok := strings.Cut(text, "encoding")
	if !ok {
		return nil
	}
	name := strings.Trim(after, " \t\r\n=")
	if name != "" {
		name, _, _ = strings.Cut(name[1:], name[:1])
	}
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return nil
	}
	return p.wrong("the encoding %.40q is not supported: convert the text to UTF-8 first", name)
}

// characters parses text up to the next tag.
func (p *Parser) characters(b []byte) (int, error) {
	end := bytes.IndexByte(b, '<')
	whole := end >= 0
	if !whole {
		end = len(b)
	}
	n := end
	if i := bytes.LastIndexByte(b[:end], '&'); i >= 0 && !whole && bytes.IndexByte(b[i:end], ';') < 0 {
		n = i // the entity is incomplete
	}
	if !whole {
		n -= unfinished(b[:n])
	}
	if n == 0 && (whole || len(b) > maxEntity) {
		return 0, p.wrong("an & does not begin an entity: write &amp;")
	}
	if n == 0 {
		return 0, nil
	}
	return n, p.addText(b[:n], true)
}

// maxEntity is the length of the longest entity.
const maxEntity = 12

// unfinished returns the number of bytes of an incomplete character at the end.
func unfinished(b []byte) int {
	for i := 1; i <= min(len(b), utf8.UTFMax-1); i++ {
		c := b[len(b)-i]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return i
			}
			return 0
		}
	}
	return 0
}

// addText adds to the text of the open element.
func (p *Parser) addText(b []byte, entities bool) error {
	if len(p.open) <= p.level {
		return p.between(b)
	}
	for len(b) > 0 {
		i := bytes.IndexByte(b, '&')
		if i < 0 || !entities {
			i = len(b)
		}
		if err := p.plain(b[:i]); err != nil {
			return err
		}
		if b = b[i:]; len(b) == 0 {
			break
		}
		r, n, err := p.entity(b)
		if err != nil {
			return err
		}
		p.cr = false
		p.text = utf8.AppendRune(p.text, r)
		b = b[n:]
	}
	return nil
}

// between accepts only blanks outside of the elements that Feed returns. They keep
// connections alive.
func (p *Parser) between(b []byte) error {
	if p.line == 1 && p.root == nil {
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	if len(bytes.Trim(b, " \t\r\n")) > 0 {
		return p.wrong("text outside of all elements: %.40q", b)
	}
	return nil
}

// plain adds characters without entities, and converts line ends to \n.
func (p *Parser) plain(b []byte) error {
	if err := p.legal(b); err != nil {
		return err
	}
	for _, c := range b {
		switch {
		case c == '\r':
			p.text = append(p.text, '\n')
		case c == '\n' && p.cr:
		default:
			p.text = append(p.text, c)
		}
		p.cr = c == '\r'
	}
	return nil
}

func (p *Parser) legal(b []byte) error {
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return p.wrong("the character U+%04X is not allowed", c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return p.wrong("a byte is not UTF-8: 0x%02X", b[i])
		}
		if r == 0xFFFE || r == 0xFFFF {
			return p.wrong("the character U+%04X is not allowed", r)
		}
		i += n
	}
	return nil
}

// entity parses &name; or &#number; at the front.
func (p *Parser) entity(b []byte) (r rune, n int, err error) {
	end := bytes.IndexByte(b[:min(len(b), maxEntity)], ';')
	if end < 0 {
		return 0, 0, p.wrong("an & does not begin an entity: write &amp;")
	}
	name := string(b[1:end])
	switch name {
	case "amp":
		return '&', end + 1, nil
	case "lt":
		return '<', end + 1, nil
	case "gt":
		return '>', end + 1, nil
	case "quot":
		return '"', end + 1, nil
	case "apos":
		return '\'', end + 1, nil
	}
	r, ok := reference(name)
	if !ok {
		return 0, 0, p.wrong("unknown entity &%s;", name)
	}
	return r, end + 1, nil
}

// reference parses #number or #xnumber.
func reference(name string) (rune, bool) {
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	if !ok || digits == "" {
		return 0, false
	}
	r := 0
	for _, c := range []byte(digits) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if c <= '9' {
			d = int(c) - '0'
		}
		if d < 0 || d >= base {
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	ok = r >= ' ' && !(r >= 0xD800 && r <= 0xDFFF) && r != 0xFFFE && r != 0xFFFF || r == '\t' || r == '\n' || r == '\r'
	return rune(r), ok
}

package json

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// bigintMode says what an integer beyond 2^53 becomes (option bigints).
type bigintMode int

const (
	bigintError bigintMode = iota
	bigintString
	bigintNumber
)

var bigintModes = map[string]bigintMode{
	"error": bigintError, "string": bigintString, "number": bigintNumber,
}

// Approximate memory of the parts of a decoded document, in bytes.
const (
	costTable   = 160
	costElement = 32
	costMember  = 160
	costString  = 32
)

// checkEvery is the number of values after which a decoding checks whether it
// is cancelled.
const checkEvery = 4096

// decodeOptions are the options of decode.
type decodeOptions struct {
	null    lua.LValue // what null becomes; nil drops it
	bigints bigintMode
}

// decoder converts JSON texts to Lua values, one text at a time.
type decoder struct {
	arrayMeta *lua.LTable
	max       int64           // bytes that the tables of a text may take
	done      <-chan struct{} // closed on cancellation; may be nil

	opts   decodeOptions
	text   string
	pos    int
	budget int64 // bytes that may still be taken
	values int

	// These hold the contents of the arrays and objects that are open. A table
	// is made when its size is known.
	elements []lua.LValue
	members  []member
	// keys caches names, because most texts repeat a few of them.
	keys [128]string
}

// keptStack is the capacity for open elements that is kept for the next text.
const keptStack = 128

type member struct {
	key   string
	value lua.LValue
}

var errTooBig = errors.New("the document is too big: its tables would take too much memory (max_string)")

const byteOrderMark = "\ufeff"

// decode decodes the whole text, which holds exactly one value.
func (d *decoder) decode(text string, opts decodeOptions) (lua.LValue, error) {
	d.text, d.opts, d.pos, d.budget = text, opts, 0, d.max
	defer d.forget()
	if strings.HasPrefix(d.text, byteOrderMark) {
		d.pos = len(byteOrderMark)
	}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if d.space(); d.pos < len(d.text) {
		return nil, d.unexpected("end of text")
	}
	return v, nil
}

// forget releases the values of the last text.
func (d *decoder) forget() {
	d.text = ""
	if cap(d.elements) > keptStack {
		d.elements = nil
	}
	if cap(d.members) > keptStack {
		d.members = nil
	}
	clear(d.elements[:cap(d.elements)])
	clear(d.members[:cap(d.members)])
	d.elements, d.members = d.elements[:0], d.members[:0]
}

// value decodes the next value.
func (d *decoder) value(depth int) (lua.LValue, error) {
	if d.values++; d.values%checkEvery == 0 {
		select {
		case <-d.done:
			return nil, errors.New("the decoding was stopped")
		default:
		}
	}
	d.space()
	if d.pos >= len(d.text) {
		return nil, d.unexpected("value")
	}
	switch c := d.text[d.pos]; {
	case c == '"':
		s, err := d.string(false)
		if err != nil {
			return nil, err
		}
		return lua.LString(s), d.spend(costString + len(s))
	case c == '{':
		return d.object(depth + 1)
	case c == '[':
		return d.array(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == 't':
		return lua.LTrue, d.word("true")
	case c == 'f':
		return lua.LFalse, d.word("false")
	case c == 'n':
		return d.opts.null, d.word("null")
	}
	return nil, d.unexpected("value")
}

func (d *decoder) array(depth int) (lua.LValue, error) {
	if err := d.open(depth); err != nil {
		return nil, err
	}
	base := len(d.elements)
	for first := true; ; first = false {
		closed, err := d.next(first, ']')
		if err != nil {
			return nil, err
		}
		if closed {
			break
		}
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		if err := d.spend(costElement); err != nil {
			return nil, err
		}
		d.elements = append(d.elements, v)
	}
	list := d.elements[base:]
	t := bind.NewTableSize(len(list), 0)
	for i, v := range list {
		t.RawSetInt(i+1, v)
	}
	t.Metatable = d.arrayMeta
	d.elements = d.elements[:base]
	return t, nil
}

func (d *decoder) object(depth int) (lua.LValue, error) {
	if err := d.open(depth); err != nil {
		return nil, err
	}
	base := len(d.members)
	for first := true; ; first = false {
		closed, err := d.next(first, '}')
		if err != nil {
			return nil, err
		}
		if closed {
			break
		}
		m, err := d.member(depth)
		if err != nil {
			return nil, err
		}
		d.members = append(d.members, m)
	}
	list := d.members[base:]
	t := bind.NewTableSize(0, len(list))
	for _, m := range list {
		t.RawSetString(m.key, m.value)
	}
	d.members = d.members[:base]
	return t, nil
}

func (d *decoder) member(depth int) (m member, err error) {
	if m.key, err = d.key(); err != nil {
		return m, err
	}
	if d.space(); d.pos >= len(d.text) || d.text[d.pos] != ':' {
		return m, d.unexpected("colon")
	}
	d.pos++
	if m.value, err = d.value(depth); err != nil {
		return m, err
	}
	return m, d.spend(costMember + len(m.key))
}

// open reads the bracket that opens an array or object.
func (d *decoder) open(depth int) error {
	if depth > maxDepth {
		return d.errorf("arrays and objects are nested more than %d deep", maxDepth)
	}
	d.pos++
	return d.spend(costTable)
}

// next reads the comma before an element, or the closing bracket.
func (d *decoder) next(first bool, closing byte) (closed bool, err error) {
	d.space()
	switch {
	case d.pos < len(d.text) && d.text[d.pos] == closing:
		d.pos++
		return true, nil
	case first:
		return false, nil
	case d.pos < len(d.text) && d.text[d.pos] == ',':
		d.pos++
		if d.space(); d.pos < len(d.text) && d.text[d.pos] == closing {
			return false, d.errorf("there is a comma before the %c", closing)
		}
		return false, nil
	}
	return false, d.unexpected(fmt.Sprintf("comma or %c", closing))
}

// key reads the name of a member.
func (d *decoder) key() (string, error) {
	if d.space(); d.pos >= len(d.text) || d.text[d.pos] != '"' {
		return "", d.unexpected("name in double quotes")
	}
	return d.string(true)
}

// spend charges memory to the budget.
func (d *decoder) spend(bytes int) error {
	if d.budget -= int64(bytes); d.budget < 0 {
		return errTooBig
	}
	return nil
}

func (d *decoder) space() {
	for d.pos < len(d.text) {
		switch d.text[d.pos] {
		case ' ', '\n', '\r', '\t':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) word(word string) error {
	if !strings.HasPrefix(d.text[d.pos:], word) {
		return d.unexpected("value")
	}
	d.pos += len(word)
	return nil
}

func (d *decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", place(d.text, d.pos), fmt.Sprintf(format, args...))
}

// unexpected returns the error for a text that does not continue as expected.
func (d *decoder) unexpected(wanted string) error {
	if d.pos >= len(d.text) {
		return d.errorf("%s expected, got end of text", wanted)
	}
	r, _ := utf8.DecodeRuneInString(d.text[d.pos:])
	return d.errorf("%s expected, got %q", wanted, r)
}

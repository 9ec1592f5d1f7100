package json

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
)

// encoder converts Lua values to JSON text, for one VM. It does not call
// metamethods, so no script code runs meanwhile.
type encoder struct {
	max    int // bytes of the longest text
	sorted bool
	indent int
	exact  bool // what is no UTF-8 is an error, and -0 stays -0

	buf  []byte
	path []*lua.LTable // the tables that are open
}

// keptBuffer is the largest buffer that is kept for the next text, in bytes.
const keptBuffer = 64 << 10

// encodeError is an error with the path to the value that caused it.
type encodeError struct {
	what string
	path []string // the last step comes first
}

func (e *encodeError) Error() string {
	if len(e.path) == 0 {
		return e.what
	}
	steps := slices.Clone(e.path)
	slices.Reverse(steps)
	return fmt.Sprintf("at %s: %s", strings.TrimPrefix(strings.Join(steps, ""), "."), e.what)
}

func failf(format string, args ...any) *encodeError {
	return &encodeError{what: fmt.Sprintf(format, args...)}
}

var errTooLong = errors.New("the text would be too long (max_string)")

func (e *encoder) encode(v lua.LValue) (string, error) {
	e.buf, e.path = e.buf[:0], e.path[:0]
	err := e.value(v)
	text := ""
	if err == nil {
		text = string(e.buf)
	}
	clear(e.path[:cap(e.path)]) // tables that would be kept alive
	if cap(e.buf) > keptBuffer {
		e.buf = nil
	}
	return text, err
}

func (e *encoder) value(v lua.LValue) error {
	switch v := v.(type) {
	case lua.LString:
		return e.string(string(v))
	case lua.LNumber:
		return e.number(float64(v))
	case lua.LBool:
		e.buf = strconv.AppendBool(e.buf, bool(v))
	case *lua.LNilType:
		e.buf = append(e.buf, "null"...)
	case *lua.LTable:
		return e.table(v)
	default:
		if v != lua.LValue(Null) {
			return failf("a %s has no JSON", v.Type())
		}
		e.buf = append(e.buf, "null"...)
	}
	return e.fits()
}

func (e *encoder) fits() error {
	if len(e.buf) > e.max {
		return errTooLong
	}
	return nil
}

func (e *encoder) number(f float64) error {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return failf("the number %v has no JSON", f)
	case e.exact && f == 0 && math.Signbit(f):
		e.buf = append(e.buf, "-0.0"...)
	case f == math.Trunc(f) && math.Abs(f) <= maxExact:
		e.buf = strconv.AppendInt(e.buf, int64(f), 10)
	case math.Abs(f) < 1e-6 || math.Abs(f) > maxExact:
		e.buf = strconv.AppendFloat(e.buf, f, 'e', -1, 64)
	default:
		e.buf = strconv.AppendFloat(e.buf, f, 'f', -1, 64)
	}
	return e.fits()
}

func (e *encoder) table(t *lua.LTable) error {
	if len(e.path) == maxDepth {
		if slices.Contains(e.path, t) {
			return errors.New("the table contains itself")
		}
		return fmt.Errorf("tables are nested more than %d deep", maxDepth)
	}
	e.path = append(e.path, t)
	err := e.content(t)
	e.path = e.path[:len(e.path)-1]
	return err
}

func (e *encoder) content(t *lua.LTable) error {
	kind := jsonType(t)
	first := table.First(t)
	_, number := first.(lua.LNumber)
	switch {
	case kind == "array" || kind != "object" && number:
		return e.array(t, kind == "array")
	case first == lua.LNil:
		e.buf = append(e.buf, "{}"...)
		return e.fits()
	case e.sorted:
		return e.sortedObject(t)
	}
	return e.object(t)
}

// array writes a list. Holes in a table that is marked as an array become
// null.
func (e *encoder) array(t *lua.LTable, marked bool) error {
	n := t.Len()
	if key, _ := table.Next(t, lua.LNumber(n)); n > 0 && key != lua.LNil {
		return failf("a table with a list and the key %s is neither array nor object", bind.QuoteKey(key))
	}
	if n == 0 {
		if key := table.First(t); key != lua.LNil {
			return failf("a table with the key %s is neither array nor object", bind.QuoteKey(key))
		}
		e.buf = append(e.buf, "[]"...)
		return e.fits()
	}
	for i := 1; i <= n; i++ {
		e.begin(i == 1, '[')
		v := t.RawGetInt(i)
		if v == lua.LNil && !marked {
			return failf("the list has no element %d but one %d: put json.null there, or make the keys strings", i, n)
		}
		if err := e.value(v); err != nil {
			return within(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return e.end(']')
}

func (e *encoder) object(t *lua.LTable) error {
	first := true
	for key, v := range table.All(t) {
		name, ok := key.(lua.LString)
		if !ok {
			return failf("the key %s of an object is a %s: only strings are names in JSON", bind.QuoteKey(key), key.Type())
		}
		if err := e.member(first, string(name), v); err != nil {
			return err
		}
		first = false
	}
	return e.end('}')
}

func (e *encoder) sortedObject(t *lua.LTable) error {
	var names []string
	for key := range table.All(t) {
		name, ok := key.(lua.LString)
		if !ok {
			return failf("the key %s of an object is a %s: only strings are names in JSON", bind.QuoteKey(key), key.Type())
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	for i, name := range names {
		if err := e.member(i == 0, name, t.RawGetString(name)); err != nil {
			return err
		}
	}
	return e.end('}')
}

func (e *encoder) member(first bool, name string, v lua.LValue) error {
	e.begin(first, '{')
	if err := e.string(name); err != nil {
		return err
	}
	e.buf = append(e.buf, ':')
	if e.indent > 0 {
		e.buf = append(e.buf, ' ')
	}
	if err := e.value(v); err != nil {
		return within(err, "."+name)
	}
	return nil
}

// begin writes the text before an element.
func (e *encoder) begin(first bool, bracket byte) {
	if first {
		e.buf = append(e.buf, bracket)
	} else {
		e.buf = append(e.buf, ',')
	}
	e.newline(len(e.path))
}

func (e *encoder) end(bracket byte) error {
	e.newline(len(e.path) - 1)
	e.buf = append(e.buf, bracket)
	return e.fits()
}

func (e *encoder) newline(depth int) {
	if e.indent == 0 {
		return
	}
	e.buf = append(e.buf, '\n')
	for range depth * e.indent {
		e.buf = append(e.buf, ' ')
	}
}

// within adds a step to the path of an error, up to a few steps.
func within(err error, step string) error {
	var e *encodeError
	if errors.As(err, &e) && len(e.path) < 20 {
		e.path = append(e.path, step)
	}
	return err
}

// shortEscapes holds the escapes of one letter. Other control characters
// become \u00XX.
var shortEscapes = [utf8.RuneSelf]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

const hexDigits = "0123456789abcdef"

// string writes a string. Bytes that are not UTF-8 become U+FFFD.
func (e *encoder) string(s string) error {
	if len(e.buf)+len(s) > e.max {
		return errTooLong
	}
	e.buf = append(e.buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				if e.exact {
					return failf("a string is not UTF-8, which JSON wants: write it with encoding.base64, or store it by itself")
				}
				e.buf = append(append(e.buf, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
		} else {
			e.buf = append(e.buf, s[start:i]...)
			if short := shortEscapes[c]; short != 0 {
				e.buf = append(e.buf, '\\', short)
			} else {
				e.buf = append(e.buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
		}
		if len(e.buf) > e.max {
			return errTooLong
		}
	}
	e.buf = append(append(e.buf, s[start:]...), '"')
	return e.fits()
}

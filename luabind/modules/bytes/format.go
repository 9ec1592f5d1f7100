package bytes

import (
	"encoding/binary"
	"math"
)

const (
	maxIntSize = 16 // the largest size of an integer
	wordSize   = 8  // the size of size_t, lua_Integer and long
	maxAlign   = 8  // the alignment of "!" without a number
)

// kind is what an option of a format describes.
type kind int

const (
	kindInt kind = iota
	kindUint
	kindFloat
	kindChar      // a string of a fixed size
	kindString    // a string after its length
	kindZero      // a string before a zero byte
	kindPadding   // one byte
	kindAlignment // padding for the option that follows
	kindSetting   // no data
)

// fixed are the options without a number.
var fixed = map[byte]item{
	'b': {kind: kindInt, size: 1},
	'B': {kind: kindUint, size: 1},
	'h': {kind: kindInt, size: 2},
	'H': {kind: kindUint, size: 2},
	'l': {kind: kindInt, size: wordSize},
	'L': {kind: kindUint, size: wordSize},
	'j': {kind: kindInt, size: wordSize},
	'J': {kind: kindUint, size: wordSize},
	'T': {kind: kindUint, size: wordSize},
	'f': {kind: kindFloat, size: 4},
	'd': {kind: kindFloat, size: 8},
	'n': {kind: kindFloat, size: 8},
	'z': {kind: kindZero},
	'x': {kind: kindPadding, size: 1},
	'X': {kind: kindAlignment},
	' ': {kind: kindSetting},
}

// nativeLittle reports whether this machine is little-endian.
var nativeLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// item is one option of a format.
type item struct {
	kind   kind
	option byte
	size   int // bytes, without padding and without the text of a string
	pad    int // bytes of alignment before it
}

// reader reads a format, option by option.
type reader struct {
	format string
	at     int
	little bool
	align  int // the largest alignment
}

func newReader(format string) *reader {
	return &reader{format: format, little: nativeLittle, align: 1}
}

func (r *reader) more() bool { return r.at < len(r.format) }

// next returns the next option. offset is where its data begins.
func (r *reader) next(offset int) (item, error) {
	it, err := r.option()
	if err != nil {
		return it, err
	}
	align := it.size
	if it.kind == kindAlignment {
		if align, err = r.alignment(); err != nil {
			return it, err
		}
	}
	if align <= 1 || it.kind == kindChar {
		return it, nil
	}
	align = min(align, r.align)
	if align&(align-1) != 0 {
		return it, badFormat("format asks for alignment not power of 2")
	}
	it.pad = (align - offset&(align-1)) & (align - 1)
	return it, nil
}

// alignment returns the alignment of the option after X.
func (r *reader) alignment() (int, error) {
	if r.more() {
		it, err := r.option()
		if err != nil {
			return 0, err
		}
		if it.kind != kindChar && it.size > 0 {
			return it.size, nil
		}
	}
	return 0, badFormat("invalid next option for option 'X'")
}

func (r *reader) option() (item, error) {
	c := r.format[r.at]
	r.at++
	it, ok := fixed[c]
	if !ok {
		it = item{kind: kindSetting}
	}
	it.option = c
	var err error
	switch c {
	case 'i':
		it.kind = kindInt
		it.size, err = r.integerSize(4)
	case 'I':
		it.kind = kindUint
		it.size, err = r.integerSize(4)
	case 's':
		it.kind = kindString
		it.size, err = r.integerSize(wordSize)
	case 'c':
		it.kind = kindChar
		if it.size = r.number(-1); it.size < 0 {
			err = badFormat("missing size for format option 'c'")
		}
	case '<':
		r.little = true
	case '>':
		r.little = false
	case '=':
		r.little = nativeLittle
	case '!':
		r.align, err = r.integerSize(maxAlign)
	default:
		if !ok {
			err = badFormat("invalid format option %q at byte %d", rune(c), r.at)
		}
	}
	return it, err
}

// integerSize reads the size of an integer, or of an alignment.
func (r *reader) integerSize(otherwise int) (int, error) {
	size := r.number(otherwise)
	if size < 1 || size > maxIntSize {
		return 0, badFormat("integral size (%d) out of limits [1,%d]", size, maxIntSize)
	}
	return size, nil
}

// number reads digits. Like Lua 5.3, it stops before a number exceeds 32 bits.
func (r *reader) number(otherwise int) int {
	start, n := r.at, 0
	for r.more() && r.format[r.at] >= '0' && r.format[r.at] <= '9' && n <= (math.MaxInt32-9)/10 {
		n = 10*n + int(r.format[r.at]-'0')
		r.at++
	}
	if r.at == start {
		return otherwise
	}
	return n
}

// packSize returns the size of a format whose size is fixed.
func packSize(format string) (int, error) {
	size := 0
	for r := newReader(format); r.more(); {
		it, err := r.next(size)
		if err != nil {
			return 0, err
		}
		if it.kind == kindString || it.kind == kindZero {
			return 0, badFormat("variable-length format")
		}
		if size += it.pad + it.size; size > math.MaxInt32 {
			return 0, badFormat("format result too large")
		}
	}
	return size, nil
}

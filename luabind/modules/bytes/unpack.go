package bytes

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxResults is the maximum number of results of a function.
const maxResults = 8000

var errShort = &argumentError{2, "data string too short"}

// unpacker takes values from data.
type unpacker struct {
	r    *reader
	data string
	at   int
	mode bigintMode
}

// unpack returns the values in data from an offset on, and the offset after them.
func unpack(format, data string, start int, mode bigintMode) (values []lua.LValue, end int, err error) {
	u := &unpacker{r: newReader(format), data: data, at: start, mode: mode}
	for u.r.more() {
		it, err := u.r.next(u.at)
		if err != nil {
			return nil, 0, err
		}
		if it.pad+it.size > len(data)-u.at {
			return nil, 0, errShort
		}
		u.at += it.pad
		switch it.kind {
		case kindPadding, kindAlignment, kindSetting:
			u.at += it.size
			continue
		}
		if len(values) == maxResults {
			return nil, 0, fmt.Errorf("more than %d results", maxResults)
		}
		v, err := u.value(it)
		if err != nil {
			return nil, 0, err
		}
		values = append(values, v)
	}
	return values, u.at, nil
}

// take returns the next n bytes, which must exist.
func (u *unpacker) take(n int) string {
	s := u.data[u.at : u.at+n]
	u.at += n
	return s
}

func (u *unpacker) value(it item) (lua.LValue, error) {
	switch it.kind {
	case kindInt, kindUint:
		i, err := readInteger(u.take(it.size), u.r.little, it.kind == kindInt)
		if err != nil {
			return nil, err
		}
		return u.integer(i)
	case kindFloat:
		return u.float(it), nil
	case kindChar:
		return piece(u.take(it.size), u.data), nil
	case kindZero:
		n := strings.IndexByte(u.data[u.at:], 0)
		if n < 0 {
			return nil, &argumentError{2, "unfinished string for format 'z'"}
		}
		s := piece(u.take(n), u.data)
		u.at++
		return s, nil
	}
	length, err := readInteger(u.take(it.size), u.r.little, false)
	if err != nil {
		return nil, err
	}
	if length.bits > uint64(len(u.data)-u.at) {
		return nil, errShort
	}
	return piece(u.take(int(length.bits)), u.data), nil
}

func (u *unpacker) integer(i integer) (lua.LValue, error) {
	switch {
	case i.exact() || u.mode == bigintNumber:
		return lua.LNumber(i.float()), nil
	case u.mode == bigintString:
		return lua.LString(i.String()), nil
	}
	return nil, fmt.Errorf("the integer %v is beyond 2^53, where Lua's numbers are not exact: pass { bigints = \"string\" } as argument 4", i)
}

func (u *unpacker) float(it item) lua.LValue {
	var order binary.ByteOrder = binary.BigEndian
	if u.r.little {
		order = binary.LittleEndian
	}
	raw := []byte(u.take(it.size))
	if it.size == 4 {
		return lua.LNumber(math.Float32frombits(order.Uint32(raw)))
	}
	return lua.LNumber(math.Float64frombits(order.Uint64(raw)))
}

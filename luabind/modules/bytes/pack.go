package bytes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// packer appends values to bytes.
type packer struct {
	r     *reader
	out   []byte
	limit int64
}

// pack returns values in a format. limit is the maximum length of the result. Values
// count as arguments from 2 on.
func pack(format string, values []lua.LValue, limit int64) ([]byte, error) {
	p := &packer{r: newReader(format), limit: limit}
	used := 0
	for p.r.more() {
		it, err := p.r.next(len(p.out))
		if err != nil {
			return nil, err
		}
		if err := p.reserve(it.pad + it.size); err != nil {
			return nil, err
		}
		p.out = append(p.out, make([]byte, it.pad)...)
		var value lua.LValue
		switch it.kind {
		case kindPadding:
			p.out = append(p.out, 0)
			continue
		case kindAlignment, kindSetting:
			continue
		}
		if used < len(values) {
			value = values[used]
		}
		used++
		if err := p.value(it, value); err != nil {
			if errors.Is(err, errTooLong) {
				return nil, err
			}
			return nil, &argumentError{used + 1, err.Error()}
		}
	}
	return p.out, nil
}

var errTooLong = errors.New("the result would be too long")

// reserve returns an error if the result would be too long with n more bytes.
func (p *packer) reserve(n int) error {
	if int64(len(p.out))+int64(n) > p.limit {
		return fmt.Errorf("%w: at most %d bytes are allowed (max_string)", errTooLong, p.limit)
	}
	return nil
}

func (p *packer) value(it item, v lua.LValue) error {
	switch it.kind {
	case kindInt, kindUint:
		i, err := toInteger(v)
		if err == nil {
			err = i.fits(it)
		}
		if err == nil {
			i.negative = i.negative && it.kind == kindInt
			p.out = appendInteger(p.out, i, it.size, p.r.little)
		}
		return err
	case kindFloat:
		return p.float(it, v)
	}
	s, err := text(v)
	if err != nil {
		return err
	}
	switch {
	case it.kind == kindChar && len(s) > it.size:
		return errors.New("string longer than given size")
	case it.kind == kindChar:
		p.out = append(p.out, s...)
		p.out = append(p.out, make([]byte, it.size-len(s))...)
		return nil
	case it.kind == kindZero && strings.IndexByte(s, 0) >= 0:
		return errors.New("string contains zeros")
	case it.kind == kindString && it.size < wordSize && uint64(len(s))>>(8*it.size) != 0:
		return errors.New("string length does not fit in given size")
	}
	if err := p.reserve(it.size + len(s) + 1); err != nil {
		return err
	}
	if it.kind == kindZero {
		p.out = append(append(p.out, s...), 0)
		return nil
	}
	p.out = appendInteger(p.out, integer{bits: uint64(len(s))}, it.size, p.r.little)
	p.out = append(p.out, s...)
	return nil
}

func (p *packer) float(it item, v lua.LValue) error {
	f, err := toFloat(v)
	if err != nil {
		return err
	}
	var order binary.AppendByteOrder = binary.BigEndian
	if p.r.little {
		order = binary.LittleEndian
	}
	if it.size == 4 {
		p.out = order.AppendUint32(p.out, math.Float32bits(float32(f)))
	} else {
		p.out = order.AppendUint64(p.out, math.Float64bits(f))
	}
	return nil
}

func toFloat(v lua.LValue) (float64, error) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		if i, err := parse(string(v)); err == nil {
			return i.float(), nil
		}
		return parseFloat(string(v))
	}
	return 0, errNoNumber(v)
}

func text(v lua.LValue) (string, error) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), nil
	case lua.LNumber:
		return v.String(), nil
	}
	return "", fmt.Errorf("string expected, got %s", typeName(v))
}

package json

import (
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Codec is for modules that store values as JSON. Decode returns exactly the
// value that was encoded. Encode returns an error for a value that would
// change.
type Codec struct {
	encoder   encoder
	arrayMeta *lua.LTable
	max       int64
}

// NewCodec returns a codec for one VM, with texts of up to max bytes.
func NewCodec(max int64) *Codec {
	return &Codec{encoder: encoder{max: int(max), exact: true}, arrayMeta: newArrayMeta(), max: max * tableFactor}
}

// Encode returns a value as JSON. The caller holds the script lock.
func (c *Codec) Encode(v lua.LValue) (string, error) { return c.encoder.encode(v) }

var decoders = sync.Pool{New: func() any { return &decoder{} }}

// Decode returns the value of a JSON text. It may be called without the script
// lock, because no other code has the new value yet.
func (c *Codec) Decode(text string, done <-chan struct{}) (lua.LValue, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.arrayMeta, d.max, d.done = c.arrayMeta, c.max, done
	v, err := d.decode(text, decodeOptions{null: Null})
	d.arrayMeta, d.done = nil, nil
	return v, err
}

package json

import (
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Codec is for modules that keep values as JSON. What it encodes, it decodes to
// the same again; what would not come back as it was is an error.
type Codec struct {
	encoder   encoder
	arrayMeta *lua.LTable
	max       int64
}

// NewCodec makes a codec for one VM, with texts of up to max bytes.
func NewCodec(max int64) *Codec {
	return &Codec{encoder: encoder{max: int(max), exact: true}, arrayMeta: newArrayMeta(), max: max * tableFactor}
}

// Encode makes JSON of a value. It is called with the script lock.
func (c *Codec) Encode(v lua.LValue) (string, error) { return c.encoder.encode(v) }

var decoders = sync.Pool{New: func() any { return &decoder{} }}

// Decode makes a value of JSON. It may be called without the lock: what it makes
// is nobody else's.
func (c *Codec) Decode(text string, done <-chan struct{}) (lua.LValue, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.arrayMeta, d.max, d.done = c.arrayMeta, c.max, done
	v, err := d.decode(text, decodeOptions{null: Null})
	d.arrayMeta, d.done = nil, nil
	return v, err
}

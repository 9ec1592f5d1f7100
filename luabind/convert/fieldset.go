package convert

import (
	"math/bits"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/table"
	"spectrumlua/runtime/schema"
)

// fieldSet has the values of a message until its table is made. It has arrays because Go
// would allocate slices of local arrays in memory of their own.
type fieldSet struct {
	message *schema.Message
	first   [inlineFields]lua.LValue // of the first fields, by their index; nil: not set
	more    []lua.LValue             // of the others
	isSet   uint64                   // a bit for each field that is set
	order   [schema.MaxFields]uint8  // the indexes of these fields, in the order of the payload
	n       int                      // how many they are
}

func (s *fieldSet) begin(m *schema.Message) {
	s.message = m
	if n := len(m.Fields); n > inlineFields {
		s.more = make([]lua.LValue, n-inlineFields)
	}
}

// at returns the value of a field.
func (s *fieldSet) at(index int) *lua.LValue {
	if index < inlineFields {
		return &s.first[index]
	}
	return &s.more[index-inlineFields]
}

// set sets the value of a field. It replaces the previous one.
func (s *fieldSet) set(f *schema.Field, v lua.LValue) {
	if bit := uint64(1) << f.Index; s.isSet&bit == 0 {
		s.isSet |= bit
		s.order[s.n] = uint8(f.Index)
		s.n++
	}
	*s.at(f.Index) = v
}

// inner returns the table in a field. It sets a new table with this capacity if the field
// is not set.
func (s *fieldSet) inner(f *schema.Field, list, named int) *lua.LTable {
	if t, ok := (*s.at(f.Index)).(*lua.LTable); ok {
		return t
	}
	t := newTable(list, named)
	s.set(f, t)
	return t
}

// table returns the table of the values, with the keys in the order of the payload. It
// is called once.
func (s *fieldSet) table() *lua.LTable {
	shape := s.shape()
	if shape == nil {
		t := newTable(0, s.n)
		for _, i := range s.order[:s.n] {
			t.RawSetString(s.message.Fields[i].Name, *s.at(int(i)))
		}
		return t
	}
	for n, i := range s.order[:s.n] { // the order is that of the indexes, so i >= n
		s.first[n] = s.first[i]
	}
	return shape.New(s.first[:s.n])
}

// shape returns the shape of the table, or nil if it is not worth one: the payload does not
// have its fields in the order of their numbers, or its message has many fields or shapes.
func (s *fieldSet) shape() *table.Shape {
	for n := 1; n < s.n; n++ {
		if s.order[n-1] > s.order[n] {
			return nil
		}
	}
	if s.n == 0 || s.more != nil {
		return nil
	}
	return shapes[s.message.Index].find(s.message, s.isSet)
}

// shapeCache has the shapes that the tables of a message have had. It is safe for
// concurrent use.
type shapeCache struct {
	known atomic.Pointer[[]knownShape] // the slice is never changed
	mu    sync.Mutex                   // for changes of known
}

type knownShape struct {
	isSet uint64
	shape *table.Shape
}

// maxShapes limits the shapes of a message. Only a few combinations of fields occur often.
const maxShapes = 16

// shapes has the shapes of each message, by its index.
var shapes = make([]shapeCache, schema.Messages())

// find returns the shape for the fields that are set, or nil.
func (c *shapeCache) find(m *schema.Message, isSet uint64) *table.Shape {
	if known := c.known.Load(); known != nil {
		for _, k := range *known {
			if k.isSet == isSet {
				return k.shape
			}
		}
		if len(*known) >= maxShapes {
			return nil
		}
	}
	return c.add(m, isSet)
}

func (c *shapeCache) add(m *schema.Message, isSet uint64) *table.Shape {
	var names []string
	for rest := isSet; rest != 0; rest &= rest - 1 {
		names = append(names, m.Fields[bits.TrailingZeros64(rest)].Name)
	}
	shape := table.NewShape(names...)
	c.mu.Lock()
	defer c.mu.Unlock()
	var known []knownShape
	if old := c.known.Load(); old != nil {
		known = append(known, *old...)
	}
	known = append(known, knownShape{isSet, shape})
	c.known.Store(&known)
	return shape
}

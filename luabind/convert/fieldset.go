package convert

import (
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

// table returns the table of the values, with the keys in the order of the payload.
func (s *fieldSet) table() *lua.LTable {
	if s.more == nil && s.inOrder() {
		return fieldsOf[s.message.Index].New(s.first[:len(s.message.Fields)])
	}
	t := newTable(0, s.n)
	for _, i := range s.order[:s.n] {
		t.RawSetString(s.message.Fields[i].Name, *s.at(int(i)))
	}
	return t
}

// inOrder reports whether the payload has its fields in the order of their numbers.
func (s *fieldSet) inOrder() bool {
	for n := 1; n < s.n; n++ {
		if s.order[n-1] > s.order[n] {
			return false
		}
	}
	return true
}

// fieldsOf has the fields of each message, by its index.
var fieldsOf = func() (all []*table.Fields) {
	for _, m := range schema.Messages() {
		all = append(all, table.NewFields(m.FieldNames()...))
	}
	return all
}()

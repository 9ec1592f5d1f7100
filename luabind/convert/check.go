package convert

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/schema"
)

// CheckField returns the error that Encode would return for one field of a table. If
// value is nil, it checks only the key.
func CheckField(m *schema.Message, key, value lua.LValue) error {
	table := newTable(0, 1)
	table.RawSet(key, lua.LTrue)
	values := make([]lua.LValue, len(m.Fields))
	if _, err := collect(values, m, table); err != nil {
		return err
	}
	if value == nil || value == lua.LNil {
		return nil
	}
	var e encoder
	_, err := e.field(nil, m.Field(lua.LVAsString(key)), value, 0)
	return err
}

// CheckEnum returns the error that Encode would return for a value of an enum.
func CheckEnum(e *schema.Enum, value lua.LValue) error {
	_, err := enumValue(e, value)
	return err
}

// CheckMissing returns the error that Encode would return if a table lacks a required
// field. has reports whether the table has a field. With ofUser, the session provides
// the user field.
func CheckMissing(m *schema.Message, has func(name string) bool, ofUser bool) error {
	for _, f := range m.Fields {
		if !f.Required || f.Flags || f.User && ofUser || has(f.Name) {
			continue
		}
		return missing(f)
	}
	return nil
}

func missing(f *schema.Field) error {
	return fmt.Errorf("the field %s is missing (%s expected)", f.Name, wanted(f))
}

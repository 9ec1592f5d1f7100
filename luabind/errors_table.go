package luabind

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/shorten"
)

// Limits of the text for a table that a script raised as an error.
const (
	maxErrorFields = 10
	maxErrorString = 200 // bytes
)

// errorFields returns the fields of a table as a constructor in Lua, without the field
// except: numbers first, then names in their order. It masks secrets and shows nested tables as {…}.
// It returns "" if the table has no other field.
func errorFields(t *lua.LTable, except string) string {
	type field struct {
		key         lua.LValue
		name, value string
	}
	var fields []field
	t.ForEach(func(k, v lua.LValue) {
		key := k.String()
		if _, isName := k.(lua.LString); isName && key == except {
			return
		}
		f := field{key: k, name: key, value: errorValue(v)}
		switch {
		case secret.Field(key) || secret.Name(key):
			f.value = "***"
		case k.Type() != lua.LTString:
			f.name = "[" + key + "]"
		case !source.IsName(key):
			f.name = fmt.Sprintf("[%s]", errorValue(k))
		}
		fields = append(fields, f)
	})
	if len(fields) == 0 {
		return ""
	}
	slices.SortFunc(fields, func(a, b field) int {
		i, aIsNumber := a.key.(lua.LNumber)
		j, bIsNumber := b.key.(lua.LNumber)
		switch {
		case aIsNumber && bIsNumber:
			return cmp.Compare(i, j)
		case aIsNumber:
			return -1
		case bIsNumber:
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	var b strings.Builder
	for i, f := range fields {
		if i == maxErrorFields {
			fmt.Fprintf(&b, ", … (%d more)", len(fields)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.name + " = " + f.value)
	}
	return "{ " + b.String() + " }"
}

// errorValue returns a value of such a field as text.
func errorValue(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		text := string(v)
		switch {
		case secret.Value(text):
			return "***"
		case len(text) > maxErrorString:
			return fmt.Sprintf("%q… (%d bytes)", shorten.Cut(text, maxErrorString), len(text))
		}
		return fmt.Sprintf("%q", text)
	case lua.LNumber, lua.LBool:
		return v.String()
	case *lua.LTable:
		return "{…}"
	case *lua.LUserData:
		if s, ok := v.Value.(*sessionObject); ok {
			return s.text()
		}
		return className(v)
	}
	return "a " + v.Type().String()
}

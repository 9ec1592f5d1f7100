package luabind

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/secret"
)

// Limits of the text for a table that a script raised as an error.
const (
	maxErrorFields = 10
	maxErrorString = 200 // bytes
)

// luaName matches a key that a table constructor can have without brackets.
var luaName = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// errorFields returns the fields of a table as a constructor in Lua, without the field
// except, in the order of their names. It masks secrets and shows nested tables as {…}.
// It returns "" if the table has no other field.
func errorFields(t *lua.LTable, except string) string {
	type field struct{ name, value string }
	var fields []field
	t.ForEach(func(k, v lua.LValue) {
		key := k.String()
		if _, isName := k.(lua.LString); isName && key == except {
			return
		}
		f := field{name: key, value: errorValue(v)}
		switch {
		case secret.Field(key) || secret.Name(key):
			f.value = "***"
		case k.Type() != lua.LTString:
			f.name = "[" + key + "]"
		case !luaName.MatchString(key):
			f.name = fmt.Sprintf("[%s]", errorValue(k))
		}
		fields = append(fields, f)
	})
	if len(fields) == 0 {
		return ""
	}
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
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
			return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(text[:maxErrorString], ""), len(text))
		}
		return fmt.Sprintf("%q", text)
	case lua.LNumber, lua.LBool:
		return v.String()
	case *lua.LTable:
		return "{…}"
	}
	return "a " + v.Type().String()
}

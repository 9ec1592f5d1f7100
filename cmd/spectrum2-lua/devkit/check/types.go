package check

import (
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/api"
)

// form is a form of values: the Lua types that an annotated type accepts, and its name for
// messages.
type form struct {
	name  string
	kinds []lua.LValueType
}

// simple has the forms of the types that Lua itself has.
var simple = map[api.Type]form{
	"string":  {"string", []lua.LValueType{lua.LTString, lua.LTNumber}},
	"number":  {"number", []lua.LValueType{lua.LTNumber}},
	"integer": {"number", []lua.LValueType{lua.LTNumber}},
	"boolean": {"true or false", []lua.LValueType{lua.LTBool}},
	"true":    {"true", []lua.LValueType{lua.LTBool}},
	"fun":     {"function", []lua.LValueType{lua.LTFunction}},
	"table":   {"table", []lua.LValueType{lua.LTTable}},
}

// formOf returns the form of a type without alternatives, and reports whether check knows it.
func formOf(t api.Type) (form, bool) {
	t = kind(t)
	if known, ok := simple[t]; ok {
		return known, true
	}
	text := string(t)
	switch class := api.FindClass(text); {
	case strings.HasPrefix(text, `"`):
		return form{text, []lua.LValueType{lua.LTString}}, true
	case strings.HasSuffix(text, "[]"), strings.HasPrefix(text, "table<"), strings.HasPrefix(text, "{"):
		return simple["table"], true
	case class == nil || class.Call != "":
		return form{}, false
	case len(class.AllFunctions()) == 0:
		return simple["table"], true
	}
	// A table may stand for an object.
	return form{shortName(api.FindClass(text)), []lua.LValueType{lua.LTUserData, lua.LTTable}}, true
}

// kind returns "fun" for each function type, and any other type unchanged.
func kind(t api.Type) api.Type {
	if strings.HasPrefix(strings.TrimPrefix(string(t), "async "), "fun(") {
		return "fun"
	}
	return t
}

// wanted returns the name of a type for messages.
func wanted(t api.Type) string {
	var names []string
	for _, a := range t.Alternatives() {
		f, known := formOf(a)
		switch {
		case a == "nil":
		case !known:
			return string(t)
		case !slices.Contains(names, f.name):
			names = append(names, f.name)
		}
	}
	return strings.Join(names, " or ")
}

// refused returns the expected type if a type rejects a value, and "" otherwise.
func refused(t api.Type, v lua.LValue) string {
	alternatives := t.Alternatives()
	if v == nil || v == lua.LNil {
		return ""
	}
	if want := refusedWord(alternatives, v); want != "" {
		return want
	}
	for _, a := range alternatives {
		f, known := formOf(a)
		if a != "nil" && (!known || slices.Contains(f.kinds, v.Type())) {
			return ""
		}
	}
	return wanted(t)
}

// refusedWord is refused for a type whose alternatives are quoted words.
func refusedWord(alternatives []api.Type, v lua.LValue) string {
	text, ok := v.(lua.LString)
	var words []string
	for _, a := range alternatives {
		if !strings.HasPrefix(string(a), `"`) {
			return ""
		}
		words = append(words, string(a))
	}
	if !ok || slices.Contains(words, strconv.Quote(string(text))) {
		return ""
	}
	return strings.Join(words, " or ")
}

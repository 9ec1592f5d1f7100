package http

import (
	"fmt"
	"net/http"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/http/httpguts"

	"spectrumlua/luabind/bind"
)

// headersMeta makes lookups of a header's name ignore case. All VMs share it.
var headersMeta = newHeadersMeta()

func newHeadersMeta() *lua.LTable {
	meta := bind.NewTable()
	meta.RawSetString("__index", bind.Function("headers", func(l *lua.LState) int {
		t, ok := l.Get(1).(*lua.LTable)
		name, isName := l.Get(2).(lua.LString)
		if !ok || !isName {
			return 0
		}
		return bind.Return(l, t.RawGetString(strings.ToLower(string(name))))
	}))
	meta.RawSetString("__metatable", lua.LString("headers"))
	return meta
}

// setCookie is the only header whose values cannot be joined.
const setCookie = "set-cookie"

// headerTable returns received headers as scripts see them. Names are in lower
// case, and repeated values are joined by ", "; set-cookie is a list.
func headerTable(h http.Header) *lua.LTable {
	t := bind.NewTableSize(0, len(h))
	for name, values := range h {
		name = strings.ToLower(name)
		if name != setCookie {
			t.RawSetString(name, lua.LString(strings.Join(values, ", ")))
			continue
		}
		list := bind.NewTable()
		for _, v := range values {
			list.Append(lua.LString(v))
		}
		t.RawSetString(name, list)
	}
	t.Metatable = headersMeta
	return t
}

// ownHeaders are the headers that follow from the body, so scripts cannot set
// them.
var ownHeaders = map[string]bool{"Content-Length": true, "Transfer-Encoding": true, "Trailer": true}

// maxHeaders limits the headers that a script sends, in bytes. Servers accept
// less.
const maxHeaders = 1 << 20

// readHeaders converts a script's table, whose values are strings, numbers or
// lists of them. wrong describes the first error, or is "". It does not repeat
// a value, which may be secret.
func readHeaders(t *lua.LTable) (http.Header, string) {
	h := http.Header{}
	wrong, size := "", 0
	t.ForEach(func(k, v lua.LValue) {
		if size > maxHeaders {
			return
		}
		name, ok := k.(lua.LString)
		canonical := http.CanonicalHeaderKey(string(name))
		switch {
		case !ok || !httpguts.ValidHeaderFieldName(string(name)):
			wrong = "a header cannot have the name " + bind.QuoteKey(k)
			return
		case ownHeaders[canonical]:
			wrong = string(name) + " is set automatically"
			return
		}
		values, ok := texts(v)
		if !ok {
			wrong = "header " + string(name) + ": string or list of strings expected, got " + v.Type().String()
		}
		for _, value := range values {
			if size += len(name) + len(": \r\n") + len(value); size > maxHeaders {
				wrong = fmt.Sprintf("they have more than %d bytes", maxHeaders)
				return
			}
			if !httpguts.ValidHeaderFieldValue(value) {
				wrong = "the value of the header " + string(name) + " contains a character that a header cannot contain, such as a line break"
			}
			h.Add(canonical, value)
		}
	})
	return h, wrong
}

// texts returns a string, a number or a boolean, or a list of them, as a list
// of strings.
func texts(v lua.LValue) (list []string, ok bool) {
	switch v := v.(type) {
	case lua.LString:
		return []string{string(v)}, true
	case lua.LNumber, lua.LBool:
		return []string{v.String()}, true
	case *lua.LTable:
		for i := 1; i <= v.Len(); i++ {
			item := v.RawGetInt(i)
			if _, nested := item.(*lua.LTable); nested {
				return nil, false
			}
			one, ok := texts(item)
			if !ok {
				return nil, false
			}
			list = append(list, one...)
		}
		return list, true
	}
	return nil, false
}

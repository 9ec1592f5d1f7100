package encoding

import (
	"net/url"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
)

// maxParameters limits the parameters of a query string.
const maxParameters = 10000

func queryFunctions(max limit) bind.Functions {
	return bind.Functions{
		// encode(parameters) returns a query string such as a=1&b=2 for a table or a
		// list of pairs.
		"encode": func(l *lua.LState) int {
			q := &query{l: l, max: max}
			t := l.CheckTable(1)
			if t.Len() > 0 {
				q.pairs(t)
			} else {
				q.table(t)
			}
			return bind.Return(l, lua.LString(q.text.String()))
		},
		// decode(text) returns a table with the first value of each name, and a table
		// with a list of all values of each name.
		"decode": func(l *lua.LState) int {
			first, all, err := decodeQuery(l.CheckString(1))
			if err != "" {
				return bind.Failf(l, "invalid query string: %s", err)
			}
			return bind.Return(l, first, all)
		},
	}
}

// query builds a query string.
type query struct {
	l    *lua.LState
	max  limit
	text strings.Builder
}

// table adds the parameters of a table, sorted by name. A list adds one parameter
// for each of its values.
func (q *query) table(t *lua.LTable) {
	var names []string
	for key := range table.All(t) {
		name, ok := key.(lua.LString)
		if !ok {
			bind.Raise(q.l, "query.encode: name: string expected, got %s", bind.Describe(key))
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	for _, name := range names {
		switch v := t.RawGetString(name).(type) {
		case *lua.LTable:
			for i := 1; i <= v.Len(); i++ {
				q.add(name, v.RawGetInt(i))
			}
		default:
			q.add(name, v)
		}
	}
}

// pairs adds the parameters of a list of {name, value}, in its order.
func (q *query) pairs(t *lua.LTable) {
	for i := 1; i <= t.Len(); i++ {
		pair, ok := t.RawGetInt(i).(*lua.LTable)
		if !ok {
			bind.Raise(q.l, "query.encode: element %d: pair { name, value } expected, got %s", i, bind.Describe(t.RawGetInt(i)))
		}
		name, ok := pair.RawGetInt(1).(lua.LString)
		if !ok {
			bind.Raise(q.l, "query.encode: element %d: pair { name, value } expected, got a table without a name", i)
		}
		q.add(string(name), pair.RawGetInt(2))
	}
}

func (q *query) add(name string, v lua.LValue) {
	var value string
	switch v := v.(type) {
	case lua.LString, lua.LNumber, lua.LBool:
		value = v.String()
	default:
		bind.Raise(q.l, "query.encode: %s: string, number or boolean expected, got %s", name, bind.Describe(v))
	}
	if q.text.Len() > 0 {
		q.text.WriteByte('&')
	}
	q.max.check(q.l, q.text.Len()+len(name)+len(value)+1)
	q.text.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
	q.max.check(q.l, q.text.Len())
}

// decodeQuery returns the results of decode. wrong is the error message, or "".
func decodeQuery(text string) (first, all *lua.LTable, wrong string) {
	text = strings.TrimPrefix(text, "?")
	if strings.Count(text, "&") >= maxParameters {
		return nil, nil, "it has too many parameters"
	}
	first, all = bind.NewTable(), bind.NewTable()
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, nil, reason(err)
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, nil, reason(err)
		}
		values, ok := all.RawGetString(name).(*lua.LTable)
		if !ok {
			values = bind.NewTableSize(1, 0)
			all.RawSetString(name, values)
			first.RawSetString(name, lua.LString(strings.Clone(value)))
		}
		values.Append(lua.LString(strings.Clone(value)))
	}
	return first, all, ""
}

package bind

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/shorten"
	"spectrumlua/runtime/task"
)

// maxIsolated is how many calls of Isolate may nest in one task. Each one takes a part of
// Go's stack.
const maxIsolated = 50

// Isolate calls fn for an item, such as a line that was read. If fn fails, Isolate logs
// the error and the item, and reports false: the next item is not affected. what names
// fn in the log. Isolate raises an error only if the task was cancelled.
//
// l is the thread that called the binding. Only the goroutine of its task may call
// Isolate, with the script lock.
func (rt *Runtime) Isolate(l *lua.LState, what string, fn *lua.LFunction, args []lua.LValue, item lua.LValue) bool {
	t := TaskOf(l)
	if rt.isolated[t] >= maxIsolated {
		Raise(l, "stack overflow")
	}
	if rt.isolated == nil {
		rt.isolated = map[*task.Task]int{}
	}
	rt.isolated[t]++
	defer func() {
		if rt.isolated[t]--; rt.isolated[t] == 0 {
			delete(rt.isolated, t)
		}
	}()
	current := l.G.CurrentThread
	err := rt.Call(t, fn, args, nil)
	l.G.CurrentThread = current
	switch {
	case t.Err() != nil:
		Raise(l, "%v", t.Err())
	case err != nil:
		rt.LogItem(what, t, err, Excerpt(item))
	}
	return err == nil
}

// maxExcerpt is the number of bytes that Excerpt shows of a value.
const maxExcerpt = 200

// Excerpt returns the beginning of a value as text for the log. A table shows its fields.
func Excerpt(v lua.LValue) string {
	return shorten.Ellipsis(excerpt(v, 0), maxExcerpt)
}

func excerpt(v lua.LValue, depth int) string {
	switch v := v.(type) {
	case lua.LString:
		text := string(v[:min(len(v), maxExcerpt+1)])
		if depth > 0 {
			return strconv.Quote(text)
		}
		quoted := strconv.Quote(text) // without its quotation marks
		return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	case *lua.LTable:
		return excerptTable(v, depth)
	case lua.LNumber, lua.LBool, *lua.LNilType:
		return v.String()
	}
	return "a " + v.Type().String()
}

// excerptTable shows the fields of a table, sorted. It does not show tables in tables in
// it, and only the first fields of a large one.
func excerptTable(t *lua.LTable, depth int) string {
	if depth > 1 {
		return "{…}"
	}
	const most = 20
	var fields []string
	more := false
	t.ForEach(func(k, v lua.LValue) {
		if more = more || len(fields) == most; more {
			return
		}
		name := shorten.Ellipsis(k.String(), 40)
		shown := secret.Mask
		if !secret.Field(k.String()) {
			shown = excerpt(v, depth+1)
		}
		fields = append(fields, fmt.Sprintf("%s = %s", strings.ToValidUTF8(name, "\uFFFD"), shown))
	})
	slices.Sort(fields)
	if more {
		fields = append(fields, "…")
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}

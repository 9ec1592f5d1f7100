package luabind

import (
	"context"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/task"
)

// Limits of Keys.
const (
	maxKeys    = 1000 // names
	maxParents = 10   // tables behind a table
)

// Keys returns the names that may follow an expression in a line of Console, sorted: keys of
// tables, members of objects. The path {"spectrum", "data"} stands for the expression
// spectrum.data; an empty one for the global variables. With a user, the path starts at their
// session. Keys calls no code of the script. It returns nothing if ctx is done before the
// script releases the script lock, and ErrNotLoggedIn if the user is not logged in.
func (h *Host) Keys(ctx context.Context, user string, path []string) ([]string, error) {
	s := h.sessions.Find(user)
	if user != "" && s == nil {
		return nil, ErrNotLoggedIn
	}
	found := make(chan []string, 1)
	t := h.sessions.Process().Spawn("", func(t *task.Task) {
		t.SetLabel(&task.Label{Kind: "console"})
		if h.vm == nil {
			return
		}
		var value lua.LValue = h.vm.state.G.Global
		if s != nil {
			value = &h.sessionObject(s).userdata
		}
		for i, name := range path {
			if value = h.member(value, name, i == 0); value == lua.LNil {
				return
			}
		}
		found <- membersOf(value)
	})
	select {
	case <-t.Ended():
	case <-ctx.Done():
		t.Cancel(context.Cause(ctx))
		return nil, nil
	}
	select {
	case names := <-found:
		slices.Sort(names)
		return slices.Compact(names), nil
	default:
		return nil, nil
	}
}

// member returns a member of a value, or nil.
func (h *Host) member(value lua.LValue, name string, global bool) lua.LValue {
	if table, ok := value.(*lua.LTable); ok {
		found := inherited(table, lua.LString(name))
		if found == lua.LNil && global && name == spectrumModule {
			return h.vm.runtime.Spectrum
		}
		return found
	}
	if obj, ok := sessionClass.Of(value); ok && name == "data" && obj.data != nil {
		return obj.data
	}
	return lua.LNil
}

// inherited returns the value of a key in a table, or in the tables behind it. It calls no
// metamethod that is a function.
func inherited(table *lua.LTable, key lua.LValue) lua.LValue {
	for range maxParents {
		if v := table.RawGet(key); v != lua.LNil {
			return v
		}
		if table = parentOf(table); table == nil {
			break
		}
	}
	return lua.LNil
}

// parentOf returns the table in which Lua looks for keys that a table lacks, or nil.
func parentOf(table *lua.LTable) *lua.LTable {
	meta, ok := table.Metatable.(*lua.LTable)
	if !ok {
		return nil
	}
	parent, _ := meta.RawGetString("__index").(*lua.LTable)
	return parent
}

// membersOf returns the names of the members of a value.
func membersOf(value lua.LValue) (names []string) {
	switch v := value.(type) {
	case *lua.LTable:
		for n := 0; v != nil && n < maxParents; n++ {
			v.ForEach(func(key, _ lua.LValue) {
				if name, ok := key.(lua.LString); ok && len(names) < maxKeys && source.IsName(string(name)) {
					names = append(names, string(name))
				}
			})
			v = parentOf(v)
		}
	case *lua.LUserData:
		if meta, ok := v.Metatable.(*lua.LTable); ok {
			names = slices.Clone(bind.Classes()[lua.LVAsString(meta.RawGetString("__metatable"))])
		}
	}
	return names
}

// Users returns the names of users who are logged in, sorted, but at most 1,000.
func (h *Host) Users() []string {
	var names []string
	for _, s := range h.sessions.Sessions() {
		names = append(names, s.User)
	}
	slices.Sort(names)
	return names[:min(len(names), maxKeys)]
}

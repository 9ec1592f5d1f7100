package luabind

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/task"
)

// Limits of a search.
const (
	maxSearched = 10_000 // values in each data table
	maxLocked   = 500    // values before the script lock is released
	maxNamed    = 5      // paths in the log
)

// findHolders searches the data tables after a reload. It returns the resources that
// they refer to. It logs where they refer to functions of an old generation, since
// those keep its VM in memory. It releases the script lock again and again so that
// messages do not wait.
func (h *Host) findHolders() (kept map[*task.Resource]bool) {
	s := &holderSearch{host: h, kept: map[*task.Resource]bool{}, found: map[finding]int{}}
	h.opts.Scheduler.Do(func() {
		s.newest = h.generation
		s.search("spectrum.data", h.data)
	})
	for sessions := h.sessions.Sessions(); len(sessions) > 0; {
		h.opts.Scheduler.Do(func() {
			for until := s.looked + maxLocked; len(sessions) > 0 && s.looked < until; sessions = sessions[1:] {
				if obj := h.sessionObject(sessions[0]); obj.data != nil {
					s.search("session.data", obj.data)
				}
			}
		})
	}
	s.report()
	return s.kept
}

// holderPaths searches the data tables and the handlers for functions of an old
// generation, and returns their paths. It also looks into the variables of functions.
func (h *Host) holderPaths(r retired) (paths []string) {
	s := &holderSearch{host: h, kept: map[*task.Resource]bool{}, found: map[finding]int{}, seen: map[lua.LValue]bool{}, deep: true}
	h.opts.Scheduler.Do(func() {
		v := r.vm.Value()
		if v == nil || h.vm == nil {
			return
		}
		s.newest, s.library = h.generation, v.libraryFunctions()
		s.search("spectrum.data", h.data)
		for _, session := range h.sessions.Sessions() {
			if obj := h.sessionObject(session); obj.data != nil && s.looked < maxSearched {
				s.search("session.data", obj.data)
			}
		}
		for name, fn := range h.vm.handlers {
			s.search("on."+name, fn)
		}
	})
	for f := range s.found {
		if f.generation == r.number {
			paths = append(paths, f.path)
		}
	}
	return paths
}

// libraryFunctions returns the Go functions in this VM's globals with its
// generation. They keep the VM in memory, but have no environment to tell it by.
func (v *vm) libraryFunctions() map[*lua.LFunction]int {
	all := map[*lua.LFunction]int{}
	var tables []*lua.LTable
	note := func(_, value lua.LValue) {
		switch value := value.(type) {
		case *lua.LFunction:
			if value.IsG {
				all[value] = v.generation
			}
		case *lua.LTable:
			tables = append(tables, value)
		}
	}
	v.state.G.Global.ForEach(note)
	for _, table := range tables {
		table.ForEach(note)
	}
	return all
}

// holderSearch finds values that keep an old VM in memory.
type holderSearch struct {
	host   *Host
	newest int // generation
	looked int // values so far
	kept   map[*task.Resource]bool
	found  map[finding]int // number of occurrences
	// seen has the values of all searches. If it is nil, each search has its own.
	seen map[lua.LValue]bool
	// deep makes the search follow the variables of functions.
	deep bool
	// library has the generations of Go functions.
	library map[*lua.LFunction]int
}

// finding is a path to a value of an old generation.
type finding struct {
	path       string
	generation int
}

// node is a value and the way to it.
type node struct {
	value lua.LValue
	key   lua.LValue // the key of a table's field, or nil
	part  string     // a description of the step if key is nil
	from  *node      // nil at the root
}

// container is implemented by the Go values of userdata that hold Lua values.
type container interface {
	contents() []lua.LValue
}

// search visits all values that from refers to, breadth first. root is the path of
// from. The caller holds the script lock.
func (s *holderSearch) search(root string, from lua.LValue) {
	seen := s.seen
	if seen == nil {
		seen = map[lua.LValue]bool{}
	}
	seen[from] = true
	queue := []*node{{value: from}}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		s.looked++
		add := func(value, key lua.LValue, part string) {
			if value == nil || isPlain(value) || seen[value] || len(seen) > maxSearched {
				return
			}
			seen[value] = true
			queue = append(queue, &node{value, key, part, n})
		}
		switch v := n.value.(type) {
		case *lua.LFunction:
			s.function(root, n, v, add)
		case *lua.LState: // a coroutine
			if v.G != nil && v.G.Global != nil {
				s.note(root, n, s.host.generations.of(&lua.LFunction{Env: v.G.Global}))
			}
		case *lua.LUserData:
			if o, ok := v.Value.(bind.Opened); ok && o.Opened() != nil {
				s.kept[o.Opened()] = true
			}
			if c, ok := v.Value.(container); ok {
				for _, value := range c.contents() {
					add(value, nil, "a value in it")
				}
			}
		case *lua.LTable:
			v.ForEach(func(key, value lua.LValue) {
				add(value, key, "")
				add(key, nil, "a key of it")
			})
			if v.Metatable != nil {
				add(v.Metatable, nil, metatablePart)
			}
		}
	}
}

// function notes a function of an old generation. In a deep search, it adds the
// variables of a function of the newest generation.
func (s *holderSearch) function(root string, n *node, fn *lua.LFunction, add func(value, key lua.LValue, part string)) {
	generation := s.host.generations.of(fn)
	if of, ok := s.library[fn]; ok {
		generation = of
	}
	s.note(root, n, generation)
	if !s.deep || fn.IsG || generation != s.newest {
		return
	}
	for i, up := range fn.Upvalues {
		name := "?"
		if i < len(fn.Proto.DbgUpvalues) {
			name = fn.Proto.DbgUpvalues[i]
		}
		if up != nil {
			add(up.Value(), nil, "its variable "+name)
		}
	}
}

// isPlain reports whether a value cannot refer to other values.
func isPlain(v lua.LValue) bool {
	switch v.(type) {
	case *lua.LTable, *lua.LFunction, *lua.LUserData, *lua.LState:
		return false
	}
	return true
}

// note counts a value if its generation is an old one.
func (s *holderSearch) note(root string, n *node, generation int) {
	if generation != 0 && generation < s.newest {
		s.found[finding{n.path(root), generation}]++
	}
}

// metatablePart is the step from a table to its metatable.
const metatablePart = "its metatable"

// path returns the way from the root to the value as Lua code, except for steps that no
// code can take: those are in parentheses.
func (n *node) path(root string) string {
	switch {
	case n.from == nil:
		return root
	case n.part == metatablePart:
		return "getmetatable(" + n.from.path(root) + ")"
	case n.key == nil:
		return n.from.path(root) + " (" + n.part + ")"
	}
	return n.from.path(root) + index(n.key)
}

// index returns the Lua code that reads a key of a table.
func index(key lua.LValue) string {
	name, ok := key.(lua.LString)
	const longest = 40
	switch {
	case !ok:
		return "[" + key.String() + "]"
	case len(name) > longest:
		return "[a long key]"
	case source.IsName(string(name)):
		return "." + string(name)
	}
	return fmt.Sprintf("[%q]", string(name))
}

// report logs the first findings, sorted by path.
func (s *holderSearch) report() {
	findings := make([]finding, 0, len(s.found))
	for f := range s.found {
		findings = append(findings, f)
	}
	slices.SortFunc(findings, func(a, b finding) int { return strings.Compare(a.path, b.path) })
	for i, f := range findings {
		if i == maxNamed {
			s.host.log.Warnf("%d more fields keep functions of old generations", len(findings)-i)
			return
		}
		of := ""
		if n := s.found[f]; n > 1 {
			of = fmt.Sprintf(" of %d sessions", n)
		}
		s.host.log.Warnf("generation %d of the script is still in memory: %s%s is a function of it; keep data there, not functions, or set it again in on.reload", f.generation, f.path, of)
	}
}

package luabind

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// How much of the data tables is looked at after a reload: values of each, and
// places that the log names.
const (
	maxSurveyed = 10_000
	maxInTurn   = 500 // and then others have theirs
	maxNamed    = 5
)

// findHolders looks through the data tables after a reload, a few in each turn of the
// script lock. It returns what the script has open that they refer to, and logs where
// they have functions of an older generation, which keep its VM alive.
func (h *Host) findHolders() (kept map[*task.Resource]bool) {
	s := &holderSearch{host: h, kept: map[*task.Resource]bool{}, found: map[finding]int{}}
	h.opts.Scheduler.Do(func() {
		s.newest = h.generation
		s.look("spectrum.data", h.data)
	})
	for sessions := h.sessions.Sessions(); len(sessions) > 0; {
		h.opts.Scheduler.Do(func() {
			for until := s.looked + maxInTurn; len(sessions) > 0 && s.looked < until; sessions = sessions[1:] {
				if hd := h.sessionObject(sessions[0]); hd.data != nil {
					s.look("session.data", hd.data)
				}
			}
		})
	}
	s.report()
	return s.kept
}

// placesOf looks in all that scripts can reach for functions of an old
// generation, and returns the places.
func (h *Host) placesOf(r retired) (places []string) {
	s := &holderSearch{host: h, kept: map[*task.Resource]bool{}, found: map[finding]int{}, seen: map[lua.LValue]bool{}, deep: true}
	h.opts.Scheduler.Do(func() {
		v := r.vm.Value()
		if v == nil || h.vm == nil {
			return
		}
		s.newest, s.library = h.generation, v.libraryFunctions()
		s.look("spectrum.data", h.data)
		for _, session := range h.sessions.Sessions() {
			if hd := h.sessionObject(session); hd.data != nil && s.looked < maxSurveyed {
				s.look("session.data", hd.data)
			}
		}
		for name, fn := range h.vm.handlers {
			s.look("on."+name, fn)
		}
	})
	for f := range s.found {
		if f.generation == r.number {
			places = append(places, f.place)
		}
	}
	return places
}

// libraryFunctions are the functions of Go that this VM has made for scripts. They
// refer to it, which cannot be seen in them.
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

type holderSearch struct {
	host   *Host
	newest int
	looked int // values so far
	kept   map[*task.Resource]bool
	found  map[finding]int // how often
	// seen is what was looked at, if no value is to be found twice.
	seen map[lua.LValue]bool
	// deep has it look into functions, and library is which generation functions
	// of Go belong to.
	deep    bool
	library map[*lua.LFunction]int
}

// finding is a place that refers to an old generation.
type finding struct {
	place      string
	generation int
}

// node is a value that scripts can reach, and how.
type node struct {
	value lua.LValue
	key   lua.LValue // in a table; nil otherwise
	part  string     // of what is no table, or what is no field
	from  *node      // nil at the root
}

// container is implemented by what is behind a userdata that has values of
// scripts in it.
type container interface {
	contents() []lua.LValue
}

// look looks through what can be reached from a value. The script lock is held.
func (s *holderSearch) look(root string, from lua.LValue) {
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
			if value == nil || isPlain(value) || seen[value] || len(seen) > maxSurveyed {
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
				add(v.Metatable, nil, "its metatable")
			}
		}
	}
}

// function notes a function of an older generation. What others refer to is
// looked at if the search is deep.
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

// isPlain tells of a value that refers to nothing.
func isPlain(v lua.LValue) bool {
	switch v.(type) {
	case *lua.LTable, *lua.LFunction, *lua.LUserData, *lua.LState:
		return false
	}
	return true
}

func (s *holderSearch) note(root string, n *node, generation int) {
	if generation != 0 && generation < s.newest {
		s.found[finding{root + n.path(), generation}]++
	}
}

// path is how a script would write the way to the value.
func (n *node) path() string {
	if n.from == nil {
		return ""
	}
	if n.key == nil {
		return n.from.path() + " (" + n.part + ")"
	}
	key := "[" + n.key.String() + "]"
	if name, ok := n.key.(lua.LString); ok {
		const longest = 40
		key = "." + string(name)
		if len(name) > longest {
			key = "[a long key]"
		}
	}
	return n.from.path() + key
}

func (s *holderSearch) report() {
	places := make([]finding, 0, len(s.found))
	for f := range s.found {
		places = append(places, f)
	}
	slices.SortFunc(places, func(a, b finding) int { return strings.Compare(a.place, b.place) })
	for i, f := range places {
		if i == maxNamed {
			s.host.log.Warnf("%d more places keep functions of older generations", len(places)-i)
			return
		}
		of := ""
		if n := s.found[f]; n > 1 {
			of = fmt.Sprintf(" of %d sessions", n)
		}
		s.host.log.Warnf("generation %d of the script is still in memory: %s%s is a function of it; keep data there, not functions, or set it anew in on.reload", f.generation, f.place, of)
	}
}

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

// survey looks through the data tables after a reload, a few in each turn of the
// baton. It returns what the script has open that they refer to, and logs where
// they have functions of an older generation, which keep its VM alive.
func (h *Host) survey() (kept map[*task.Resource]bool) {
	s := &surveyor{host: h, kept: map[*task.Resource]bool{}, found: map[finding]int{}}
	h.opts.Scheduler.Do(func() {
		s.newest = h.generation
		s.look("spectrum.data", h.data)
	})
	for sessions := h.sessions.Sessions(); len(sessions) > 0; {
		h.opts.Scheduler.Do(func() {
			for until := s.looked + maxInTurn; len(sessions) > 0 && s.looked < until; sessions = sessions[1:] {
				if hd := h.handle(sessions[0]); hd.data != nil {
					s.look("session.data", hd.data)
				}
			}
		})
	}
	s.report()
	return s.kept
}

type surveyor struct {
	host   *Host
	newest int
	looked int // values so far
	kept   map[*task.Resource]bool
	found  map[finding]int // how often
}

// finding is a place that refers to an old generation.
type finding struct {
	place      string
	generation int
}

// node is a value in a data table, and how one gets there.
type node struct {
	value lua.LValue
	key   lua.LValue // nil at the root
	from  *node
}

// look looks through one data table. The baton is held.
func (s *surveyor) look(root string, table *lua.LTable) {
	seen := map[*lua.LTable]bool{table: true}
	queue := []*node{{value: table}}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		s.looked++
		switch v := n.value.(type) {
		case *lua.LFunction:
			s.note(root, n, s.host.generations.of(v))
		case *lua.LState: // a coroutine
			if v.G != nil && v.G.Global != nil {
				s.note(root, n, s.host.generations.of(&lua.LFunction{Env: v.G.Global}))
			}
		case *lua.LUserData:
			if o, ok := v.Value.(bind.Opened); ok && o.Opened() != nil {
				s.kept[o.Opened()] = true
			}
		case *lua.LTable:
			add := func(key, value lua.LValue) {
				inner, isTable := value.(*lua.LTable)
				if len(seen)+len(queue) > maxSurveyed || isTable && seen[inner] || isPlain(value) {
					return
				}
				if isTable {
					seen[inner] = true
				}
				queue = append(queue, &node{value, key, n})
			}
			v.ForEach(func(key, value lua.LValue) {
				add(key, value)
				add(lua.LString("a key"), key)
			})
			if v.Metatable != nil {
				add(lua.LString("its metatable"), v.Metatable)
			}
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

func (s *surveyor) note(root string, n *node, generation int) {
	if generation != 0 && generation < s.newest {
		s.found[finding{root + n.path(), generation}]++
	}
}

// path is how a script would write the way to the value.
func (n *node) path() string {
	if n.from == nil {
		return ""
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

func (s *surveyor) report() {
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
		s.host.log.Warnf("generation %d of the script lives on: %s%s is a function of it; keep data there, not functions, or set it anew in on.reload", f.generation, f.place, of)
	}
}

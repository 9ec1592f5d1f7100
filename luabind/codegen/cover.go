package codegen

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// cover adds code to a chunk that notes in a table which lines run.
type cover struct {
	hits  *lua.LTable
	lines map[int]struct{} // that the code notes
}

func newCover(hits *lua.LTable) *cover {
	if hits == nil {
		return nil
	}
	return &cover{hits, map[int]struct{}{}}
}

// seal sets all lines that the code notes to false. In an array that is complete, a note
// costs least.
func (c *cover) seal() {
	if c == nil {
		return
	}
	for _, line := range slices.Sorted(maps.Keys(c.lines)) {
		c.hits.RawSetInt(line, lua.LFalse)
	}
}

// mark emits the code that notes a line, at the beginning of a statement or a condition.
// It emits nothing if a statement of the same line has already run.
func (f *function) mark(line int) {
	if f.cover == nil || line <= 0 || line == f.marked {
		return
	}
	f.marked = line
	f.cover.lines[line] = struct{}{}
	free := f.free
	table := f.reserve(1, line)
	f.load(f.cover.hits, table, line)
	f.emit(abc(lua.OP_SETTABLE, table, f.operand(lua.LNumber(line), line), f.operand(lua.LTrue, line)), line)
	f.free = free
}

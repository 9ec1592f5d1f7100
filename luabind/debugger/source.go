package debugger

import (
	"crypto/sha256"
	"path/filepath"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/codegen"
	"spectrumlua/luabind/source"
)

// maxVersions is how many versions of a file are kept.
const maxVersions = 20

// file is a source file. Debugger.mu guards it.
type file struct {
	path     string
	wanted   []*breakpoint
	versions []*version // the newest is the last
}

// version is a text that a file has had. It does not change.
type version struct {
	path, name string
	ref        int // of the client
	text       string
	sum        [sha256.Size]byte
	starts     map[*lua.FunctionProto][]codegen.Start
	lines      []int // with code, sorted; nil if the text does not compile
	problem    *source.Error
}

// newVersion compiles a text.
func newVersion(path, name, text string) *version {
	v := &version{path: path, name: name, text: text, sum: sha256.Sum256([]byte(text))}
	s, problem := source.Statements(name, text)
	if problem != nil {
		v.problem = problem
		return v
	}
	v.starts = s.Starts
	for _, starts := range s.Starts {
		for _, start := range starts {
			v.lines = append(v.lines, start.Line)
		}
	}
	slices.Sort(v.lines)
	v.lines = slices.Compact(v.lines)
	return v
}

// line returns the first line with code from a line on, or 0.
func (v *version) line(wanted int) int {
	if i, _ := slices.BinarySearch(v.lines, wanted); i < len(v.lines) {
		return v.lines[i]
	}
	return 0
}

// startsOf returns the statements of a function that was compiled from the same text.
func (v *version) startsOf(p *lua.FunctionProto) []codegen.Start {
	for other, starts := range v.starts {
		if other.LineDefined == p.LineDefined && other.LastLineDefined == p.LastLineDefined && slices.Equal(other.Code, p.Code) {
			return starts
		}
	}
	return nil
}

// normal returns a path in one form for all names of a file. d.mu is held.
func (d *Debugger) normal(path string) string {
	if known, ok := d.paths[path]; ok {
		return known
	}
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	resolved, err := filepath.EvalSymlinks(full)
	if err != nil {
		return filepath.Clean(full) // the file may exist later
	}
	d.paths[path] = resolved
	return resolved
}

// fileAt returns the file with a path. d.mu is held.
func (d *Debugger) fileAt(path string) *file {
	path = d.normal(path)
	f := d.files[path]
	if f == nil {
		f = &file{path: path}
		d.files[path] = f
	}
	return f
}

// add makes a text the newest version of a file, unless it is already known, and returns
// the version. d.mu is held.
func (d *Debugger) add(f *file, name, text string) *version {
	sum := sha256.Sum256([]byte(text))
	i := slices.IndexFunc(f.versions, func(v *version) bool { return v.sum == sum && v.name == name })
	if i >= 0 {
		v := f.versions[i]
		f.versions = append(slices.Delete(f.versions, i, i+1), v)
		return v
	}
	v := newVersion(f.path, name, text)
	v.ref = d.next()
	f.versions = append(f.versions, v)
	if len(f.versions) > maxVersions {
		f.versions = slices.Delete(f.versions, 0, 1)
	}
	return v
}

// Loaded is called when a VM has read a file. name is the name of the source in messages.
func (d *Debugger) Loaded(path, name, text string) {
	d.mu.Lock()
	f := d.fileAt(path)
	v := d.add(f, name, text)
	d.change()
	var moved []Breakpoint
	for _, b := range f.wanted {
		if before := b.shown; b.place(v) != before {
			moved = append(moved, b.shown)
		}
	}
	c := d.client
	d.mu.Unlock()
	if c == nil {
		return
	}
	for _, b := range moved {
		c.Moved(b)
	}
}

// versionOf returns the version of a source that a VM runs, or nil.
func (d *Debugger) versionOf(rt *bind.Runtime, chunk string) *version {
	path, sum, ok := rt.View.File(chunk)
	if !ok {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.fileAt(path)
	for _, v := range slices.Backward(f.versions) {
		if v.sum == sum && v.name == chunk {
			return v
		}
	}
	// The VM has read the file before the debugger began to watch it.
	text, err := source.Read(path, source.Open)
	if err != nil || sha256.Sum256([]byte(text)) != sum {
		return nil
	}
	return d.add(f, chunk, text)
}

// funcInfo is what the hook needs to know about a function: what begins at each instruction.
type funcInfo []statements

// statements are those that begin at an instruction.
type statements struct {
	lines       []int
	breakpoints []placed
}

// placed is a breakpoint at the line that it has in one version of its file.
type placed struct {
	*breakpoint
	line int
}

// infoOf returns the statements and breakpoints of a function.
func (d *Debugger) infoOf(rt *bind.Runtime, p *lua.FunctionProto) funcInfo {
	d.mu.Lock()
	info, epoch := d.infos[p], d.epoch.Load()
	d.mu.Unlock()
	if info != nil {
		return info
	}
	info = d.newInfo(rt, p)
	d.mu.Lock()
	defer d.mu.Unlock()
	if epoch == d.epoch.Load() {
		d.infos[p] = info
	}
	return info
}

func (d *Debugger) newInfo(rt *bind.Runtime, p *lua.FunctionProto) funcInfo {
	info := make(funcInfo, len(p.Code))
	v := d.versionOf(rt, p.SourceName)
	var starts []codegen.Start
	if v != nil {
		starts = v.startsOf(p)
	}
	if starts == nil { // another version, or code for coverage
		starts = lineStarts(p)
	}
	for _, s := range starts {
		pc := executed(p.Code, s.PC)
		info[pc].lines = append(info[pc].lines, s.Line)
	}
	if v == nil {
		return info
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.fileAt(v.path)
	for _, b := range f.wanted {
		if b.stale {
			continue
		}
		line := v.line(b.Line)
		for pc := range info {
			if slices.Contains(info[pc].lines, line) {
				info[pc].breakpoints = append(info[pc].breakpoints, placed{b, line})
			}
		}
	}
	return info
}

// lineStarts returns the instructions with another line than the one before.
func lineStarts(p *lua.FunctionProto) (starts []codegen.Start) {
	for pc, line := range p.DbgSourcePositions {
		if pc == 0 || line != p.DbgSourcePositions[pc-1] {
			starts = append(starts, codegen.Start{PC: pc, Line: line})
		}
	}
	return starts
}

// executed returns the instruction that executes the one at pc. It is another one if pc is
// in a run of moves.
func executed(code []uint32, pc int) int {
	pc = min(pc, len(code)-1)
	for first := pc - 1; first >= 0 && pc-first <= maxRun; first-- {
		switch opcode := int(code[first] >> 26); {
		case opcode == lua.OP_MOVEN && first+int(code[first]>>9)&0x1ff >= pc:
			return first
		case opcode != lua.OP_MOVE:
			return pc
		}
	}
	return pc
}

// maxRun is the longest run of moves.
const maxRun = 0x1ff

// Source returns the text of a source by its reference.
func (d *Debugger) Source(ref int) (text string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.sources[ref]
	if v == nil {
		return "", false
	}
	return v.text, true
}

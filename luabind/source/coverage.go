package source

import (
	"cmp"
	"slices"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/codegen"
)

// Coverage compiles files so that they note which of their lines run. It keeps the
// compiled functions, like a Cache. It is safe for concurrent use, but VMs that run its
// functions must not run at the same time, and Files must not be called meanwhile.
type Coverage struct {
	// Include reports whether a file, named by its absolute path, is measured. Nil
	// includes all files.
	Include func(path string) bool

	mu    sync.Mutex
	files map[measuredFile]func() (*lua.FunctionProto, *Error)
	done  []measured
}

// measuredFile is a version of a file. The compiled function contains the name.
type measuredFile struct{ path, name, text string }

type measured struct {
	file     measuredFile
	coverage *codegen.Coverage
}

// Includes reports whether a file is measured. A nil Coverage measures nothing.
func (c *Coverage) Includes(path string) bool {
	return c != nil && (c.Include == nil || c.Include(path))
}

// Compile is like Cache.Compile, for the file with this absolute path.
func (c *Coverage) Compile(path, name, text string) (*lua.FunctionProto, *Error) {
	file := measuredFile{path, name, text}
	c.mu.Lock()
	compile := c.files[file]
	if compile == nil {
		if c.files == nil {
			c.files = map[measuredFile]func() (*lua.FunctionProto, *Error){}
		}
		compile = sync.OnceValues(func() (*lua.FunctionProto, *Error) { return c.compile(file) })
		c.files[file] = compile
	}
	c.mu.Unlock()
	return compile()
}

func (c *Coverage) compile(file measuredFile) (*lua.FunctionProto, *Error) {
	coverage := &codegen.Coverage{}
	_, proto, problem := compile(file.name, file.text, codegen.Options{Coverage: coverage})
	if problem != nil {
		// Coverage needs a register, which a function at the limit does not have.
		return compileOnly(file.name, file.text)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = append(c.done, measured{file, coverage})
	return proto, nil
}

// CoveredFile is the coverage of one file.
type CoveredFile struct {
	Path string // absolute
	// Lines has each executable line, on which a statement or a condition begins. It
	// is true if the line has run.
	Lines map[int]bool
}

// MergeCoverage returns the coverage of all files, sorted by path. A line has run if it
// has run in any VM. If a file changed, only one version counts: the present one or, if
// that has not run, the first one.
func MergeCoverage(all ...*Coverage) []CoveredFile {
	versions := map[string]map[string]map[int]bool{} // by path and text
	first := map[string]string{}
	for _, c := range all {
		for _, m := range c.measured() {
			path, text := m.file.path, m.file.text
			if versions[path] == nil {
				versions[path] = map[string]map[int]bool{}
				first[path] = text
			}
			lines := versions[path][text]
			if lines == nil {
				lines = map[int]bool{}
				versions[path][text] = lines
			}
			for line, ran := range m.coverage.Lines() {
				lines[line] = lines[line] || ran
			}
		}
	}
	var files []CoveredFile
	for path, texts := range versions {
		lines := texts[first[path]]
		if len(texts) > 1 {
			if text, err := Read(path, Open); err == nil && texts[text] != nil {
				lines = texts[text]
			}
		}
		files = append(files, CoveredFile{path, lines})
	}
	slices.SortFunc(files, func(a, b CoveredFile) int { return cmp.Compare(a.Path, b.Path) })
	return files
}

func (c *Coverage) measured() []measured {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.done)
}

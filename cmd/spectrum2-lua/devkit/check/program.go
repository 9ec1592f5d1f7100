package check

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind"
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/config"
)

// sourceFile is a source that was read.
type sourceFile struct {
	text string
	tree []ast.Stmt
	ok   bool // the source was parsed
}

// source reads and parses a file once.
func (c *checker) source(path string) *sourceFile {
	if s := c.sources[path]; s != nil {
		return s
	}
	s := &sourceFile{}
	c.sources[path] = s
	text, err := source.Read(path, source.Open)
	if err != nil {
		c.tell(path, 0, "unreadable", "cannot be read: "+cause(err))
		return s
	}
	tree, _, problem := source.Compile(filepath.Base(path), text)
	s.text, s.tree, s.ok = text, tree, problem == nil
	if problem != nil {
		c.tell(path, problem.Line, "syntax", problem.Text)
	}
	return s
}

// role is the purpose of a script.
type role int

const (
	transport role = iota // returns handlers
	module                // is required by a script
	test                  // *_test.lua
)

// program is a script with the files that it requires.
type program struct {
	*checker
	dir     string   // where require looks for modules
	path    []string // further folders where it looks ([lua] path)
	role    role
	surface *surface
	units   []*unit
	byPath  map[string]*unit
	globals map[string]bool // globals that any of the files sets
	// wild is true if check cannot follow all assignments to globals.
	wild bool
	// loads is true if modules may be in other folders.
	loads bool
	calls map[string]bool // called functions of modules, such as "spectrum.http.serve"
}

// surface holds the globals and modules that a script finds in a VM.
type surface struct {
	*luabind.Surface
	byTable map[*lua.LTable]string // the names of modules and their tables
	library map[string]bool        // the globals of Lua
}

func (c *checker) surfaceOf(sandbox bool) *surface {
	if s := c.surfaces[sandbox]; s != nil {
		return s
	}
	text := "[service]\njid = check.localhost\n[lua]\nscript = script.lua\n"
	if sandbox {
		text += "sandbox = 1\n"
	}
	cfg, err := config.Parse("/check.cfg", []byte(text), config.Options{})
	if err != nil {
		panic(err) // the text is constant
	}
	settings, err := cfg.Settings()
	if err != nil {
		panic(err)
	}
	s := &surface{Surface: luabind.NewSurface(cfg, settings), byTable: map[*lua.LTable]string{}, library: map[string]bool{}}
	for _, name := range s.ModuleNames() {
		s.byTable[s.Modules[name]] = name
	}
	for name, table := range s.Modules {
		table.ForEach(func(k, v lua.LValue) {
			if t, ok := v.(*lua.LTable); ok && s.byTable[t] == "" && t.Metatable != lua.LNil {
				s.byTable[t] = name + "." + k.String()
			}
		})
	}
	s.Globals.ForEach(func(k, v lua.LValue) {
		if t, ok := v.(*lua.LTable); ok && t != s.Globals {
			s.byTable[t] = k.String()
			s.library[k.String()] = true
		}
	})
	c.surfaces[sandbox] = s
	return s
}

// script checks a script that no config names.
func (c *checker) script(path string, t target) {
	r := transport
	switch {
	case strings.HasSuffix(path, "_test.lua"):
		r = test
	case c.looksLikeModule(path, t.named):
		r = module
	}
	c.program(path, r, config.Settings{})
}

// program checks a script and all files that it requires, but not those in folders of
// [lua] path: other authors wrote them.
func (c *checker) program(path string, r role, settings config.Settings) *program {
	p := &program{checker: c, dir: filepath.Dir(path), path: settings.Path, role: r, surface: c.surfaceOf(settings.Sandbox),
		byPath: map[string]*unit{}, globals: map[string]bool{}, calls: map[string]bool{}}
	p.follow(path)
	for _, u := range p.units {
		for name := range u.globalSets {
			p.globals[name] = true
		}
		p.wild = p.wild || u.wild
		p.loads = p.loads || u.usesPackage
	}
	for i, u := range p.units {
		u.isMain = i == 0
		if !p.foreign(u.path) {
			u.check()
		}
	}
	return p
}

// foreign reports whether a file is in a folder of [lua] path and not in the script's.
func (p *program) foreign(file string) bool {
	within := func(folder string) bool {
		name, err := filepath.Rel(folder, file)
		return err == nil && filepath.IsLocal(name)
	}
	return !within(p.dir) && slices.ContainsFunc(p.path, within)
}

// maxFiles is the largest number of files of one script.
const maxFiles = 2000

// follow reads a file and the files that it requires.
func (p *program) follow(path string) {
	queue := []string{path}
	for len(queue) > 0 && len(p.units) < maxFiles {
		path, queue = queue[0], queue[1:]
		if p.byPath[path] != nil {
			continue
		}
		s := p.source(path)
		p.checked[path] = true
		u := newUnit(p, path, s)
		p.byPath[path] = u
		p.units = append(p.units, u)
		for _, r := range u.requires {
			if file := p.find(r.name); file != "" {
				queue = append(queue, file)
			}
		}
	}
}

// find returns the file that require loads for a module, or "".
func (p *program) find(name string) string {
	if p.surface.Modules[name] != nil || len(name) > maxName {
		return ""
	}
	for _, file := range p.places(name) {
		if f, err := source.Open(file); err == nil {
			info, err := f.Stat()
			_ = f.Close()
			if err == nil && info.Mode().IsRegular() {
				return file
			}
		}
	}
	return ""
}

const maxName = 200

// places returns the paths where require looks for a module.
func (p *program) places(name string) []string {
	if strings.ContainsRune(name, 0) {
		return nil
	}
	var places []string
	for _, folder := range append([]string{p.dir}, p.path...) {
		base := filepath.Join(folder, strings.ReplaceAll(name, ".", string(filepath.Separator)))
		places = append(places, base+".lua", filepath.Join(base, "init.lua"))
	}
	return places
}

// checkRequires reports required modules that do not exist.
func (u *unit) checkRequires() {
	for _, r := range u.requires {
		p := u.program
		switch {
		case p.surface.Modules[r.name] != nil || p.surface.library[r.name] || r.name == "_G" || p.isTestModule(r.name):
		case r.name == "spectrum" || strings.HasPrefix(r.name, "spectrum."):
			u.tell(r.line, "unknown-module", fmt.Sprintf("require %q: there is no such module%s", r.name, bind.DidYouMean(r.name, p.surface.ModuleNames())))
		case p.role == module || p.loads || p.find(r.name) != "":
		default:
			var tried []string
			for _, place := range p.places(r.name) {
				tried = append(tried, display(place))
			}
			u.tell(r.line, "unknown-module", fmt.Sprintf("require %q: there is no such module: no file %s%s",
				r.name, strings.Join(tried, ", no file "), bind.DidYouMean(r.name, p.surface.ModuleNames())))
		}
	}
}

// testModule is a module for tests; in a *_test.lua it is also a global.
const testModule = "test"

func (p *program) isTestModule(name string) bool {
	return p.role == test && (name == testModule || name == "spectrum."+testModule)
}

// required returns the files that scripts require. They are modules, not transports.
func (c *checker) required(scripts []target) map[string]bool {
	modules := map[string]bool{}
	for _, t := range scripts {
		path := absolute(t.path)
		p := &program{checker: c, dir: filepath.Dir(path), surface: c.surfaceOf(false)}
		if !strings.HasSuffix(path, "_test.lua") {
			for _, r := range newUnit(p, path, c.source(path)).requires {
				if file := p.find(r.name); file != path {
					modules[file] = true
				}
			}
		}
	}
	return modules
}

// looksLikeModule reports whether a script is a module: it returns functions, and few of
// them have names of handlers.
func (c *checker) looksLikeModule(path string, named bool) bool {
	s := c.source(path)
	if !s.ok {
		return false
	}
	p := &program{checker: c, dir: filepath.Dir(path), surface: c.surfaceOf(false), globals: map[string]bool{}}
	u := newUnit(p, path, s)
	h := u.findHandlers()
	if h == nil || h.table == nil {
		nothing := h != nil && h.returned == lua.LNil
		return !named && !(nothing && u.mentionsHandlers())
	}
	if h.variable == "on" {
		return false
	}
	known := 0
	for _, e := range h.entries {
		if luabind.CheckHandler(e.name, someFunction) == nil {
			known++
		}
	}
	if len(h.entries) == 0 {
		return !named
	}
	return known == 0 || 2*known < len(h.entries)
}

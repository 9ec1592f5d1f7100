package scripttest

import (
	"fmt"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// suite holds the cases and settings of a test file. The script lock of its world guards it.
type suite struct {
	world   *world
	path    string // the absolute path of the test file
	runtime *bind.Runtime
	cases   []*testCase
	script  string // the script or config to test
	config  *lua.LTable
}

// testCase is one case of a file.
type testCase struct {
	name string
	run  *lua.LFunction
}

func newSuite(w *world, path string) *suite {
	return &suite{world: w, path: path, script: strings.TrimSuffix(path, suffix) + ".lua"}
}

// find returns the case with a name, or nil.
func (s *suite) find(name string) *testCase {
	for _, c := range s.cases {
		if c.name == name {
			return c
		}
	}
	return nil
}

// call runs a case in the task t.
func (s *suite) call(t *task.Task, c *testCase) error {
	return s.runtime.Call(t, c.run, []lua.LValue{caseClass.New(s.world)}, nil)
}

// module returns the module spectrum.test.
func (s *suite) module() bind.Module {
	return bind.Module{Name: "spectrum.test", Open: func(rt *bind.Runtime) *lua.LTable {
		s.runtime = rt
		fns := bind.Functions{
			"case":   s.addCase,
			"script": s.setScript,
			"config": s.setConfig,
			"skip":   s.world.skip,

			"eventually": s.world.eventually,
		}
		for name, fn := range assertions {
			fns[name] = fn
		}
		m := bind.NewModule("test", fns)
		m.RawSetString("any", anyValue)
		m.RawSetString("none", noValue)
		return m
	}}
}

// addCase implements test.case(name, fn).
func (s *suite) addCase(l *lua.LState) int {
	name, run := l.CheckString(1), l.CheckFunction(2)
	if s.world.running() != nil {
		bind.Raise(l, "call test.case while the file loads, not in a case")
	}
	if s.find(name) != nil {
		bind.Raise(l, "the file already has a case %q: each case needs its own name", name)
	}
	s.cases = append(s.cases, &testCase{name, run})
	return 0
}

// setScript implements test.script(path), which names the script or config to test. A
// relative path starts at the folder of the test file.
func (s *suite) setScript(l *lua.LState) int {
	s.script = s.beside(l.CheckString(1))
	return 0
}

// beside resolves a path of the test file.
func (s *suite) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.path), path)
}

// setConfig implements test.config{ section = { key = value } }, which adds keys to the
// config of each case.
func (s *suite) setConfig(l *lua.LState) int {
	s.config = l.CheckTable(1)
	if err := checkSections(s.config); err != nil {
		l.ArgError(1, err.Error())
	}
	return 0
}

// checkSections returns an error if a table is not a valid config.
func checkSections(config *lua.LTable) (err error) {
	config.ForEach(func(section, keys lua.LValue) {
		if _, ok := section.(lua.LString); !ok || keys.Type() != lua.LTTable {
			err = fmt.Errorf("table of sections expected (as in { irc = { nick = \"alice\" } }), got %s = %s",
				section.String(), bind.Describe(keys))
		}
	})
	return err
}

package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/codegen"
)

// environment returns the function whose environment argument 1 means. The argument is
// a function or a level. It returns nil for level 0, which means the thread.
func (c call) environment(optional bool) *lua.LFunction {
	if fn, ok := c.l.Get(1).(*lua.LFunction); ok {
		return fn
	}
	level := 1
	if !optional || c.given(1) {
		level = c.integer(1)
	}
	if level < 0 {
		c.argError(1, "level must be non-negative")
	}
	if level == 0 {
		return nil
	}
	fn := functionAt(c.l, level)
	if fn == nil {
		c.argError(1, "invalid level")
	}
	return fn
}

func baseGetFEnv(c call) int {
	fn := c.environment(true)
	if fn == nil || fn.IsG {
		return c.ret(c.l.G.Global)
	}
	return c.ret(fn.Env)
}

// baseSetFEnv implements setfenv for Lua functions. It does not change the environment of
// a thread because all users share it.
func baseSetFEnv(c call) int {
	env := c.table(2)
	fn := c.environment(false)
	if fn == nil || fn.IsG {
		c.raise("'setfenv' cannot change environment of given object")
	}
	fn.Env = env
	return c.ret(fn)
}

// baseLoad implements load. As in later versions of Lua, the source may be a string and
// the fourth argument is the environment.
func (lib *Library) baseLoad(c call) int {
	name := c.optStr(2, "=(load)")
	if c.given(3) && !strings.Contains(c.str(3), "t") {
		return c.fail("attempt to load a text chunk (mode is '%s')", c.str(3))
	}
	source, ok := c.l.Get(1).(lua.LString)
	if !ok {
		text, problem := lib.readPieces(c, c.function(1))
		if problem != nil {
			return c.ret(lua.LNil, problem)
		}
		source = text
	}
	fn, n := lib.compile(c, name, string(source))
	if fn != nil && c.given(4) {
		fn.Env = c.table(4)
	}
	return n
}

// readPieces calls a reader until it returns nil or an empty string, and joins the
// pieces. problem is nil, an error that the reader raised, or a message about a wrong
// piece.
func (lib *Library) readPieces(c call, reader *lua.LFunction) (text lua.LString, problem lua.LValue) {
	var pieces strings.Builder
	for {
		top := c.l.GetTop()
		n := lib.protected(c, reader, top, lua.LNil)
		succeeded, v := c.l.Get(top+1) == lua.LTrue, c.l.Get(top+2)
		c.l.SetTop(top)
		switch {
		case !succeeded:
			return "", v
		case n == 1, v == lua.LNil:
			return lua.LString(pieces.String()), nil
		}
		piece, ok := v.(lua.LString)
		if number, isNumber := v.(lua.LNumber); isNumber {
			piece, ok = lua.LString(formatNumber(float64(number))), true
		}
		switch {
		case !ok:
			return "", lua.LString("reader function must return a string")
		case piece == "":
			return lua.LString(pieces.String()), nil
		case pieces.Len()+len(piece) > lib.options.MaxSource:
			return "", lua.LString("the source given to load is too long")
		}
		pieces.WriteString(string(piece))
	}
}

func (lib *Library) baseLoadString(c call) int {
	source := c.str(1)
	name := "[string \"" + firstLine(source) + "\"]"
	if c.given(2) {
		name = c.str(2)
	}
	_, n := lib.compile(c, name, source)
	return n
}

// firstLine returns the beginning of the first line, which names a chunk without a name.
func firstLine(source string) string {
	const most = 40
	line, _, more := strings.Cut(source, "\n")
	if len(line) > most {
		line, more = line[:most], true
	}
	if more {
		line += "..."
	}
	return line
}

// compile compiles a source and pushes the function, or nil and an error.
func (lib *Library) compile(c call, name, source string) (*lua.LFunction, int) {
	switch {
	case len(source) > lib.options.MaxSource:
		return nil, c.fail("the source given to %s is too long: %d bytes, at most %d", c.name, len(source), lib.options.MaxSource)
	case strings.HasPrefix(source, "\x1b"):
		return nil, c.fail("%s: compiled Lua cannot be loaded", c.name)
	}
	if len(name) > 0 && (name[0] == '=' || name[0] == '@') {
		name = name[1:]
	}
	fn, err := lib.options.Compile(name, source)
	if err != nil {
		return nil, c.fail("%v", err)
	}
	return fn, c.ret(fn)
}

func (lib *Library) baseLoadFile(c call) int {
	fn, err := lib.options.LoadFile(c.str(1))
	if err != nil {
		return c.fail("%v", err)
	}
	return c.ret(fn)
}

func (lib *Library) baseDoFile(c call) int {
	fn, err := lib.options.LoadFile(c.str(1))
	if err != nil {
		c.raise("%v", err)
	}
	top := c.l.GetTop()
	c.l.Push(fn)
	c.l.Call(0, lua.MultRet)
	return c.l.GetTop() - top
}

// mustCompile compiles Lua code of this package. It panics on an error.
func mustCompile(source, name string) *lua.FunctionProto {
	chunk, err := parse.Parse(strings.NewReader(source), name)
	if err != nil {
		panic(err)
	}
	proto, err := codegen.Compile(chunk, codegen.Options{Name: name})
	if err != nil {
		panic(err)
	}
	return proto
}

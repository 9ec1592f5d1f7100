package luabind

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/shorten"
	"spectrumlua/runtime/task"
)

// evalName is the name of the chunk in messages about the text of Eval.
const evalName = "/lua"

// Limits of the results that Eval returns.
const (
	maxEvalResults = 100
	maxEvalText    = 4096 // bytes of one result
)

// Errors of code whose task was cancelled before it ran.
var (
	errSessionEnded = errors.New("the session has ended before the code ran")
	errProcessEnds  = errors.New("the process ends, and the code has not run")
)

// Eval runs Lua code that a tool's user has typed, an expression or statements, in the
// VM of the current script. It returns the results as text. Eval waits until the code
// has returned, or until ctx is done, which cancels the code.
//
// The code runs as a task of the user's session, with the global session. Without a
// session it runs as a task of the process, and session is nil. The global spectrum is
// the module. Other globals are those of the script.
func (h *Host) Eval(ctx context.Context, user, text string) (results []string, err error) {
	owner, s := h.sessions.Process(), h.sessions.Find(user)
	if s != nil {
		owner = s.Owner()
	}
	return h.typed(ctx, owner, func(v *vm) (*vm, *lua.LFunction, error) {
		var session lua.LValue = lua.LNil
		if s != nil {
			session = &h.sessionObject(s).userdata
		}
		fn, err := v.compileTyped(evalName, text)
		if err == nil {
			fn.Env = v.typedEnv(map[lua.LValue]lua.LValue{lua.LString("session"): session})
		}
		return v, fn, err
	}, func() {})
}

// typed runs a function that prepare has made as a task of an owner, and returns its results
// as text. prepare is called with the VM of the script, and returns the VM of the function.
// ended is called after the function has returned. Both are called with the script lock.
func (h *Host) typed(
	ctx context.Context, owner *task.Owner, prepare func(v *vm) (*vm, *lua.LFunction, error), ended func(),
) (results []string, err error) {
	t := owner.Spawn("", func(t *task.Task) {
		defer ended()
		t.SetLabel(&task.Label{Kind: "console"})
		v := h.vm
		if v == nil {
			err = h.loadErr
			return
		}
		var fn *lua.LFunction
		if v, fn, err = prepare(v); err == nil {
			err = v.call(t, v.textsOf(fn, &results), nil)
		}
	})
	switch never := t.Await(ctx, t.Cancel); {
	case never == nil:
		return results, err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case owner == h.sessions.Process():
		return nil, errProcessEnds
	}
	return nil, errSessionEnded
}

// compileTyped compiles an expression or, if the text is not one, statements. As at the
// prompt of Lua 5.1, a text may start with = before an expression. name is that of the chunk.
func (v *vm) compileTyped(name, text string) (*lua.LFunction, error) {
	expression, _ := strings.CutPrefix(strings.TrimSpace(text), "=")
	if fn, err := v.compile(name, "return "+expression); err == nil {
		return fn, nil
	}
	return v.compile(name, text)
}

// typedEnv returns the globals of typed code: more, whose values may be nil, those of the
// script, and the module spectrum if the script has no such global.
func (v *vm) typedEnv(more map[lua.LValue]lua.LValue) *lua.LTable {
	globals := v.state.G.Global
	meta := bind.NewTable()
	meta.RawSetString("__newindex", globals)
	meta.RawSetString("__index", v.state.NewFunction(func(l *lua.LState) int {
		key := l.Get(2)
		value, ok := more[key]
		switch {
		case ok:
		case key == lua.LString(spectrumModule) && globals.RawGet(key) == lua.LNil:
			value = v.runtime.Spectrum
		default:
			value = l.GetTable(globals, key)
		}
		return bind.Return(l, value)
	}))
	env := bind.NewTable()
	env.Metatable = meta
	return env
}

// textsOf returns a function that calls fn and stores its results as texts.
func (v *vm) textsOf(fn *lua.LFunction, texts *[]string) *lua.LFunction {
	return v.state.NewFunction(func(l *lua.LState) int {
		l.Push(fn)
		l.Call(0, lua.MultRet)
		n := l.GetTop()
		shown := min(n, maxEvalResults)
		all := make([]string, 0, shown+1)
		for i := 1; i <= shown; i++ {
			all = append(all, typedText(l, l.Get(i)))
		}
		if n > shown {
			all = append(all, fmt.Sprintf("… (%d more)", n-shown))
		}
		*texts = all
		return 0
	})
}

// typedText returns a result of Eval as text: as tostring does, but a table without
// __tostring as its fields.
func typedText(l *lua.LState, value lua.LValue) string {
	table, isTable := value.(*lua.LTable)
	if seen, ok := viewOf(value); ok { // without the __tostring of the script
		table = seen.table
	} else if !isTable || l.GetMetaField(value, "__tostring") != lua.LNil {
		return shorten.Sized(l.ToStringMeta(value).String(), maxEvalText)
	}
	return cmp.Or(errorFields(table, ""), "{}")
}

package luabind

import (
	"context"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// evalName is the name of the chunk in messages about the text of Eval.
const evalName = "/lua"

// Limits of the results that Eval returns.
const (
	maxEvalResults = 100
	maxEvalText    = 4096 // bytes of one result
)

// errEvalEnded is the error of an Eval whose task was cancelled before it ran.
var errEvalEnded = errors.New("the session ended before the expression ran")

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
	err = errEvalEnded
	t := owner.Spawn("", func(t *task.Task) {
		t.SetLabel(&task.Label{Kind: "console"})
		v := h.vm
		if v == nil {
			err = h.loadErr
			return
		}
		var session lua.LValue = lua.LNil
		if s != nil {
			session = &h.sessionObject(s).userdata
		}
		var fn *lua.LFunction
		if fn, err = v.compileTyped(text); err != nil {
			return
		}
		fn.Env = v.typedEnv(session)
		err = v.call(t, v.textsOf(fn, &results), nil)
	})
	select {
	case <-t.Ended():
	case <-ctx.Done():
		t.Cancel(context.Cause(ctx))
		<-t.Ended()
	}
	return results, err
}

// compileTyped compiles an expression or, if the text is not one, statements. As at the
// prompt of Lua 5.1, a text may start with = before an expression.
func (v *vm) compileTyped(text string) (*lua.LFunction, error) {
	expression, _ := strings.CutPrefix(strings.TrimSpace(text), "=")
	if fn, err := v.compile(evalName, "return "+expression); err == nil {
		return fn, nil
	}
	return v.compile(evalName, text)
}

// typedEnv returns the globals of the code of Eval.
func (v *vm) typedEnv(session lua.LValue) *lua.LTable {
	globals := v.state.G.Global
	meta := bind.NewTable()
	meta.RawSetString("__newindex", globals)
	meta.RawSetString("__index", v.state.NewFunction(func(l *lua.LState) int {
		key := l.Get(2)
		switch key {
		case lua.LString("session"):
			return bind.Return(l, session)
		case lua.LString(spectrumModule):
			if globals.RawGet(key) == lua.LNil {
				return bind.Return(l, v.runtime.Spectrum)
			}
		}
		return bind.Return(l, l.GetTable(globals, key))
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
	table, ok := value.(*lua.LTable)
	if !ok || l.GetMetaField(value, "__tostring") != lua.LNil {
		text := l.ToStringMeta(value).String()
		if len(text) > maxEvalText {
			return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:maxEvalText], ""), len(text))
		}
		return text
	}
	if fields := errorFields(table, ""); fields != "" {
		return fields
	}
	return "{}"
}

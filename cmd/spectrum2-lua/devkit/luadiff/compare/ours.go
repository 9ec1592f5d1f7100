package compare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind"
	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
)

// Ours is our implementation, with the compiler, library and limits of scripts.
type Ours struct {
	// Messages reports whether texts of errors are compared.
	Messages bool
	// Timeout is how long a program may run, as handler_timeout; default: 10 s.
	Timeout time.Duration
	// Coverage runs programs with coverage.
	Coverage bool
}

var preludeFunction = sync.OnceValue(func() *lua.FunctionProto {
	_, proto, problem := source.Compile("prelude", prelude)
	if problem != nil {
		panic(problem.In("prelude"))
	}
	return proto
})

// Run runs each program in its own VM.
func (o *Ours) Run(ctx context.Context, sources []string) ([]Result, error) {
	results := make([]Result, len(sources))
	for i, text := range sources {
		results[i] = o.one(ctx, text)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return results, nil
}

func (o *Ours) one(ctx context.Context, text string) (result Result) {
	timeout := o.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			result.Broken = fmt.Sprintf("a Go panic: %v", r)
		}
	}()
	l, stacks := luabind.NewState()
	compile := func(name, text string) (*lua.LFunction, error) {
		_, proto, problem := source.Compile(name, text)
		if o.Coverage {
			proto, problem = (&source.Coverage{}).Compile(name, name, text)
		}
		if problem != nil {
			return nil, errors.New(problem.In(name))
		}
		return l.NewFunctionFromProto(proto), nil
	}
	stdlib.Open(l, stdlib.Options{
		Stacks:    stacks,
		MaxString: 64 << 20,
		MaxSource: 1 << 20,
		Compile:   compile,
		LoadFile:  func(string) (*lua.LFunction, error) { return nil, errors.New("there are no files") },
		Require:   func(l *lua.LState) int { l.RaiseError("there are no modules"); return 0 },
		Print:     func(*lua.LState, string) {},
	})
	chunk, err := compile("p", text)
	if err != nil {
		return Result{Refused: err.Error()}
	}
	emit := l.NewFunction(func(l *lua.LState) int {
		line := l.CheckString(1)
		if strings.HasPrefix(line, "INTERNAL ERROR") {
			result.Broken = line
		}
		result.Lines = append(result.Lines, line)
		return 0
	})
	thread := stacks.NewThread(l)
	thread.SetContext(ctx)
	call := func(results int, fn lua.LValue, args ...lua.LValue) error {
		thread.Push(fn)
		for _, a := range args {
			thread.Push(a)
		}
		return stdlib.Run(thread, len(args), results)
	}
	err = call(1, l.NewFunctionFromProto(preludeFunction()), emit, lua.LBool(o.Messages))
	if err == nil {
		run := thread.Get(-1)
		thread.Pop(1)
		err = call(0, run, chunk)
	}
	switch {
	case ctx.Err() != nil:
		result.Broken = fmt.Sprintf("it ran for longer than %v", timeout)
	case err != nil:
		result.Broken = err.Error()
	}
	return result
}

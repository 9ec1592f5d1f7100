package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/task"
)

// function is a function of the script that makes a file. It is a resource of its owner:
// when the owner ends, the address answers 410.
type function struct {
	runtime *bind.Runtime
	owner   *task.Owner
	fn      *lua.LFunction
	place   string // file:line of the function, for the log

	mu       sync.Mutex
	resource *task.Resource // nil until the owner has it
	drop     func()         // nil until the service has the function
	ended    bool
}

// errOwnerGone is the error of a function whose owner has ended.
var errOwnerGone = errors.New("the session has ended")

// addFunction shares a file that a function makes. It runs without the script lock.
func (s *sharing) addFunction(ctx context.Context) (files.File, *function, error) {
	f := &function{runtime: s.runtime, owner: s.owner, fn: s.fn, place: placeOf(s.fn)}
	s.options.Done = f.done
	shared, drop, err := s.runtime.Files.AddFunction(ctx, s.meta, f.run, s.options)
	if err != nil {
		return shared, nil, err
	}
	resource := s.owner.Own(f)
	f.mu.Lock()
	f.resource, f.drop = resource, drop
	ended := f.ended || resource.Closed()
	f.mu.Unlock()
	if ended {
		drop()
		_ = resource.Close()
	}
	return shared, f, nil
}

// over reports whether the function cannot be called again.
func (f *function) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// Close implements io.Closer for the owner.
func (f *function) Close() error {
	f.mu.Lock()
	drop := f.drop
	f.ended = true
	f.mu.Unlock()
	if drop != nil {
		drop()
	}
	return nil
}

// done is called when the service does not call the function again.
func (f *function) done() {
	f.mu.Lock()
	resource, ended := f.resource, f.ended
	f.ended = true
	f.mu.Unlock()
	if !ended && resource != nil { // not from Close
		_ = resource.Close()
	}
}

// run calls the function in a task of the owner. It implements files.Function.
func (f *function) run(ctx context.Context, w io.Writer) error {
	out := &output{w: w}
	var failed error
	t := f.owner.Spawn("", func(t *task.Task) {
		label := bind.Label("file", "", f.fn)
		t.SetLabel(&label)
		failed = f.call(t, out)
	})
	if t.Await(ctx, t.EndWaits) != nil {
		return errOwnerGone
	}
	return failed
}

// call calls the function. It logs why it fails, unless the task was cancelled.
func (f *function) call(t *task.Task, out *output) error {
	var result error
	var rest string
	var from source
	err := f.runtime.Call(t, f.fn, []lua.LValue{out.function()}, func(l *lua.LState, n int) {
		rest, from, result = f.read(l, n)
	})
	if err != nil {
		f.runtime.LogError("the function of a shared file", t, err)
		return err
	}
	switch {
	case result != nil:
	case from != nil:
		result = from.TaskCopy(t, out.write)
	case rest != "":
		result = t.Wait(func(context.Context) error { return out.write([]byte(rest)) })
	}
	err = cmp.Or(result, out.failure())
	if err != nil && t.Err() == nil {
		log := f.runtime.Log.WithField("error", err.Error())
		if user := f.owner.Name(); user != "" {
			log = log.WithField("user", user)
		}
		log.WithField("at", f.place).Warn("a shared file could not be made")
	}
	return err
}

// source is an object that the function may return, such as a response in pieces.
type source interface {
	TaskCopy(t *task.Task, write func(data []byte) error) error
}

// read reads what the function has returned: nothing, the content or its rest, an object
// with it, or nil and a message.
func (*function) read(l *lua.LState, n int) (rest string, from source, err error) {
	if n == 0 {
		return "", nil, nil
	}
	switch first := l.Get(-n).(type) {
	case lua.LString:
		return string(first), nil, nil
	case *lua.LNilType:
		if n > 1 && l.Get(1-n) != lua.LNil {
			return "", nil, errors.New(l.Get(1 - n).String())
		}
		return "", nil, nil
	case *lua.LUserData:
		if failed, ok := first.Value.(interface{ Failed() error }); ok {
			err = failed.Failed()
		}
		if from, ok := first.Value.(source); ok {
			return "", from, err
		}
	}
	return "", nil, fmt.Errorf("the function returned a %s instead of a string or a stream", l.Get(-n).Type())
}

// output is what a function writes to. err is its first error.
type output struct {
	w io.Writer

	mu  sync.Mutex
	err error
}

// Write implements io.Writer. It runs without the script lock.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

func (o *output) write(p []byte) error {
	_, err := o.Write(p)
	return err
}

func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// function returns write(data): true, or nil and a message.
func (o *output) function() *lua.LFunction {
	busy := false
	return bind.Function("write", func(l *lua.LState) int {
		data := l.CheckString(1)
		if busy {
			bind.Raise(l, "write: another task writes to this file")
		}
		busy = true
		defer func() { busy = false }()
		err := bind.Wait(l, func(context.Context) error {
			return o.write([]byte(data))
		})
		if err != nil {
			return bind.Fail(l, err)
		}
		return bind.Return(l, lua.LTrue)
	})
}

// placeOf returns the position of a function as file:line.
func placeOf(fn *lua.LFunction) string {
	if fn.Proto == nil {
		return "a function of the runtime"
	}
	return fmt.Sprintf("%s:%d", filepath.Base(fn.Proto.SourceName), fn.Proto.LineDefined)
}

// Package process implements the module spectrum.process: programs that run
// alongside the script, with their input and output. Commands do not pass
// through a shell.
package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/dependent"
	"spectrumlua/runtime/task"
)

// Module is spectrum.process.
var Module = bind.Module{Name: "spectrum.process", Open: open}

func open(*bind.Runtime) *lua.LTable {
	return bind.NewModule("spectrum.process", bind.Functions{"start": start})
}

// child is a program as scripts hold it. The script lock guards it.
type child struct {
	cmd      *exec.Cmd
	resource *task.Resource
	input    *os.File
	output   stream.Reader
	errors   stream.Reader
	files    []*os.File
	ended    chan struct{} // closed when state is set
	state    *os.ProcessState

	turns  stream.Turns // for writing
	broken error        // why nothing can be written; guarded by the turn
}

// Opened implements bind.Opened.
func (c *child) Opened() *task.Resource { return c.resource }

var childClass = bind.NewClass("process", map[string]func(l *lua.LState, c *child) int{
	"read_line":       func(l *lua.LState, c *child) int { return c.output.LuaReadLine(l) },
	"read_some":       func(l *lua.LState, c *child) int { return c.output.LuaReadSome(l) },
	"read_error_line": func(l *lua.LState, c *child) int { return c.errors.LuaReadLine(l) },
	"write":           write,
	"close_input":     closeInput,
	"wait":            wait,
	"signal":          signal,
	"close":           closeChild,
}, map[string]func(l *lua.LState, c *child) lua.LValue{
	"pid": func(_ *lua.LState, c *child) lua.LValue { return lua.LNumber(c.cmd.Process.Pid) },
})

// start is start{ program, argument, …, dir = , env = , owner = } → process.
func start(l *lua.LState) int {
	command, options := words(l)
	o := options
	dir := o.String("dir", "")
	env := o.Table("env")
	owner := o.Owner()
	o.Done()
	if err := bind.RuntimeOf(l).Policy.CheckProgram(); err != nil {
		return bind.Fail(l, err)
	}
	c := &child{cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{})}
	c.cmd.Dir = dir
	c.cmd.Env = environment(env)
	// A process group of its own, so that a signal reaches what the program has started too.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.launch(l); err != nil {
		return bind.Fail(l, fmt.Errorf("cannot start %s: %w", command[0], plain(err)))
	}
	c.resource = owner.Own(closer(c.kill))
	return bind.Return(l, childClass.New(c))
}

// words reads the list part of argument 1 as the command, and the rest as
// options.
func words(l *lua.LState) ([]string, *bind.Options) {
	table := l.CheckTable(1)
	var command []string
	rest := bind.NewTable()
	for i := 1; i <= table.Len(); i++ {
		switch w := table.RawGetInt(i).(type) {
		case lua.LString, lua.LNumber:
			command = append(command, w.String())
		default:
			bind.Raise(l, "start: word %d of the command: string expected, got %s", i, bind.Describe(w))
		}
		if strings.ContainsRune(command[i-1], 0) {
			bind.Raise(l, "start: word %d of the command has a NUL byte", i)
		}
	}
	if len(command) == 0 || command[0] == "" {
		bind.Raise(l, "start: program expected (as in start{ \"signal-cli\", \"daemon\" })")
	}
	table.ForEach(func(k, v lua.LValue) {
		if _, isWord := k.(lua.LNumber); !isWord {
			rest.RawSet(k, v)
		}
	})
	l.Replace(1, rest)
	return command, bind.OptionsAt(l, 1, "start")
}

// environment returns this process's environment with the changes; false
// removes a variable.
func environment(changes *lua.LTable) []string {
	env := os.Environ()
	if changes == nil {
		return env
	}
	changes.ForEach(func(k, v lua.LValue) {
		name := k.String() + "="
		kept := env[:0]
		for _, e := range env {
			if !strings.HasPrefix(e, name) {
				kept = append(kept, e)
			}
		}
		env = kept
		if v != lua.LFalse {
			env = append(env, name+v.String())
		}
	})
	return env
}

// launch starts the program, which may wait for the disk. If the task is
// cancelled, launch raises and leaves nothing running.
func (c *child) launch(l *lua.LState) error {
	var err error
	finished := false
	defer func() {
		if c.cmd.Process != nil && err == nil && !finished {
			_ = c.kill()
		}
	}()
	_ = bind.Wait(l, func(context.Context) error {
		err = c.begin()
		return nil
	})
	finished = true
	return err
}

// begin makes the pipes and starts the program.
func (c *child) begin() error {
	var theirs []*os.File
	defer func() { closeAll(theirs) }()
	pipe := func(writing bool) (ours, other *os.File, err error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		ours, other = r, w
		if writing {
			ours, other = w, r
		}
		c.files, theirs = append(c.files, ours), append(theirs, other)
		return ours, other, nil
	}
	var stdin, stdout, stderr, out, errs *os.File
	var err error
	if c.input, stdin, err = pipe(true); err == nil {
		if out, stdout, err = pipe(false); err == nil {
			errs, stderr, err = pipe(false)
		}
	}
	if err == nil {
		c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = stdin, stdout, stderr
		err = dependent.Start(c.cmd, c.reap)
	}
	if err != nil {
		closeAll(c.files)
		return err
	}
	options := stream.Options{What: "program", Closed: c.closed, Explain: plain}
	c.output, c.errors = stream.New(out, options), stream.New(errs, options)
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// reap waits for the program's end, so that no zombie remains. Processes that
// the program leaves in its group end with it, because another group may get
// the same number later.
func (c *child) reap() {
	waitForGroup(c.cmd) // ProcessState holds the result
	c.state = c.cmd.ProcessState
	close(c.ended)
}

// kill kills the program with all processes that it has started, and closes
// its pipes.
func (c *child) kill() error {
	select {
	case <-c.ended:
	default:
		killGroup(c.cmd)
	}
	closeAll(c.files)
	return nil
}

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

type closer func() error

func (c closer) Close() error { return c() }

// closed returns errClosed if the script has closed the process, or else nil.
func (c *child) closed() error {
	if c.resource.Closed() {
		return errClosed
	}
	return nil
}

var (
	errClosed = errors.New("the process is closed")
	errCutOff = errors.New("an earlier write was cut off in the middle, so nothing more can be written")
)

// write is write(s, …). Tasks that write at the same time take turns in the
// order of their calls.
func write(l *lua.LState, c *child) int {
	data := bind.CheckStrings(l, 2)
	turn := c.turns.Ask()
	defer turn.Leave()
	if err := bind.Wait(l, func(ctx context.Context) error { return turn.Wait(ctx, 0) }); err != nil {
		return bind.Fail(l, err)
	}
	if err := cmp.Or(c.closed(), c.broken); err != nil {
		return bind.Fail(l, err)
	}
	err := stream.Interruptible(l, time.Time{}, c.input.SetWriteDeadline, func() error {
		n, err := c.input.Write(data)
		if err != nil && n > 0 {
			c.broken = errCutOff
		}
		return err
	})
	if err != nil {
		return bind.Fail(l, cmp.Or(c.closed(), plain(err)))
	}
	return bind.Return(l, lua.LTrue)
}

// closeInput is close_input(). The program then reads the end of its input.
func closeInput(_ *lua.LState, c *child) int {
	_ = c.input.Close()
	return 0
}

// wait is wait([timeout]). It returns the exit code, or nil and what ended the
// program.
func wait(l *lua.LState, c *child) int {
	var timeout time.Duration
	if l.Get(2) != lua.LNil {
		timeout = bind.CheckSeconds(l, 2)
	}
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) error {
		select {
		case <-c.ended:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	if status, ok := c.state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return bind.Failf(l, "ended by the signal %s", signalName(status.Signal()))
	}
	return bind.Return(l, lua.LNumber(c.state.ExitCode()))
}

// closeChild is close(). It kills the program with all processes that it has
// started.
func closeChild(_ *lua.LState, c *child) int {
	_ = c.resource.Close()
	return 0
}

// plain removes what the reader of an error knows already.
func plain(err error) error {
	var path *os.PathError
	var failed *exec.Error
	var system *os.SyscallError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the program has closed it")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return bind.ErrTimeout
	case errors.Is(err, os.ErrClosed):
		return errors.New("the input is closed")
	case errors.Is(err, syscall.EPIPE):
		return errors.New("the program does not read its input any more")
	case errors.As(err, &failed):
		return failed.Err
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &system):
		return system.Err
	}
	return err
}

package dap

import (
	"path/filepath"

	dap "github.com/google/go-dap"

	"spectrumlua/luabind/debugger"
)

// Stopped implements debugger.Client.
func (s *session) Stopped(stop debugger.Stop) {
	e := &dap.StoppedEvent{}
	e.Body = dap.StoppedEventBody{Reason: string(stop.Reason), ThreadId: stop.Thread, HitBreakpointIds: stop.Breakpoints, Text: stop.Text}
	if stop.Reason == debugger.Raised {
		e.Body.Description = "Stopped at an error"
	}
	s.event("stopped", e)
}

// Continued implements debugger.Client.
func (s *session) Continued(thread int) {
	e := &dap.ContinuedEvent{}
	e.Body.ThreadId = thread
	s.event("continued", e)
}

// Exited implements debugger.Client.
func (s *session) Exited(thread int) {
	e := &dap.ThreadEvent{}
	e.Body = dap.ThreadEventBody{Reason: "exited", ThreadId: thread}
	s.event("thread", e)
}

// Moved implements debugger.Client.
func (s *session) Moved(b debugger.Breakpoint) {
	e := &dap.BreakpointEvent{}
	e.Body = dap.BreakpointEventBody{Reason: "changed", Breakpoint: s.breakpoint(b)}
	s.event("breakpoint", e)
}

// Output implements debugger.Client.
func (s *session) Output(o debugger.Output) {
	e := &dap.OutputEvent{}
	e.Body = dap.OutputEventBody{Category: "console", Output: o.Text}
	if o.Path != "" {
		e.Body.Source, e.Body.Line = &dap.Source{Name: filepath.Base(o.Path), Path: o.Path}, s.toClient(o.Line)
	}
	s.event("output", e)
}

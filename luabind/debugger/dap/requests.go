package dap

import (
	"path/filepath"

	dap "github.com/google/go-dap"

	"spectrumlua/luabind/debugger"
)

// handler answers the requests of one command.
type handler struct {
	do    func(s *session, r dap.RequestMessage) (dap.ResponseMessage, error)
	early bool             // before launch or attach
	waits bool             // it runs beside later requests
	after func(s *session) // the answer
}

// of returns a handler of requests of the type T.
func of[T dap.RequestMessage](do func(s *session, r T) (dap.ResponseMessage, error)) handler {
	return handler{do: func(s *session, r dap.RequestMessage) (dap.ResponseMessage, error) { return do(s, r.(T)) }}
}

func (h handler) beforeAttach() handler                 { h.early = true; return h }
func (h handler) besideOthers() handler                 { h.waits = true; return h }
func (h handler) then(after func(s *session)) handler   { h.after = after; return h }
func (s *session) initialized()                         { s.event("initialized", &dap.InitializedEvent{}) }
func (s *session) toClient(line int) int                { return line - 1 + s.firstLine }
func (s *session) fromClient(line int) int              { return line + 1 - s.firstLine }
func continued(d *debugger.Debugger, thread int) error  { return d.Continue(thread, debugger.Run) }
func stepped(s *session, id int, h debugger.Step) error { return s.opts.Debugger.Continue(id, h) }

// handlers has the supported commands.
var handlers = map[string]handler{
	"initialize": of(initialize).beforeAttach(),
	"launch": of(func(s *session, _ *dap.LaunchRequest) (dap.ResponseMessage, error) {
		return &dap.LaunchResponse{}, s.attach()
	}).beforeAttach().then((*session).initialized),
	"attach": of(func(s *session, _ *dap.AttachRequest) (dap.ResponseMessage, error) {
		return &dap.AttachResponse{}, s.attach()
	}).beforeAttach().then((*session).initialized),
	"configurationDone": of(func(s *session, _ *dap.ConfigurationDoneRequest) (dap.ResponseMessage, error) {
		return &dap.ConfigurationDoneResponse{}, nil
	}).then(func(s *session) {
		if s.opts.Ready != nil {
			s.opts.Ready()
		}
	}),
	"disconnect": of(disconnect).beforeAttach(),
	"terminate": of(func(s *session, _ *dap.TerminateRequest) (dap.ResponseMessage, error) {
		return &dap.TerminateResponse{}, nil
	}).beforeAttach().then((*session).terminate),
	"setBreakpoints":          of(setBreakpoints),
	"setExceptionBreakpoints": of(setExceptionBreakpoints),
	"threads":                 of(threads),
	"stackTrace":              of(stackTrace),
	"scopes":                  of(scopes),
	"variables":               of(variables),
	"source":                  of(source),
	"exceptionInfo":           of(exceptionInfo),
	"evaluate":                of(evaluate).besideOthers(),
	"setVariable":             of(setVariable).besideOthers(),
	"continue": of(func(s *session, r *dap.ContinueRequest) (dap.ResponseMessage, error) {
		return &dap.ContinueResponse{}, continued(s.opts.Debugger, r.Arguments.ThreadId)
	}),
	"next": of(func(s *session, r *dap.NextRequest) (dap.ResponseMessage, error) {
		return &dap.NextResponse{}, stepped(s, r.Arguments.ThreadId, debugger.StepOver)
	}),
	"stepIn": of(func(s *session, r *dap.StepInRequest) (dap.ResponseMessage, error) {
		return &dap.StepInResponse{}, stepped(s, r.Arguments.ThreadId, debugger.StepIn)
	}),
	"stepOut": of(func(s *session, r *dap.StepOutRequest) (dap.ResponseMessage, error) {
		return &dap.StepOutResponse{}, stepped(s, r.Arguments.ThreadId, debugger.StepOut)
	}),
	"pause": of(func(s *session, r *dap.PauseRequest) (dap.ResponseMessage, error) {
		return &dap.PauseResponse{}, s.opts.Debugger.Pause(r.Arguments.ThreadId)
	}),
}

// Names of the filters of errors.
const (
	raisedFilter   = "raised"
	uncaughtFilter = "uncaught"
)

// Capabilities are what Serve supports.
func Capabilities() dap.Capabilities {
	return dap.Capabilities{
		SupportsConfigurationDoneRequest:      true,
		SupportsConditionalBreakpoints:        true,
		SupportsHitConditionalBreakpoints:     true,
		SupportsLogPoints:                     true,
		SupportsEvaluateForHovers:             true,
		SupportsSetVariable:                   true,
		SupportsExceptionInfoRequest:          true,
		SupportsTerminateRequest:              true,
		SupportTerminateDebuggee:              true,
		SupportsDelayedStackTraceLoading:      true,
		SupportsSingleThreadExecutionRequests: true,
		ExceptionBreakpointFilters: []dap.ExceptionBreakpointsFilter{
			{Filter: uncaughtFilter, Label: "Uncaught errors", Description: "Stop at errors that no pcall catches", Default: true},
			{Filter: raisedFilter, Label: "All errors", Description: "Stop at every error, also if a pcall catches it"},
		},
	}
}

func initialize(s *session, r *dap.InitializeRequest) (dap.ResponseMessage, error) {
	if !r.Arguments.LinesStartAt1 {
		s.firstLine = 0
	}
	return &dap.InitializeResponse{Body: Capabilities()}, nil
}

// attach connects the session to the debugger.
func (s *session) attach() error {
	if s.detach != nil {
		return nil
	}
	detach, err := s.opts.Debugger.Attach(s)
	if err != nil {
		return err
	}
	s.detach = detach
	if s.patient != nil {
		s.patient.Stop()
	}
	return nil
}

func disconnect(s *session, r *dap.DisconnectRequest) (dap.ResponseMessage, error) {
	s.ended = true
	if r.Arguments != nil && r.Arguments.TerminateDebuggee {
		s.terminate()
	}
	return &dap.DisconnectResponse{}, nil
}

// terminate ends the program. Its scripts continue before.
func (s *session) terminate() {
	if s.detach != nil {
		s.detach()
	}
	if s.opts.Terminate == nil {
		s.event("terminated", &dap.TerminatedEvent{})
		return
	}
	s.opts.Terminate()
}

func setBreakpoints(s *session, r *dap.SetBreakpointsRequest) (dap.ResponseMessage, error) {
	wanted := make([]debugger.Wanted, 0, len(r.Arguments.Breakpoints))
	for _, b := range r.Arguments.Breakpoints {
		wanted = append(wanted, debugger.Wanted{Line: s.fromClient(b.Line), Condition: b.Condition, Hit: b.HitCondition, Log: b.LogMessage})
	}
	response := &dap.SetBreakpointsResponse{}
	response.Body.Breakpoints = []dap.Breakpoint{}
	if r.Arguments.Source.Path == "" { // the text of an earlier version
		for range wanted {
			response.Body.Breakpoints = append(response.Body.Breakpoints, dap.Breakpoint{Message: "set it in the file: this is an earlier version of it"})
		}
		return response, nil
	}
	for _, b := range s.opts.Debugger.SetBreakpoints(r.Arguments.Source.Path, wanted) {
		response.Body.Breakpoints = append(response.Body.Breakpoints, s.breakpoint(b))
	}
	return response, nil
}

func (s *session) breakpoint(b debugger.Breakpoint) dap.Breakpoint {
	return dap.Breakpoint{Id: b.ID, Verified: b.Verified, Message: b.Message, Line: s.toClient(b.Line)}
}

func setExceptionBreakpoints(s *session, r *dap.SetExceptionBreakpointsRequest) (dap.ResponseMessage, error) {
	var c debugger.Catch
	for _, filter := range r.Arguments.Filters {
		c.Raised = c.Raised || filter == raisedFilter
		c.Uncaught = c.Uncaught || filter == uncaughtFilter
	}
	s.opts.Debugger.Catch(c)
	return &dap.SetExceptionBreakpointsResponse{}, nil
}

func threads(s *session, _ *dap.ThreadsRequest) (dap.ResponseMessage, error) {
	response := &dap.ThreadsResponse{}
	response.Body.Threads = []dap.Thread{}
	for _, t := range s.opts.Debugger.Threads() {
		response.Body.Threads = append(response.Body.Threads, dap.Thread{Id: t.ID, Name: t.Name})
	}
	return response, nil
}

func stackTrace(s *session, r *dap.StackTraceRequest) (dap.ResponseMessage, error) {
	all, err := s.opts.Debugger.Stack(r.Arguments.ThreadId)
	if err != nil {
		return nil, err
	}
	response := &dap.StackTraceResponse{}
	response.Body.TotalFrames = len(all)
	response.Body.StackFrames = []dap.StackFrame{}
	first := min(max(r.Arguments.StartFrame, 0), len(all))
	last := len(all)
	if levels := r.Arguments.Levels; levels > 0 && levels < last-first {
		last = first + levels
	}
	for _, f := range all[first:last] {
		response.Body.StackFrames = append(response.Body.StackFrames, dap.StackFrame{
			Id: f.ID, Name: f.Name, Line: s.toClient(f.Line), Column: 1, Source: sourceOf(f),
		})
	}
	return response, nil
}

// sourceOf returns the source of a frame.
func sourceOf(f debugger.Frame) *dap.Source {
	switch {
	case f.Path == "":
		return &dap.Source{Name: f.Source, PresentationHint: "deemphasize", Origin: "code that the script has made"}
	case f.Ref != 0:
		return &dap.Source{Name: f.Source + " (earlier version)", SourceReference: f.Ref, Origin: "an earlier version of " + f.Path}
	}
	return &dap.Source{Name: filepath.Base(f.Path), Path: f.Path}
}

func scopes(s *session, r *dap.ScopesRequest) (dap.ResponseMessage, error) {
	all, err := s.opts.Debugger.Scopes(r.Arguments.FrameId)
	if err != nil {
		return nil, err
	}
	response := &dap.ScopesResponse{}
	for _, scope := range all {
		shown := dap.Scope{Name: scope.Name, VariablesReference: scope.Ref, Expensive: scope.Costly}
		if scope.Name == "Locals" {
			shown.PresentationHint = "locals"
		}
		response.Body.Scopes = append(response.Body.Scopes, shown)
	}
	return response, nil
}

// parts are the filters of variables.
var parts = map[string]debugger.Part{"named": debugger.Named, "indexed": debugger.Indexed}

func variables(s *session, r *dap.VariablesRequest) (dap.ResponseMessage, error) {
	a := r.Arguments
	all, err := s.opts.Debugger.Variables(a.VariablesReference, parts[a.Filter], a.Start, a.Count)
	if err != nil {
		return nil, err
	}
	response := &dap.VariablesResponse{}
	response.Body.Variables = []dap.Variable{}
	for _, v := range all {
		response.Body.Variables = append(response.Body.Variables, dap.Variable{
			Name: v.Name, Value: v.Value, Type: v.Type, VariablesReference: v.Ref, NamedVariables: v.Named, IndexedVariables: v.Indexed,
		})
	}
	return response, nil
}

func source(s *session, r *dap.SourceRequest) (dap.ResponseMessage, error) {
	ref := r.Arguments.SourceReference
	if r.Arguments.Source != nil && r.Arguments.Source.SourceReference != 0 {
		ref = r.Arguments.Source.SourceReference
	}
	text, ok := s.opts.Debugger.Source(ref)
	if !ok {
		return nil, debugger.ErrReference
	}
	response := &dap.SourceResponse{}
	response.Body.Content, response.Body.MimeType = text, "text/x-lua"
	return response, nil
}

func exceptionInfo(s *session, r *dap.ExceptionInfoRequest) (dap.ResponseMessage, error) {
	e, err := s.opts.Debugger.Exception(r.Arguments.ThreadId)
	if err != nil {
		return nil, err
	}
	mode := dap.ExceptionBreakMode("always")
	if e.Uncaught {
		mode = "unhandled"
	}
	response := &dap.ExceptionInfoResponse{}
	response.Body = dap.ExceptionInfoResponseBody{
		ExceptionId: "error", Description: e.Text, BreakMode: mode,
		Details: &dap.ExceptionDetails{Message: e.Text, StackTrace: e.Trace},
	}
	return response, nil
}

func evaluate(s *session, r *dap.EvaluateRequest) (dap.ResponseMessage, error) {
	a := r.Arguments
	var result debugger.Result
	var err error
	if a.Context == "hover" {
		result, err = s.opts.Debugger.Hover(a.FrameId, a.Expression)
	} else {
		result, err = s.opts.Debugger.Evaluate(s.ctx, a.FrameId, a.Expression)
	}
	if err != nil {
		return nil, err
	}
	response := &dap.EvaluateResponse{}
	response.Body = dap.EvaluateResponseBody{
		Result: result.Value, Type: result.Type, VariablesReference: result.Ref, NamedVariables: result.Named, IndexedVariables: result.Indexed,
	}
	return response, nil
}

func setVariable(s *session, r *dap.SetVariableRequest) (dap.ResponseMessage, error) {
	v, err := s.opts.Debugger.SetVariable(s.ctx, r.Arguments.VariablesReference, r.Arguments.Name, r.Arguments.Value)
	if err != nil {
		return nil, err
	}
	response := &dap.SetVariableResponse{}
	response.Body = dap.SetVariableResponseBody{
		Value: v.Value, Type: v.Type, VariablesReference: v.Ref, NamedVariables: v.Named, IndexedVariables: v.Indexed,
	}
	return response, nil
}

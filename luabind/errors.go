package luabind

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/lazy"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/task"
)

// ScriptError is an error in a script: one that it raised, or a syntax error. The
// message starts with file and line.
type ScriptError struct {
	Message   string
	Traceback string // "" for a syntax error
}

// Error returns the message without the traceback.
func (e *ScriptError) Error() string { return e.Message }

// logError logs an error that a task raised, with its position and traceback. It
// logs only a debug line if the task was cancelled.
func (h *Host) logError(log logrus.FieldLogger, what string, t *task.Task, err error) {
	user := t.Owner().Name()
	if user != "" {
		log = log.WithField("user", user)
	}
	var tooLong *task.RanTooLongError
	if cause := t.Err(); cause != nil && !errors.As(cause, &tooLong) && !errors.Is(cause, errCommandTooLong) {
		log.Debugf("%s ended: %v", what, cause)
		return
	}
	if strings.HasPrefix(what, "on.") {
		h.errors[0].Add(1)
	} else {
		h.errors[1].Add(1)
	}
	var script *ScriptError
	isScript := errors.As(err, &script)
	h.remember(what, user, err, script)
	if isScript {
		log = log.WithField(logging.SourceField, sourceOf(script.Message, what))
	}
	if isScript && script.Traceback != "" {
		log.Errorf("error in %s: %s\n%s", what, script.Message, withCaller(script.Traceback, what))
		return
	}
	log.Errorf("error in %s: %v", what, err)
}

// position matches the file and line at the beginning of a message.
var position = lazy.Regexp(`^[^\s:]+:\d+`)

// sourceOf returns the origin of an error: its position, or the function's name. The
// log limits repeated errors by origin.
func sourceOf(message, what string) string {
	if at := position().FindString(message); at != "" {
		return at
	}
	return what
}

// scriptError converts an error that stdlib.Run returned.
func (v *vm) scriptError(l *lua.LState, err error) *ScriptError {
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return &ScriptError{Message: err.Error()}
	}
	return &ScriptError{Message: withHint(v.errorText(l, api.Object)), Traceback: traceback(api.StackTrace)}
}

// errorText returns a text for an error value, which can have any Lua type.
func (v *vm) errorText(l *lua.LState, object lua.LValue) (text string) {
	switch o := object.(type) {
	case lua.LString:
		return string(o)
	case lua.LNumber:
		return o.String()
	case nil, *lua.LNilType:
		return "an error without a message: error(nil)"
	}
	text = fmt.Sprintf("an error that is a %s", object.Type())
	if meta := l.GetMetaField(object, "__tostring"); meta != lua.LNil {
		if err := l.CallByParam(lua.P{Fn: meta, NRet: 1, Protect: true}, object); err == nil {
			if s, ok := l.Get(-1).(lua.LString); ok {
				text = string(s)
			}
			l.Pop(1)
		}
		return text
	}
	if t, ok := object.(*lua.LTable); ok {
		message, isText := t.RawGetString("message").(lua.LString)
		switch fields := errorFields(t, "message"); {
		case isText && fields == "":
			text = string(message)
		case isText:
			text = string(message) + " " + fields
		case fields != "" || t.RawGetString("message") != lua.LNil:
			text += ": " + errorFields(t, "")
		}
	}
	return text
}

// mainChunk is what a traceback calls the function that a task runs. Only the last one is
// it: a module that is being loaded may have the same name.
const mainChunk = "in main chunk"

// withCaller replaces the name of the function that a task runs in a traceback.
func withCaller(trace, what string) string {
	if i := strings.LastIndex(trace, mainChunk); i >= 0 {
		return trace[:i] + "in " + what + trace[i+len(mainChunk):]
	}
	return trace
}

// traceback gives tracebacks of gopher-lua and of stdlib the same end. It removes the last
// line if it is not a line of the script.
func traceback(trace string) string {
	lines := strings.Split(strings.TrimRight(trace, "\n"), "\n")
	switch n := len(lines); {
	case strings.HasPrefix(strings.TrimSpace(lines[n-1]), "[G]: ?"):
		lines = lines[:n-1]
	case n > 1 && strings.TrimSpace(lines[n-1]) == "[C]: ?": // of stdlib
		lines = lines[:n-1]
		if place, _, unnamed := strings.Cut(lines[n-2], "in function <"); unnamed {
			lines[n-2] = place + mainChunk
		}
	}
	return strings.Join(lines, "\n")
}

package luabind

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

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
		trace := strings.Replace(script.Traceback, "in main chunk", "in "+what, 1)
		log.Errorf("error in %s: %s\n%s", what, script.Message, trace)
		return
	}
	log.Errorf("error in %s: %v", what, err)
}

// position matches the file and line at the beginning of a message.
var position = regexp.MustCompile(`^[^\s:]+:\d+`)

// sourceOf returns the origin of an error: its position, or the function's name. The
// log limits repeated errors by origin.
func sourceOf(message, what string) string {
	if at := position.FindString(message); at != "" {
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

// traceback removes the last line of gopher-lua's traceback if it is not a line of
// the script.
func traceback(trace string) string {
	lines := strings.Split(strings.TrimRight(trace, "\n"), "\n")
	if n := len(lines); n > 0 && strings.HasPrefix(strings.TrimSpace(lines[n-1]), "[G]: ?") {
		lines = lines[:n-1]
	}
	return strings.Join(lines, "\n")
}

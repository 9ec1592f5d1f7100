package scripttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

var errNotYet = errors.New("it did not arrive in time")

// caseClass is the class of t, the argument of a case.
var caseClass *bind.Class[*world]

func init() { // its methods refer to the class
	properties := map[string]func(l *lua.LState, w *world) lua.LValue{
		"folder": func(_ *lua.LState, w *world) lua.LValue { return lua.LString(w.dir) },
		"any":    func(*lua.LState, *world) lua.LValue { return anyValue },
		"none":   func(*lua.LState, *world) lua.LValue { return noValue },
		"skip": func(_ *lua.LState, w *world) lua.LValue {
			return bind.Function("t.skip", withoutSelf(w.skip))
		},
		"eventually": func(_ *lua.LState, w *world) lua.LValue {
			return bind.Function("t.eventually", withoutSelf(w.eventually))
		},
	}
	for name, fn := range assertions {
		made := bind.Function("t."+name, withoutSelf(fn))
		properties[name] = func(*lua.LState, *world) lua.LValue { return made }
	}
	caseClass = bind.NewClass("t", map[string]func(l *lua.LState, w *world) int{
		"start":        start,
		"login":        login,
		"send":         func(l *lua.LState, w *world) int { return sendMessage(l, w, nil) },
		"query":        query,
		"expect":       func(l *lua.LState, w *world) int { return expect(l, w, nil) },
		"never":        func(l *lua.LState, w *world) int { return neverComes(l, w, nil) },
		"settle":       settleFunction,
		"advance":      advance,
		"reload":       reload,
		"serve":        serve,
		"scram_server": newScramServer,
		"free_port":    freePort,
		"log":          expectLog,
		"expect_error": expectError,
	}, properties)
	userClass = bind.NewClass("user", map[string]func(l *lua.LState, u *user) int{
		"send":      func(l *lua.LState, u *user) int { return sendMessage(l, u.world, u) },
		"say":       say,
		"react":     react,
		"reply":     reply,
		"correct":   correct,
		"retract":   retract,
		"read":      read,
		"send_file": sendFile,
		"fetch":     fetchFile,
		"answer":    answerQuestion,
		"command":   runCommand,
		"notice":    expectNotice,
		"expect":    func(l *lua.LState, u *user) int { return expect(l, u.world, u) },
		"never":     func(l *lua.LState, u *user) int { return neverComes(l, u.world, u) },
		"logout":    logout,
	}, map[string]func(l *lua.LState, u *user) lua.LValue{
		"user":        func(_ *lua.LState, u *user) lua.LValue { return lua.LString(u.jid) },
		"legacy_name": func(_ *lua.LState, u *user) lua.LValue { return lua.LString(u.legacyName) },
	})
}

// withoutSelf allows calls of a function of t with a colon.
func withoutSelf(fn lua.LGFunction) lua.LGFunction {
	return func(l *lua.LState) int {
		if _, ok := caseClass.Of(l.Get(1)); ok {
			l.Remove(1)
		}
		return fn(l)
	}
}

// typeArgument returns argument 2, the name of a message that allowed accepts. ofUser says
// whether the message belongs to a user.
func typeArgument(l *lua.LState, allowed func(*schema.Type) bool, ofUser bool, direction string) *schema.Type {
	name := l.CheckString(2)
	var names []string
	for _, t := range schema.Types() {
		if allowed(t) && (t.User() != nil) == ofUser {
			names = append(names, t.Name)
		}
	}
	typ := schema.TypeByName(name)
	switch {
	case typ == nil:
		near := bind.DidYouMean(name, names)
		if near == "" {
			near = ": use one of " + strings.Join(names, ", ")
		}
		bind.Raise(l, "no message has the name %q%s", name, near)
	case insteadOf[typ.Number] != "":
		bind.Raise(l, "%s is a message between the runtime and the transport: %s", name, insteadOf[typ.Number])
	case !allowed(typ):
		bind.Raise(l, "%s %s", name, direction)
	case ofUser && typ.User() == nil:
		bind.Raise(l, "%s belongs to no user: call the method on t, not on a user", name)
	case !ofUser && needsUser(typ):
		bind.Raise(l, "%s belongs to a user: call the method on the result of t:login", name)
	}
	return typ
}

// insteadOf has the methods for messages that are in no handler and no method of a session.
var insteadOf = map[pb.WrapperMessage_Type]string{
	pb.WrapperMessage_TYPE_SERVICE_MESSAGE: "user:notice waits for a text, and user:command writes one",
	pb.WrapperMessage_TYPE_QUESTION:        "user:answer waits for a question and answers it",
	pb.WrapperMessage_TYPE_ANSWER:          "user:answer answers a question",
	pb.WrapperMessage_TYPE_COMMAND:         "user:command runs a command, and user:notice waits for its result",
	pb.WrapperMessage_TYPE_COMMANDS:        "user:command runs a command",
}

// needsUser reports whether a message always names a user.
func needsUser(t *schema.Type) bool {
	return t.Payload != nil && slices.ContainsFunc(t.Payload.Fields, func(f *schema.Field) bool {
		return f.User && f.Descriptor.Cardinality() == protoreflect.Required
	})
}

func fromBackend(t *schema.Type) bool { return t.Sendable() }
func toBackend(t *schema.Type) bool   { return t.Handled() }

// patience returns the default limit of expectations, in real time. It grows with a timeout that
// is longer than the default.
func (w *world) patience() time.Duration { return max(DefaultTimeout, w.timeout) / 6 }

// limit returns argument n, a number of seconds in real time; the default is patience.
func (w *world) limit(l *lua.LState, n int) time.Duration { return secondsOr(l, n, w.patience()) }

// peerLimit returns argument n, or how long a peer waits for a line by default. That is shorter
// than patience, so that the failure names the line of the peer.
func (w *world) peerLimit(l *lua.LState, n int) time.Duration {
	return secondsOr(l, n, w.patience()*3/5)
}

func secondsOr(l *lua.LState, n int, otherwise time.Duration) time.Duration {
	if l.Get(n) == lua.LNil {
		return otherwise
	}
	return bind.CheckSeconds(l, n)
}

// waitFor is like bind.Wait, with a limit in real time, because a test may advance the
// clock. late is the limit; see world.after.
func waitFor(late context.Context, l *lua.LState, f func(ctx context.Context) error) error {
	return bind.Wait(l, func(ctx context.Context) error {
		limited, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(late, func() { cancel(errNotYet) })()
		err := f(limited)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			return errNotYet
		}
		return err
	})
}

// expectLog implements t:log(pattern [, seconds]). It waits for a line of the log that no
// earlier call has found.
func expectLog(l *lua.LState, w *world) int {
	pattern, limit := checkPattern(l, 2), w.limit(l, 3)
	return w.expectEntry(l, pattern, limit, "a line of the log", func(e *entry) bool {
		if e.taken || !pattern.matches(e.String()) {
			return false
		}
		e.taken = true
		return true
	})
}

// expectError implements t:expect_error(pattern [, seconds]). It waits for an error in the
// log, for example of a handler. Other errors fail the case.
func expectError(l *lua.LState, w *world) int {
	pattern, limit := checkPattern(l, 2), w.limit(l, 3)
	return w.expectEntry(l, pattern, limit, "an error", func(e *entry) bool {
		if e.excused || !e.isError() || !pattern.matches(e.Text) {
			return false
		}
		e.excused = true
		return true
	})
}

func (w *world) expectEntry(l *lua.LState, p *matcher, limit time.Duration, what string, fits func(*entry) bool) int {
	w.needStage(l)
	var found *entry
	late, stop := w.after(limit)
	defer stop()
	err := waitFor(late, l, func(ctx context.Context) (err error) {
		found, err = w.journal.await(ctx, fits)
		return err
	})
	if err != nil {
		text := fmt.Sprintf("expected %s that matches %q within %v, but there was none", what, p.source, limit)
		if lines := w.journal.all(); len(lines) > 0 {
			text += "\n  the log has:\n    " + strings.Join(lines, "\n    ")
		}
		bind.Raise(l, "%s", text)
	}
	return bind.Return(l, lua.LString(found.Text))
}

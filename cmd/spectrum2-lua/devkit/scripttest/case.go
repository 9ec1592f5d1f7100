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
	"spectrumlua/runtime/schema"
)

// patience is how long expectations wait unless they say otherwise, by real
// time.
const patience = 5 * time.Second

var errNotYet = errors.New("it did not come in time")

// caseClass is the t that a case is called with.
var caseClass *bind.Class[*world]

func init() { // its methods make others of the class
	properties := map[string]func(l *lua.LState, w *world) lua.LValue{
		"folder": func(_ *lua.LState, w *world) lua.LValue { return lua.LString(w.dir) },
		"any":    func(*lua.LState, *world) lua.LValue { return anyValue },
		"none":   func(*lua.LState, *world) lua.LValue { return noValue },
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
		"free_port":    freePort,
		"log":          expectLog,
		"expect_error": expectError,
	}, properties)
	userClass = bind.NewClass("user", map[string]func(l *lua.LState, u *user) int{
		"send":   func(l *lua.LState, u *user) int { return sendMessage(l, u.world, u) },
		"say":    say,
		"expect": func(l *lua.LState, u *user) int { return expect(l, u.world, u) },
		"never":  func(l *lua.LState, u *user) int { return neverComes(l, u.world, u) },
		"logout": logout,
	}, map[string]func(l *lua.LState, u *user) lua.LValue{
		"user":        func(_ *lua.LState, u *user) lua.LValue { return lua.LString(u.jid) },
		"legacy_name": func(_ *lua.LState, u *user) lua.LValue { return lua.LString(u.legacyName) },
	})
}

// withoutSelf lets a function of t be called with a colon, too.
func withoutSelf(fn lua.LGFunction) lua.LGFunction {
	return func(l *lua.LState) int {
		if _, ok := caseClass.Of(l.Get(1)); ok {
			l.Remove(1)
		}
		return fn(l)
	}
}

// typeArgument is argument 2, the name of a message that allowed accepts, of
// users or of nobody.
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
			near = "; there are " + strings.Join(names, ", ")
		}
		bind.Raise(l, "no message has the name %q%s", name, near)
	case !allowed(typ):
		bind.Raise(l, "%s %s", name, direction)
	case ofUser && typ.User() == nil:
		bind.Raise(l, "%s is of no user: call it of t, not of a user", name)
	case !ofUser && needsUser(typ):
		bind.Raise(l, "%s is a user's: call it of what t:login returned", name)
	}
	return typ
}

// needsUser reports whether a message always names a user.
func needsUser(t *schema.Type) bool {
	return t.Payload != nil && slices.ContainsFunc(t.Payload.Fields, func(f *schema.Field) bool {
		return f.User && f.Descriptor.Cardinality() == protoreflect.Required
	})
}

func fromBackend(t *schema.Type) bool { return t.SpectrumTakes }
func toBackend(t *schema.Type) bool   { return t.SpectrumSends }

// limitArgument is argument n, a number of seconds by real time.
func limitArgument(l *lua.LState, n int) time.Duration { return limitOr(l, n, patience) }

func limitOr(l *lua.LState, n int, otherwise time.Duration) time.Duration {
	if l.Get(n) == lua.LNil {
		return otherwise
	}
	return bind.CheckSeconds(l, n)
}

// waitFor is bind.Wait with a limit by real time: the clock of the case may be
// moved meanwhile.
func waitFor(l *lua.LState, limit time.Duration, f func(ctx context.Context) error) error {
	return bind.Wait(l, func(ctx context.Context) error {
		limited, cancel := context.WithTimeoutCause(ctx, limit, errNotYet)
		defer cancel()
		err := f(limited)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			return errNotYet
		}
		return err
	})
}

// expectLog is t:log(pattern [, seconds]): a line of the log that has not been
// looked for before.
func expectLog(l *lua.LState, w *world) int {
	pattern, limit := checkPattern(l, 2), limitArgument(l, 3)
	return w.expectEntry(l, pattern, limit, "a line of the log", func(e *entry) bool {
		if e.taken || !pattern.matches(e.String()) {
			return false
		}
		e.taken = true
		return true
	})
}

// expectError is t:expect_error(pattern [, seconds]): an error that the runtime
// has logged, in a handler for example, which would fail the case otherwise.
func expectError(l *lua.LState, w *world) int {
	pattern, limit := checkPattern(l, 2), limitArgument(l, 3)
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
	err := waitFor(l, limit, func(ctx context.Context) (err error) {
		found, err = w.journal.await(ctx, fits)
		return err
	})
	if err != nil {
		text := fmt.Sprintf("expected %s that matches %q within %v, and none came", what, p.source, limit)
		if lines := w.journal.all(); len(lines) > 0 {
			text += "\n  the log has:\n    " + strings.Join(lines, "\n    ")
		}
		bind.Raise(l, "%s", text)
	}
	return bind.Return(l, lua.LString(found.Text))
}

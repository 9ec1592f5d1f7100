package scripttest

import (
	"context"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// expectation describes a message that should arrive, or should not.
type expectation struct {
	typ    *schema.Type // nil: any type except PONG and STATS
	user   *user        // nil: the message belongs to no user
	fields lua.LValue   // a table, or for raw messages a string or matcher; nil or LNil: any fields
}

// expectationAt reads the arguments (type [, fields]).
func expectationAt(l *lua.LState, u *user) expectation {
	e := expectation{user: u, fields: l.Get(3)}
	e.typ = typeArgument(l, fromBackend, u != nil, "is a message of Spectrum: send it")
	if err := e.check(); err != nil {
		bind.Raise(l, "%s: %v", e.typ.Name, err)
	}
	return e
}

// check returns an error if no message can meet the expectation.
func (e expectation) check() error {
	switch fields := e.fields.(type) {
	case *lua.LNilType:
		return nil
	case lua.LString:
		if e.typ.Raw {
			return nil
		}
	case *lua.LUserData:
		if _, ok := matcherOf(fields); ok && e.typ.Raw {
			return nil
		}
	case *lua.LTable:
		if e.typ.Payload == nil {
			break
		}
		var problem error
		fields.ForEach(func(k, v lua.LValue) {
			if hasMatcher(v) {
				v = lua.LNil // check only the key
			}
			if err := convert.CheckField(e.typ.Payload, k, v); err != nil && problem == nil {
				problem = err
			}
		})
		return problem
	}
	if e.typ.Raw {
		return fmt.Errorf("string or pattern expected, got %s", bind.Describe(e.fields))
	}
	if e.typ.Payload == nil {
		return fmt.Errorf("the message has no fields")
	}
	return fmt.Errorf("table of fields expected, got %s", bind.Describe(e.fields))
}

// mayBe reports whether a frame has the type and the user, and belongs to the user's
// current login. It ignores the fields. A frame that Spectrum drops reaches nobody.
func (e expectation) mayBe(f simulator.Frame) bool { return f.Dropped == "" && e.concerns(f) }

// concerns is mayBe also for frames that Spectrum drops.
func (e expectation) concerns(f simulator.Frame) bool {
	switch {
	case e.user != nil && (f.User != e.user.jid || f.Seq <= e.user.since):
		return false
	case e.user == nil && e.typ != nil && f.User != "":
		return false
	case e.typ != nil:
		return f.Type == e.typ.Number
	}
	return f.Type != pb.WrapperMessage_TYPE_PONG && f.Type != pb.WrapperMessage_TYPE_STATS
}

// accepts reports whether a frame meets the expectation.
func (e expectation) accepts(f simulator.Frame) bool {
	return e.mayBe(f) && len(e.wrong(f)) == 0
}

// wrong returns the differences between a frame and the expected fields.
func (e expectation) wrong(f simulator.Frame) []string {
	if e.typ == nil || e.fields == nil || e.fields == lua.LNil {
		return nil
	}
	got, err := messageOf(e.typ, f)
	if err != nil {
		return []string{err.Error()}
	}
	c := comparison{subset: true}
	if want, ok := e.fields.(*lua.LTable); ok {
		got, _ := got.(*lua.LTable)
		for _, field := range e.typ.Payload.Fields {
			if v := want.RawGetString(field.Name); v != lua.LNil {
				c.unordered = field.Flags
				c.compare(v, got.RawGetString(field.Name), field.Name, 0)
			}
		}
		return c.found
	}
	c.compare(e.fields, got, "", 0)
	return c.found
}

// messageOf returns the content of a frame as handlers receive it.
func messageOf(typ *schema.Type, f simulator.Frame) (lua.LValue, error) {
	switch {
	case typ.Raw:
		return lua.LString(f.Payload), nil
	case typ.Payload == nil:
		return lua.LNil, nil
	}
	return convert.Decode(typ.Payload, string(f.Payload), nil)
}

// String describes the expectation.
func (e expectation) String() string {
	what := "anything"
	if e.typ != nil {
		what = e.typ.Name
	}
	if e.user != nil {
		what += " for " + e.user.jid
	}
	if e.fields != nil && e.fields != lua.LNil {
		what += " " + show(e.fields)
	}
	return what
}

// expect implements expect(type [, fields [, seconds]]) of t or of a user. It returns the
// message as a table.
func expect(l *lua.LState, w *world, u *user) int {
	w.needStage(l)
	e := expectationAt(l, u)
	return bind.Return(l, w.expect(l, e, w.limit(l, 4)))
}

// expect takes the first message that meets the expectation and is not yet taken.
func (w *world) expect(l *lua.LState, e expectation, limit time.Duration) lua.LValue {
	s := w.started().Spectrum
	seen := uint64(0)
	late, stop := w.after(limit)
	defer stop()
	for {
		if f, ok := s.TakeFrame(e.accepts); ok {
			message, err := messageOf(e.typ, f)
			if err != nil {
				bind.Raise(l, "%s: %v", e.typ.Name, err)
			}
			if message == lua.LNil {
				return lua.LTrue
			}
			return message
		}
		err := waitFor(late, l, func(ctx context.Context) (err error) {
			seen, err = s.AwaitMore(ctx, seen)
			return err
		})
		if err != nil {
			if f, ok := s.TakeFrame(e.accepts); ok { // it arrived in the last moment
				message, _ := messageOf(e.typ, f)
				return message
			}
			bind.Raise(l, "%s", w.unmet(e, limit, err))
		}
	}
}

// unmet returns the message of an expectation that was not met.
func (w *world) unmet(e expectation, limit time.Duration, why error) string {
	var b strings.Builder
	switch {
	case why == errNotYet: //nolint:errorlint // it is not wrapped
		fmt.Fprintf(&b, "%s did not arrive within %v", e.typ.Name, limit)
	default:
		fmt.Fprintf(&b, "%s did not arrive: %v", e.typ.Name, w.ended(why))
	}
	fmt.Fprintf(&b, "\n  expected: %v", e)
	b.WriteString("\n  got:      " + w.nearest(e))
	b.WriteString(w.seen(e.user))
	return b.String()
}

// nearest describes the message that is most similar to the expected one.
func (w *world) nearest(e expectation) string {
	var best, dropped string
	var wrong []string
	for _, f := range w.started().Spectrum.Untaken() {
		if f.Dropped != "" && e.concerns(f) {
			dropped = e.describe(f) + "\n            Spectrum drops this: " + f.Dropped
		}
		if !e.mayBe(f) {
			continue
		}
		if found := e.wrong(f); best == "" || len(found) < len(wrong) {
			best, wrong = e.describe(f), found
		}
	}
	if best == "" && dropped != "" {
		return dropped
	}
	if best == "" {
		return "no " + e.typ.Name + " that no earlier expectation took"
	}
	if e.typ.Raw {
		return best
	}
	return best + "\n            " + strings.Join(wrong, "\n            ")
}

// describe describes a frame in the form of tests.
func (e expectation) describe(f simulator.Frame) string {
	typ := schema.TypeByNumber(f.Type)
	if typ == nil {
		return simulator.Describe(f)
	}
	text := typ.Name
	if f.User != "" {
		text += " for " + f.User
	}
	message, err := messageOf(typ, f)
	switch m := message.(type) {
	case *lua.LTable:
		if err == nil {
			for _, field := range typ.Payload.Fields {
				if field.User {
					m.RawSetString(field.Name, lua.LNil)
				}
			}
			text += " " + show(m)
		}
	case lua.LString:
		text += " " + show(m)
	}
	return text
}

// shownFrames is the number of frames in the message of a failure.
const shownFrames = 40

// seen describes the frames since a user's login, or since the start.
func (w *world) seen(u *user) string {
	frames, _ := w.started().Spectrum.Frames()
	head, since := "\n  seen since the start:", uint64(0)
	if u != nil {
		head, since = "\n  seen since the login of "+u.jid+":", u.since
	}
	var lines []string
	for _, f := range frames {
		switch f.Type {
		case pb.WrapperMessage_TYPE_PING, pb.WrapperMessage_TYPE_PONG, pb.WrapperMessage_TYPE_STATS:
			continue
		}
		if f.Seq > since {
			lines = append(lines, "\n    "+simulator.Describe(f))
		}
	}
	if more := len(lines) - shownFrames; more > 0 {
		lines = append([]string{fmt.Sprintf("\n    … %d before", more)}, lines[more:]...)
	}
	if len(lines) == 0 {
		return head + " nothing"
	}
	return head + strings.Join(lines, "")
}

// neverComes implements never([type [, fields [, seconds]]]). No message may meet the
// expectation before all messages are handled or, with seconds, before the time is over.
// Without a type, there may be no message that the test has not expected.
func neverComes(l *lua.LState, w *world, u *user) int {
	s := w.needStage(l).Spectrum
	e := expectation{user: u}
	if l.Get(2) != lua.LNil {
		e = expectationAt(l, u)
	}
	var err error
	if l.Get(4) == lua.LNil {
		err = bind.Wait(l, w.settle)
	} else {
		w.stays(l, e, bind.CheckSeconds(l, 4))
	}
	if err != nil {
		bind.Raise(l, "never: %v", w.ended(err))
	}
	if f, ok := s.TakeFrame(e.accepts); ok {
		bind.Raise(l, "a message arrived that should never arrive\n  never:    %v\n  got:      %s%s", e, e.describe(f), w.seen(u))
	}
	return 0
}

// stays waits until the time is over or a frame meets the expectation.
func (w *world) stays(l *lua.LState, e expectation, limit time.Duration) {
	s := w.started().Spectrum
	late, stop := w.after(limit)
	defer stop()
	seen := uint64(0)
	for {
		err := waitFor(late, l, func(ctx context.Context) (err error) {
			seen, err = s.AwaitMore(ctx, seen)
			return err
		})
		if err != nil {
			return
		}
		for _, f := range s.Untaken() {
			if e.accepts(f) {
				return
			}
		}
	}
}

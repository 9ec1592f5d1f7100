package simulator

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/pb"
)

// Expect takes the first frame of the type that match accepts. It ignores frames
// that another call has taken, and waits until ctx is done or Options.Timeout has
// passed. A nil match accepts all frames. match receives nil if the payload does not
// exist or does not parse, and must not use the Backend. The error lists the frames
// that came instead.
func (b *Backend) Expect(ctx context.Context, typ pb.WrapperMessage_Type, match func(proto.Message) bool) (Frame, error) {
	return b.expect(ctx, wanted("", typ, match), fits("", typ, match))
}

// ExpectFrame is like Expect for frames of any type. The error says that `what` was expected.
func (b *Backend) ExpectFrame(ctx context.Context, what string, match func(Frame) bool) (Frame, error) {
	return b.expect(ctx, what, func(e *entry) bool { return match(e.Frame) })
}

// ExpectNext takes the first frame that no call has taken. It returns an error if the
// frame has another type or match does not accept it. It skips PONG and STATS unless typ
// is one of them.
func (b *Backend) ExpectNext(ctx context.Context, typ pb.WrapperMessage_Type, match func(proto.Message) bool) (Frame, error) {
	return b.expectNext(ctx, "", typ, match)
}

// Never returns an error if a frame that Expect would take arrives before the barrier
// returns.
func (b *Backend) Never(ctx context.Context, barrier Barrier, typ pb.WrapperMessage_Type, match func(proto.Message) bool) error {
	return b.never(ctx, "", barrier, typ, match)
}

// Discard takes all frames so far. It returns how many no call had taken.
func (b *Backend) Discard() int {
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	n := 0
	for i := range b.journal.entries {
		if e := &b.journal.entries[i]; e.Direction == FromBackend && !e.taken {
			e.taken = true
			n++
		}
	}
	return n
}

// A Barrier returns when the backend has handled earlier messages. The barriers differ:
// after Backend.Ping the backend has read them, after User.EchoBarrier the user's handlers
// have run, after Backend.QueryBarrier the script has answered a QUERY that was sent
// later, and after Backend.Exit the backend has stopped.
type Barrier func(ctx context.Context) error

// QueryBarrier returns a Barrier that waits for the script's answer to an admin's command.
// Users' messages run concurrently, so it does not wait for them.
func (b *Backend) QueryBarrier(command string) Barrier {
	return func(ctx context.Context) error {
		err := b.Send(pb.WrapperMessage_TYPE_QUERY, &pb.BackendConfig{Config: proto.String(command)})
		if err != nil {
			return err
		}
		_, err = b.Expect(ctx, pb.WrapperMessage_TYPE_QUERY, nil)
		return err
	}
}

// Match converts a match for one Go type into a match for Expect. It accepts no other type.
func Match[T proto.Message](accepts func(T) bool) func(proto.Message) bool {
	return func(m proto.Message) bool {
		typed, ok := m.(T)
		return ok && accepts(typed)
	}
}

// Like accepts messages of the type of want whose fields equal the set fields of want.
func Like(want proto.Message) func(proto.Message) bool {
	return func(got proto.Message) bool {
		if got == nil || want.ProtoReflect().Descriptor() != got.ProtoReflect().Descriptor() {
			return false
		}
		same := true
		want.ProtoReflect().Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			same = got.ProtoReflect().Has(d) && v.Equal(got.ProtoReflect().Get(d))
			return same
		})
		return same
	}
}

func (b *Backend) expect(ctx context.Context, what string, fits func(*entry) bool) (Frame, error) {
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	var found Frame
	seen := uint64(0)
	err := b.journal.await(ctx, func() bool {
		e := b.journal.find(seen, fits)
		seen = b.journal.last()
		if e == nil {
			return false
		}
		e.taken = true
		found = e.Frame
		return true
	})
	if err != nil {
		return Frame{}, b.unmet(what, err)
	}
	return found, nil
}

func (b *Backend) expectNext(ctx context.Context, user string, typ pb.WrapperMessage_Type, match func(proto.Message) bool) (Frame, error) {
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	var found Frame
	err := b.journal.await(ctx, func() bool {
		e := b.journal.find(0, func(e *entry) bool {
			return (user == "" || e.User == user) && (isLife(typ) || !isLife(e.Type) || !e.understood())
		})
		if e == nil {
			return false
		}
		e.taken = true
		found = e.Frame
		return true
	})
	if err != nil {
		return Frame{}, b.unmet(wanted(user, typ, match), err)
	}
	if !fits(user, typ, match)(&entry{Frame: found}) {
		return found, fmt.Errorf("expected %s next, but got %s", wanted(user, typ, match), Describe(found))
	}
	return found, nil
}

func (b *Backend) never(ctx context.Context, user string, barrier Barrier, typ pb.WrapperMessage_Type, match func(proto.Message) bool) error {
	if err := barrier(ctx); err != nil {
		return fmt.Errorf("waiting for the barrier, expecting no %s: %w", wanted(user, typ, match), err)
	}
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	if e := b.journal.find(0, fits(user, typ, match)); e != nil {
		e.taken = true
		return fmt.Errorf("expected no %s, but got %s", wanted(user, typ, match), Describe(e.Frame))
	}
	return nil
}

func (b *Backend) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, b.opts.Timeout, fmt.Errorf("not within %v: %w", b.opts.Timeout, context.DeadlineExceeded))
}

// isLife reports whether a backend sends messages of a type by itself.
func isLife(t pb.WrapperMessage_Type) bool {
	return t == pb.WrapperMessage_TYPE_PONG || t == pb.WrapperMessage_TYPE_STATS
}

func fits(user string, typ pb.WrapperMessage_Type, match func(proto.Message) bool) func(*entry) bool {
	return func(e *entry) bool {
		return e.understood() && e.Type == typ && (user == "" || e.User == user) &&
			(match == nil || match(e.Message))
	}
}

func wanted(user string, typ pb.WrapperMessage_Type, match func(proto.Message) bool) string {
	text := typeName(typ)
	if user != "" {
		text += " for " + user
	}
	if match != nil {
		text += " that matches"
	}
	return text
}

// shownFrames is the number of frames in an UnmetError.
const shownFrames = 20

// UnmetError is the error of an expectation that was not met.
type UnmetError struct {
	// Expected describes the missing frame.
	Expected string
	// Why is why the wait ended.
	Why error
	// Passed describes the last frames of both directions. Before is the number of
	// frames before them.
	Passed []string
	Before uint64
}

func (e *UnmetError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s: %v; what passed:", e.Expected, e.Why)
	if e.Before > 0 {
		fmt.Fprintf(&b, "\n  … %d frames", e.Before)
	}
	for _, line := range e.Passed {
		b.WriteString("\n  " + line)
	}
	if len(e.Passed) == 0 {
		b.WriteString(" nothing")
	}
	return b.String()
}

func (e *UnmetError) Unwrap() error { return e.Why }

func (b *Backend) unmet(what string, why error) error {
	frames, before := b.Frames()
	if end := b.Err(); end != nil {
		why = fmt.Errorf("%w (%w)", why, end)
	}
	if more := len(frames) - shownFrames; more > 0 {
		frames = frames[more:]
		before += uint64(more)
	}
	e := &UnmetError{Expected: what, Why: why, Before: before}
	for _, f := range frames {
		e.Passed = append(e.Passed, Describe(f))
	}
	return e
}

// AwaitMore waits for a frame of either direction whose number is greater than seen. It
// returns the number of the last frame. It returns the cause of ctx when ctx is done, and
// ErrEnded when the connection has ended.
func (b *Backend) AwaitMore(ctx context.Context, seen uint64) (last uint64, err error) {
	err = b.journal.await(ctx, func() bool {
		last = b.journal.last()
		return last > seen
	})
	return last, err
}

// TakeFrame takes the first frame of the backend that match accepts, if it has arrived
// and no call has taken it. match must not use the Backend.
func (b *Backend) TakeFrame(match func(Frame) bool) (Frame, bool) {
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	e := b.journal.find(0, func(e *entry) bool { return match(e.Frame) })
	if e == nil {
		return Frame{}, false
	}
	e.taken = true
	return e.Frame, true
}

// Untaken returns the frames of the backend that no call has taken, oldest first.
func (b *Backend) Untaken() (frames []Frame) {
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	for i := range b.journal.entries {
		if e := &b.journal.entries[i]; e.Direction == FromBackend && !e.taken {
			frames = append(frames, e.Frame)
		}
	}
	return frames
}

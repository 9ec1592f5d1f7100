package clock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/runtime/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// record holds notes with the time of a clock.
type record struct {
	clock clock.Clock
	began time.Time
	lines []string
}

func newRecord(c clock.Clock) *record { return &record{clock: c, began: c.Now()} }

func (r *record) note(what string) func() {
	return func() {
		r.lines = append(r.lines, fmt.Sprint(clock.Since(r.clock, r.began), " ", what))
	}
}

// again starts a timer whose function makes a note and sets the timer again.
func (r *record) again(what string, period time.Duration) {
	var t clock.Timer
	note := r.note(what)
	t = r.clock.AfterFunc(period, func() {
		note()
		t.Reset(period)
	})
}

var advanceCases = []struct {
	name string
	run  func(m *clock.Movable, r *record)
	want []string
}{
	{"in the order of their times", func(m *clock.Movable, r *record) {
		m.AfterFunc(3*time.Second, r.note("c"))
		m.AfterFunc(time.Second, r.note("a"))
		m.AfterFunc(2*time.Second, r.note("b"))
		m.AfterFunc(2*time.Second, r.note("b too"))
		m.AfterFunc(time.Minute, r.note("too early"))
		m.Advance(context.Background(), 10*time.Second)
		r.note("end")()
	}, []string{"1s a", "2s b", "2s b too", "3s c", "10s end"}},
	{"a timer that is set again fires each time", func(m *clock.Movable, r *record) {
		r.again("a", time.Minute)
		m.Advance(context.Background(), 3*time.Minute)
	}, []string{"1m0s a", "2m0s a", "3m0s a"}},
	{"a timer that is set during the advance", func(m *clock.Movable, r *record) {
		m.AfterFunc(time.Second, func() { m.AfterFunc(time.Second, r.note("a")) })
		m.Advance(context.Background(), time.Minute)
	}, []string{"2s a"}},
	{"a timer that is stopped", func(m *clock.Movable, r *record) {
		t := m.AfterFunc(time.Second, r.note("never"))
		m.AfterFunc(2*time.Second, r.note("other"))
		if !t.Stop() || t.Stop() {
			r.note("Stop returns the wrong result")()
		}
		m.Advance(context.Background(), time.Minute)
	}, []string{"2s other"}},
	{"a timer that is postponed", func(m *clock.Movable, r *record) {
		t := m.AfterFunc(time.Second, r.note("a"))
		if !t.Reset(5 * time.Second) {
			r.note("Reset returns the wrong result")()
		}
		m.Advance(context.Background(), 4*time.Second)
		r.note("4")()
		m.Advance(context.Background(), 4*time.Second)
	}, []string{"4s 4", "5s a"}},
	{"real time continues after the advance", func(m *clock.Movable, r *record) {
		m.AfterFunc(time.Minute, r.note("a"))
		m.Advance(context.Background(), 59*time.Second)
		time.Sleep(2 * time.Second)
	}, []string{"1m0s a"}},
	{"only real time", func(m *clock.Movable, r *record) {
		m.AfterFunc(2*time.Second, r.note("b"))
		m.AfterFunc(time.Second, r.note("a"))
		m.AfterFunc(time.Second, r.note("stopped")).Stop()
		time.Sleep(3 * time.Second)
	}, []string{"1s a", "2s b"}},
	{"an advance by 0", func(m *clock.Movable, r *record) {
		m.AfterFunc(0, r.note("now"))
		m.Advance(context.Background(), 0)
		m.Advance(context.Background(), -time.Hour)
		r.note("end")()
	}, []string{"0s now", "0s end"}},
}

func TestAdvanceFiresTimersInOrder(t *testing.T) {
	for _, c := range advanceCases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := clock.NewMovable(nil)
				r := newRecord(m)
				c.run(m, r)
				synctest.Wait()
				if !slices.Equal(r.lines, c.want) {
					t.Errorf("got:\n%q\nwant:\n%q", r.lines, c.want)
				}
			})
		})
	}
}

// TestAdvanceWaitsForTheWorkOfTimers checks that the clock does not count the time of
// that work.
func TestAdvanceWaitsForTheWorkOfTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settled := 0
		m := clock.NewMovable(func(context.Context) {
			settled++
			time.Sleep(time.Second)
		})
		r := newRecord(m)
		r.again("a", time.Minute)
		m.Advance(context.Background(), 2*time.Minute)
		r.note("end")()
		if want := []string{"1m0s a", "2m0s a", "2m0s end"}; !slices.Equal(r.lines, want) || settled != 2 {
			t.Errorf("got %q, settled %d times", r.lines, settled)
		}
	})
}

func TestAdvanceEndsWithItsContext(t *testing.T) {
	errTest := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	m := clock.NewMovable(func(context.Context) { cancel(errTest) })
	r := newRecord(m)
	r.again("a", time.Minute)
	if err := m.Advance(ctx, time.Hour); !errors.Is(err, errTest) {
		t.Errorf("Advance returned %v", err)
	}
	if len(r.lines) != 1 {
		t.Errorf("got %q", r.lines)
	}
}

func TestWithTimeoutEndsByItsClock(t *testing.T) {
	errTest := errors.New("too late")
	for _, name := range []string{"real", "movable"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clock.Real()
				if name == "movable" {
					c = clock.NewMovable(nil)
				}
				ctx, cancel := clock.WithTimeout(t.Context(), c, time.Minute, errTest, nil)
				defer cancel()
				began := c.Now()
				<-ctx.Done()
				if context.Cause(ctx) != errTest || clock.Since(c, began) != time.Minute {
					t.Errorf("after %v: %v", clock.Since(c, began), context.Cause(ctx))
				}
				ctx, cancel = clock.WithTimeout(t.Context(), c, time.Minute, errTest, nil)
				cancel()
				if <-ctx.Done(); !errors.Is(ctx.Err(), context.Canceled) {
					t.Errorf("cancelled: %v", ctx.Err())
				}
			})
		})
	}
}

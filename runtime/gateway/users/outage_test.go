package users

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/database"
)

// watched is a store without a database that records what it reports.
func watched() (s *Store, reports *[]string) {
	s, reports = &Store{}, &[]string{} // to be read after synctest.Wait
	var mu sync.Mutex
	s.Watch(func(err error, reachable bool) {
		mu.Lock()
		defer mu.Unlock()
		*reports = append(*reports, fmt.Sprint(err, ", reachable: ", reachable))
	})
	return s, reports
}

func TestOutageIsReportedOnceAndCallsFailAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, reports := watched()
		var attempts atomic.Int32
		var back atomic.Bool
		lost := unavailable{database.ErrLost}
		for range 3 {
			s.outage.start(0, lost, func(context.Context) error {
				attempts.Add(1)
				if back.Load() {
					return nil
				}
				return lost
			})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		called := false
		err := s.call(t.Context(), func(context.Context) error { called = true; return nil })
		if !errors.Is(err, ErrOutage) || !errors.Is(err, ErrUnavailable) || called {
			t.Errorf("a call during the outage: %v, the database is used: %v", err, called)
		}
		if want := []string{lost.Error() + ", reachable: false"}; !slices.Equal(*reports, want) || attempts.Load() < 10 || attempts.Load() > 20 {
			t.Errorf("after a minute: %q, %d attempts", *reports, attempts.Load())
		}
		back.Store(true)
		time.Sleep(lastPause)
		synctest.Wait()
		if err := s.call(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("a call after the outage: %v", err)
		}
		if want := []string{lost.Error() + ", reachable: false", "<nil>, reachable: true"}; !slices.Equal(*reports, want) {
			t.Errorf("%q, want %q", *reports, want)
		}
	})
}

// TestSingleFailureIsNoOutage has a database that answers the first attempt.
func TestSingleFailureIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, reports := watched()
		lost := unavailable{database.ErrLost}
		s.outage.start(0, lost, func(context.Context) error { return nil })
		synctest.Wait()
		_, err := s.outage.wait(t.Context())
		if want := []string{lost.Error() + ", reachable: true"}; !slices.Equal(*reports, want) || err != nil {
			t.Errorf("%q %v", *reports, err)
		}
	})
}

// TestCallsWaitUntilAnOutageIsConfirmed has one call that fails, and one that begins before it
// is known whether the database can be reached.
func TestCallsWaitUntilAnOutageIsConfirmed(t *testing.T) {
	lost := unavailable{database.ErrLost}
	for _, c := range []struct {
		name, want string
		reached    error
	}{
		{"the database can be reached", "<nil>", nil},
		{"it cannot", lost.Error(), lost},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := watched()
				defer s.outage.close()
				attempt := make(chan error)
				s.outage.start(0, lost, func(ctx context.Context) error {
					select {
					case err := <-attempt:
						return err
					case <-ctx.Done():
						return ctx.Err()
					}
				})
				result := make(chan error, 1)
				go func() { result <- s.call(t.Context(), func(context.Context) error { return nil }) }()
				impatient, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := s.call(impatient, func(context.Context) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a call with a limit of a second: %v", err)
				}
				select {
				case err := <-result:
					t.Errorf("a call before the first attempt has ended: %v", err)
				default:
				}
				attempt <- c.reached
				if err := <-result; fmt.Sprint(err) != c.want {
					t.Errorf("after the attempt: %v, want %s", err, c.want)
				}
			})
		})
	}
}

// TestFailureOfAnOldCallBeginsNoOutage has a call that began before an outage and times out
// after it. The failure is reported, because a login may wait for that.
func TestFailureOfAnOldCallBeginsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, reports := watched()
		old := make(chan error)
		go func() {
			old <- s.call(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		}()
		synctest.Wait()
		attempts, lost := 0, unavailable{database.ErrLost}
		s.outage.start(0, lost, func(context.Context) error { attempts++; return nil })
		synctest.Wait()
		if err := <-old; !errors.Is(err, ErrOutage) {
			t.Errorf("the old call: %v", err)
		}
		if err := s.call(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("a call after the outage: %v", err)
		}
		synctest.Wait()
		if want := []string{lost.Error() + ", reachable: true", "context deadline exceeded, reachable: true"}; !slices.Equal(*reports, want) || attempts != 1 {
			t.Errorf("%q, %d attempts", *reports, attempts)
		}
	})
}

func TestCloseEndsTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := watched()
		lost := unavailable{database.ErrLost}
		s.outage.start(0, lost, func(context.Context) error { return lost })
		time.Sleep(time.Second)
		s.outage.close()
		s.outage.start(0, lost, func(context.Context) error { t.Error("an attempt after the end"); return nil })
		s.outage.close()
	})
}

func TestErrorsThatAreAnOutage(t *testing.T) {
	for _, c := range []struct {
		err    error
		outage bool
	}{
		{database.ErrLost, true},
		{context.DeadlineExceeded, true},
		{errors.New("syntax error"), false},
		{database.ErrDuplicate, false},
	} {
		if err := failure(c.err); errors.Is(err, ErrOutage) != c.outage || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v: outage is %v", err, !c.outage)
		}
	}
	if err := failure(context.Canceled); errors.Is(err, ErrUnavailable) {
		t.Error("a canceled call is a failure of the database")
	}
}

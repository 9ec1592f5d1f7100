package users

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/database"
)

// watched is a store without a database that records what it reports.
func watched() (s *Store, reports *[]string) {
	s, reports = &Store{}, &[]string{}
	s.Watch(func(err error) { *reports = append(*reports, fmt.Sprint(err)) }) // read it after synctest.Wait
	return s, reports
}

func TestOutageIsReportedOnceAndCallsFailAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, reports := watched()
		var attempts atomic.Int32
		var back atomic.Bool
		lost := unavailable{database.ErrLost}
		for range 3 {
			s.outage.start(lost, func(context.Context) error {
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
		if want := []string{lost.Error()}; !slices.Equal(*reports, want) || attempts.Load() < 10 || attempts.Load() > 20 {
			t.Errorf("after a minute: %q, %d attempts", *reports, attempts.Load())
		}
		back.Store(true)
		time.Sleep(lastPause)
		synctest.Wait()
		if err := s.call(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("a call after the outage: %v", err)
		}
		if want := []string{lost.Error(), "<nil>"}; !slices.Equal(*reports, want) {
			t.Errorf("%q, want %q", *reports, want)
		}
	})
}

// TestSingleFailureIsNoOutage has a database that answers the first attempt.
func TestSingleFailureIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, reports := watched()
		s.outage.start(unavailable{database.ErrLost}, func(context.Context) error { return nil })
		synctest.Wait()
		if want := []string{"<nil>"}; !slices.Equal(*reports, want) || s.outage.now() != nil {
			t.Errorf("%q %v", *reports, s.outage.now())
		}
	})
}

func TestCloseEndsTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := watched()
		lost := unavailable{database.ErrLost}
		s.outage.start(lost, func(context.Context) error { return lost })
		time.Sleep(time.Second)
		s.outage.close()
		s.outage.start(lost, func(context.Context) error { t.Error("an attempt after the end"); return nil })
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

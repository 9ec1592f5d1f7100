package meter_test

import (
	"errors"
	"testing"
	"time"

	"spectrumlua/runtime/meter"
)

func TestNothingIsMeasuredWhileTheSwitchIsOff(t *testing.T) {
	for name, b := range map[string]*meter.Backend{"nil": nil, "off": {}} {
		began := b.Begin()
		if !began.IsZero() {
			t.Errorf("%s: a measurement begins at %v", name, began)
		}
		b.Queried(began, nil)
		b.Written(began, nil)
		if b != nil {
			b.Handled(1, began)
			if n := b.Queries.Read().Count + b.Writes.Read().Count; n != 0 || len(b.Handlers()) != 0 {
				t.Errorf("%s: %d statements and %v are measured", name, n, b.Handlers())
			}
		}
	}
}

func TestSwitchStartsToMeasure(t *testing.T) {
	var b meter.Backend
	b.TurnOn()
	began := b.Begin()
	if began.IsZero() {
		t.Fatal("no measurement begins")
	}
	b.Handled(7, began)
	b.Handled(7, began)
	b.Handled(5000, began) // no type has this number
	b.Queried(began, nil)
	b.Written(began, errors.New("why"))
	if all := b.Handlers(); len(all) != 1 || all[7].Count != 2 || all[7].Sum <= 0 {
		t.Errorf("%v", all)
	}
	if b.Queries.Read().Count != 1 || b.Writes.Read().Count != 1 || b.Failures.Load() != 1 {
		t.Errorf("%v, %v, %d failures", b.Queries.Read(), b.Writes.Read(), b.Failures.Load())
	}
}

func TestFailuresCountWhileTheSwitchIsOff(t *testing.T) {
	var b meter.Backend
	b.Queried(b.Begin(), errors.New("why"))
	if b.Failures.Load() != 1 || b.Queries.Read().Count != 0 {
		t.Errorf("%d failures, %v", b.Failures.Load(), b.Queries.Read())
	}
}

func TestHistogramCountsUpToEachBound(t *testing.T) {
	var h meter.Histogram
	for _, d := range []time.Duration{0, meter.Bounds[0], meter.Bounds[0] + 1, time.Second, time.Hour} {
		h.Add(d)
	}
	got := h.Read()
	if got.Count != 5 || got.Below[0] != 2 || got.Below[1] != 3 || got.Below[len(got.Below)-1] != 4 {
		t.Errorf("%+v", got)
	}
	if want := time.Hour + time.Second + 2*meter.Bounds[0] + 1; got.Sum != want {
		t.Errorf("the sum is %v, want %v", got.Sum, want)
	}
}

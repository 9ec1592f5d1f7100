package bench

import (
	"math"
	"slices"
	"testing"
)

func TestSpreadSummarizesValuesWithoutChangingThem(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		want   Spread
	}{
		{"nothing", nil, Spread{}},
		{"one", []float64{3}, Spread{1, 3, 3, 3}},
		{"odd", []float64{9, 1, 4}, Spread{3, 1, 4, 9}},
		{"even", []float64{4, 1, 2, 8}, Spread{4, 1, 3, 8}},
		{"same", []float64{2, 2, 2, 2}, Spread{4, 2, 2, 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := slices.Clone(test.values)
			if got := NewSpread(test.values); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if !slices.Equal(before, test.values) {
				t.Errorf("spread changed the values to %v", test.values)
			}
		})
	}
}

func TestQuantileInterpolatesAndIsNaNWithoutValues(t *testing.T) {
	values := make([]float64, 101)
	for i := range values {
		values[i] = float64(i)
	}
	for q, want := range map[float64]float64{0: 0, 0.5: 50, 0.99: 99, 0.995: 99.5, 1: 100} {
		if got := quantile(values, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("without values, the quantile is %v, want NaN", got)
	}
}

func TestRatiosSkipDivisionByZero(t *testing.T) {
	got := Ratios([]float64{1, 2, 3, 4}, []float64{2, 0, 4})
	if !slices.Equal(got, []float64{0.5, 0.75}) {
		t.Errorf("got %v", got)
	}
}

package bench

import (
	"math"
	"slices"
)

// Spread sums up repeated measurements. It is zero without measurements.
type Spread struct {
	N      int     `json:"n"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// NewSpread sums up values. It does not change them.
func NewSpread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Spread{
		N:      len(sorted),
		Min:    sorted[0],
		Median: quantile(sorted, 0.5),
		Max:    sorted[len(sorted)-1],
	}
}

// sorted sorts values in ascending order.
func sorted(values []float64) []float64 {
	slices.Sort(values)
	return values
}

// quantile returns the value below which the part q of the sorted values lies. It
// interpolates between two values, and returns NaN without values.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(i)
	return sorted[i]*(1-part) + sorted[i+1]*part
}

// Ratios divides measurements pairwise.
func Ratios(over, under []float64) []float64 {
	out := make([]float64, 0, len(over))
	for i := range min(len(over), len(under)) {
		if under[i] > 0 {
			out = append(out, over[i]/under[i])
		}
	}
	return out
}

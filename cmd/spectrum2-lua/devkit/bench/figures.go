package bench

// Figure names something that is measured once in each round.
type Figure string

// The figures of each backend. CPU is processor time of the backend. Busy is the part of
// one processor that the load generator used.
const (
	Start        Figure = "start_ms"          // from exec to the first PONG
	Rest         Figure = "rest_mb"           // resident memory after the first PONG and a pause
	Rate         Figure = "echoes_per_second" // with Load.InFlight messages in flight
	CPU          Figure = "cpu_us"            // for each echo at that rate
	Busy         Figure = "generator_busy"
	WindowMedian Figure = "window_median_us" // from the write of a message to its echo at that rate
	WindowP99    Figure = "window_p99_us"
	TripMedian   Figure = "trip_median_us" // of messages one after the other, without a pause
	TripP99      Figure = "trip_p99_us"
	TripCPU      Figure = "trip_cpu_us"
	TripBusy     Figure = "trip_generator_busy"
	IdleMedian   Figure = "idle_median_us" // of a message after a pause
	IdleP99      Figure = "idle_p99_us"
	Peak         Figure = "peak_mb" // VmHWM of a process whose load begins right after LOGIN
	Exit         Figure = "exit_ms" // from EXIT to the end of the process, with nothing pending
)

// Figures are the figures of one backend, or the ratios of two.
type Figures map[Figure]Spread

// samples are the values of each round.
type samples map[Figure][]float64

func (s samples) add(f Figure, v float64) { s[f] = append(s[f], v) }

// addTimes adds the median and the 99th percentile of some times.
func (s samples) addTimes(median, p99 Figure, times []float64) {
	times = sorted(times)
	s.add(median, quantile(times, 0.5))
	s.add(p99, quantile(times, 0.99))
}

func (s samples) figures() Figures {
	all := Figures{}
	for f, values := range s {
		all[f] = NewSpread(values)
	}
	return all
}

// over divides the samples by those of another backend, round by round.
func (s samples) over(other samples) Figures {
	all := Figures{}
	for f, values := range s {
		if r := Ratios(values, other[f]); len(r) > 0 {
			all[f] = NewSpread(r)
		}
	}
	return all
}

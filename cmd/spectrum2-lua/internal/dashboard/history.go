package dashboard

import (
	"math"
	"time"
)

const (
	// hour is what the charts show.
	hour = time.Hour
	// slotTime is the time of a slot of a history, and slots their number.
	slotTime = 15 * time.Second
	slots    = int(hour / slotTime)
)

// figure is what a chart is about.
type figure int

const (
	users figure = iota
	rates
	latencies
	figures // the number of figures
)

// sum is a sample of a transport: the sum over its processes.
type sum struct {
	users    int
	rate     float64 // messages in a second
	rated    bool
	handled  uint64 // calls of handlers since the last sample
	busy     time.Duration
	handlers map[string]times
}

// add adds a process. before is its last answer, or nil.
func (s *sum) add(p, before *process) {
	p.rate, p.latency = math.NaN(), math.NaN()
	if p.problem != "" {
		return
	}
	s.users += p.Users
	if before == nil || before.problem != "" {
		return
	}
	if took := p.at.Sub(before.at).Seconds(); took > 0 {
		p.rate = float64(p.Received+p.Sent-before.Received-before.Sent) / took
		s.rate += p.rate
		s.rated = true
	}
	if before.times == nil {
		return
	}
	var all times
	for name, now := range p.times {
		since := now.since(before.times[name])
		if since.count == 0 {
			continue
		}
		all.add(since)
		if s.handlers == nil {
			s.handlers = map[string]times{}
		}
		merged := s.handlers[name]
		merged.add(since)
		s.handlers[name] = merged
	}
	if all.count > 0 {
		p.latency = all.mean().Seconds()
	}
	s.handled += all.count
	s.busy += all.sum
}

// slot is a part of the hour.
type slot struct {
	start    time.Time
	totals   [figures]float64
	counts   [figures]int
	handlers map[string]times
}

// value returns the mean of a figure, or NaN.
func (s *slot) value(f figure) float64 {
	if s.counts[f] == 0 {
		return math.NaN()
	}
	return s.totals[f] / float64(s.counts[f])
}

// history is the last hour of a transport, the oldest slot first.
type history struct {
	slots []slot
	last  [figures]float64 // of the last sample; NaN if unknown
}

// add adds a sample. s is nil if no process of the transport runs.
func (h *history) add(now time.Time, s *sum) {
	start := now.Truncate(slotTime)
	if n := len(h.slots); n == 0 || !h.slots[n-1].start.Equal(start) {
		h.slots = append(h.slots, slot{start: start})
	}
	for len(h.slots) > 0 && !h.slots[0].start.After(now.Add(-hour-slotTime)) {
		h.slots = h.slots[1:]
	}
	at := &h.slots[len(h.slots)-1]
	h.last = [figures]float64{0, math.NaN(), math.NaN()}
	if s == nil {
		h.last[rates] = 0
	} else {
		h.last[users] = float64(s.users)
		if s.rated {
			h.last[rates] = s.rate
		}
		if s.handled > 0 {
			h.last[latencies] = s.busy.Seconds() / float64(s.handled)
		}
	}
	for f, value := range h.last {
		if !math.IsNaN(value) {
			at.totals[f] += value
			at.counts[f]++
		}
	}
	if s == nil {
		return
	}
	for name, t := range s.handlers {
		if at.handlers == nil {
			at.handlers = map[string]times{}
		}
		merged := at.handlers[name]
		merged.add(t)
		at.handlers[name] = merged
	}
}

// handlers returns the times of the hour by handler.
func (h *history) handlers() map[string]times {
	all := map[string]times{}
	for i := range h.slots {
		for name, t := range h.slots[i].handlers {
			merged := all[name]
			merged.add(t)
			all[name] = merged
		}
	}
	return all
}

// values returns the slots of the hour that ends now, NaN where nothing is known.
func (h *history) values(f figure, now time.Time) []float64 {
	values := make([]float64, slots)
	for i := range values {
		values[i] = math.NaN()
	}
	first := now.Truncate(slotTime).Add(-time.Duration(slots-1) * slotTime)
	for i := range h.slots {
		at := int(h.slots[i].start.Sub(first) / slotTime)
		if at >= 0 && at < slots && !h.slots[i].start.Before(first) {
			values[at] = h.slots[i].value(f)
		}
	}
	return values
}

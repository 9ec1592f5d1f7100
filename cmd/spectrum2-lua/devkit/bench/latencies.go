package bench

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
)

// latencies measures the time of each message while others are in flight. A backend
// answers each user in order, so an echo belongs to the user's oldest message. One
// goroutine may write while another one reads.
type latencies struct {
	mu      sync.Mutex
	written map[string][]time.Time // by user, in the order of the messages
	took    []float64              // µs
}

// wrote notes the time of a user's message.
func (l *latencies) wrote(user string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written == nil {
		l.written = map[string][]time.Time{}
	}
	l.written[user] = append(l.written[user], at)
}

// received takes the time of an echo. It compares the echo with the text of the messages.
func (l *latencies) received(payload []byte, text string, at time.Time) error {
	m, err := baseline.ParseMessage(payload)
	if err != nil {
		return fmt.Errorf("this is no echo: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	times := l.written[string(m.User)]
	if string(m.Contact) != baseline.Contact || string(m.Text) != text || len(times) == 0 {
		return fmt.Errorf("this is no echo: user %.100q, contact %.100q, text %.200q", m.User, m.Contact, m.Text)
	}
	l.took = append(l.took, us(at.Sub(times[0])))
	l.written[string(m.User)] = slices.Delete(times, 0, 1)
	return nil
}

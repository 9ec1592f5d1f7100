package bench

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
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
	m, err := parseEcho(payload)
	if err != nil {
		return fmt.Errorf("this is no echo: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	times := l.written[string(m.user)]
	if string(m.contact) != contact || string(m.text) != text || len(times) == 0 {
		return fmt.Errorf("this is no echo: user %.100q, contact %.100q, text %.200q", m.user, m.contact, m.text)
	}
	l.took = append(l.took, us(at.Sub(times[0])))
	l.written[string(m.user)] = slices.Delete(times, 0, 1)
	return nil
}

// echo holds the fields of a ConversationMessage that an echo has.
type echo struct{ user, contact, text []byte }

// parseEcho parses a ConversationMessage without allocations.
func parseEcho(payload []byte) (e echo, err error) {
	for len(payload) > 0 {
		field, typ, n := protowire.ConsumeTag(payload)
		if n < 0 {
			return echo{}, protowire.ParseError(n)
		}
		payload = payload[n:]
		size := protowire.ConsumeFieldValue(field, typ, payload)
		if size < 0 {
			return echo{}, protowire.ParseError(size)
		}
		value := payload[:size]
		payload = payload[size:]
		if field > 3 {
			continue
		}
		if typ != protowire.BytesType {
			return echo{}, errors.New("a field that is not text")
		}
		content, _ := protowire.ConsumeBytes(value)
		switch field {
		case 1:
			e.user = content
		case 2:
			e.contact = content
		case 3:
			e.text = content
		}
	}
	return e, nil
}

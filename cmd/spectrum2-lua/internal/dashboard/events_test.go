package dashboard

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// stream opens the stream of events. next returns the parts of the next event.
func (b *browser) stream() (next func() map[string]string, leave func()) {
	b.Helper()
	res, err := b.Get(b.server.URL + "/events")
	if err != nil {
		b.Fatal(err)
	}
	if kind := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || kind != "text/event-stream" {
		b.Fatalf("%d %s", res.StatusCode, kind)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return func() map[string]string {
		b.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var parts map[string]string
				if err := json.Unmarshal([]byte(data), &parts); err != nil {
					b.Fatal(err)
				}
				return parts
			}
		}
		b.Fatalf("the stream has ended: %v", lines.Err())
		return nil
	}, func() { _ = res.Body.Close() }
}

func TestStreamSendsWhatChanges(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, a)
	b.enter()
	next, leave := b.stream()
	defer leave()
	if parts := next(); len(parts) != len(partNames) {
		t.Errorf("%d parts instead of %d", len(parts), len(partNames))
	}
	a.change(func(a *backend) { a.process.Users = 77 })
	b.sample(t.Context())
	parts := next()
	expect(t, parts["processes"], "77")
	if _, again := parts["transports"]; again {
		t.Error("the buttons are sent again, and lose the focus")
	}
	a.server.Close()
	b.sample(t.Context())
	parts = next()
	expect(t, parts["activity"], "has ended")
	expect(t, parts["processes"], "No process runs")
}

func TestStreamsAreLimited(t *testing.T) {
	b := open(t, Options{})
	b.enter()
	for range maxStreams {
		b.streams[make(chan struct{}, 1)] = struct{}{}
	}
	if status, _ := b.get("/events"); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	}
}

// stalled is the connection of a browser that does not read: after some bytes, writes wait
// for their deadline, which has passed.
type stalled struct {
	*httptest.ResponseRecorder
	room     int
	deadline time.Time
}

func (s *stalled) SetWriteDeadline(at time.Time) error {
	s.deadline = at
	return nil
}

func (s *stalled) Write(b []byte) (int, error) {
	if s.room -= len(b); s.room >= 0 {
		return len(b), nil
	}
	if s.deadline.IsZero() {
		return 0, errors.New("the write would wait forever")
	}
	return 0, os.ErrDeadlineExceeded
}

// TestStalledBrowserLosesItsStream also samples more often than the browser reads.
func TestStalledBrowserLosesItsStream(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, a)
	wake := make(chan struct{}, 1)
	if !b.join(wake) {
		t.Fatal("the stream is refused")
	}
	for range 3 {
		b.sample(t.Context()) // it does not wait for the stream
	}
	b.leave(wake)
	w := &stalled{ResponseRecorder: httptest.NewRecorder()}
	b.Dashboard.events(w, httptest.NewRequest(http.MethodGet, "/events", nil))
	if w.deadline.IsZero() || len(b.streams) != 0 {
		t.Errorf("%v, %d streams", w.deadline, len(b.streams))
	}
}

func BenchmarkParts(b *testing.B) {
	d := New(Options{})
	for i := range slots {
		h := d.state.transports[fmt.Sprint(i%5)]
		if h == nil {
			h = &history{}
			d.state.transports[fmt.Sprint(i%5)] = h
		}
		h.add(time.Now().Add(-hour+time.Duration(i)*slotTime), &sum{users: i, rate: 1, rated: true})
	}
	for b.Loop() {
		if _, err := d.parts(); err != nil {
			b.Fatal(err)
		}
	}
}

package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// maxStreams limits the number of pages that are kept up to date.
const maxStreams = 32

// events sends the changed parts of the page after each sample, as server-sent events. A
// browser that does not read misses samples, and loses its connection in the end.
func (d *Dashboard) events(w http.ResponseWriter, r *http.Request) {
	wake := make(chan struct{}, 1)
	if !d.join(wake) {
		http.Error(w, fmt.Sprintf("%d pages are open already", maxStreams), http.StatusServiceUnavailable)
		return
	}
	defer d.leave(wake)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep the events
	control := http.NewResponseController(w)
	shown := map[string]string{}
	select {
	case wake <- struct{}{}: // the page may be older than the last sample
	default:
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case <-wake:
		}
		parts, err := d.parts()
		if err != nil {
			return
		}
		changed := map[string]string{}
		for name, html := range parts {
			if shown[name] != html {
				changed[name] = html
			}
		}
		shown = parts
		text, err := json.Marshal(changed)
		if err == nil {
			err = control.SetWriteDeadline(time.Now().Add(answerTime))
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "event: update\ndata: %s\n\n", text)
		}
		if err == nil {
			err = control.Flush()
		}
		if err != nil {
			return
		}
	}
}

// join adds a stream, unless there are too many.
func (d *Dashboard) join(stream chan struct{}) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.streams) >= maxStreams {
		return false
	}
	d.streams[stream] = struct{}{}
	return true
}

func (d *Dashboard) leave(stream chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.streams, stream)
	d.viewed = time.Now()
}

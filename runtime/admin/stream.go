package admin

import (
	"encoding/json"
	"net/http"
	"time"
)

// Stream sends JSON values to a client, one on each line. One goroutine may use it.
type Stream struct {
	encoder *json.Encoder
	control *http.ResponseController
	wait    time.Duration
}

// NewStream begins a stream as the answer to a request.
func NewStream(w http.ResponseWriter) *Stream {
	w.Header().Set("Content-Type", "application/x-ndjson")
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // it would end the context of the request
	return &Stream{json.NewEncoder(w), control, writeTime}
}

// Send sends a value. It returns an error if the client has left, or accepts no data for
// ten seconds.
func (s *Stream) Send(value any) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(s.wait)); err != nil {
		return err
	}
	if err := s.encoder.Encode(value); err != nil {
		return err
	}
	return s.control.Flush()
}

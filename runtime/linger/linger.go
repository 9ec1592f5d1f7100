// Package linger gives clients of an HTTP server time to read its answer.
package linger

import (
	"io"
	"net/http"
	"time"
)

// limit is how long the rest of a request is read.
const limit = 30 * time.Second

// Rest reads what a client still sends after a short answer that has been written to w, at
// most so many bytes, for up to half a minute. Most clients and proxies send the whole body
// before they read, and lose the answer if the connection ends before (RFC 9112, section 9.6).
// Only the handler of r may call Rest, and it must not write afterwards.
func Rest(w http.ResponseWriter, r *http.Request, most int64) {
	// A client that expects 100 Continue waits for the answer before it sends.
	if r.ContentLength == 0 || r.Header.Get("Expect") != "" {
		return
	}
	control := http.NewResponseController(w)
	if control.EnableFullDuplex() != nil || control.Flush() != nil || control.SetReadDeadline(time.Now().Add(limit)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, r.Body, most)
}

// Package linger gives clients of an HTTP server time to read its answer.
package linger

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// limit is how long the rest of a request is read.
const limit = 30 * time.Second

// Error answers a request with a status and its name. Then it reads what the client still
// sends, at most so many bytes, for up to half a minute. Most clients and proxies send the
// whole body before they read, and lose the answer if the connection ends before (RFC 9112,
// section 9.6). Only the handler of r may call Error.
func Error(w http.ResponseWriter, r *http.Request, status int, most int64) {
	text := http.StatusText(status) + "\n"
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(text))) // a proxy need not wait for the end of the connection
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
	rest(w, r, most)
}

func rest(w http.ResponseWriter, r *http.Request, most int64) {
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

package http

import "time"

// SetPatience sets how long a client of a later server may take for its header,
// its body and our answer, until restore.
func SetPatience(header, body, answer time.Duration) (restore func()) {
	before := defaultPatience
	defaultPatience = patience{header: header, body: body, answer: answer}
	return func() { defaultPatience = before }
}

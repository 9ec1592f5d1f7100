package backend

import (
	"crypto/sha256"
	"encoding/hex"
	"os"

	"spectrumlua/runtime/link"
	"spectrumlua/runtime/record"
)

// observer is what the link tells of messages; nil if nothing is recorded.
func observer(r *record.Recorder) link.Observer {
	if r == nil {
		return nil
	}
	return r
}

// recordLoads writes down how the script's loads end; it is nil if nothing is
// recorded. The function is called by one goroutine at a time.
func recordLoads(r *record.Recorder, script string) func(error) {
	if r == nil {
		return nil
	}
	generation := 0
	return func(err error) {
		if err != nil {
			r.Failed(err)
			return
		}
		generation++
		r.Loaded(generation, hash(script))
	}
}

// hash is the beginning of a file's SHA-256, as the log has it; "" for one that
// cannot be read.
func hash(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

package backend

import (
	"crypto/sha256"
	"encoding/hex"
	"os"

	"spectrumlua/runtime/record"
)

// recordLoads returns a function that records the result of a load, or nil if nothing is
// recorded. The function is not safe for concurrent use.
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

// hash returns the beginning of a file's SHA-256, as in the log, or "" if the file cannot
// be read.
func hash(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

package logging

import (
	"hash/maphash"
	"sync"
	"time"
)

// defaultKeys is the number of keys that a Once with Keys 0 remembers.
const defaultKeys = 256

// A Once keeps repeated lines out of the log, for example about an unknown field in
// every message. It remembers a limited number of keys and only their hashes, so keys
// may come from a peer. The zero value is ready to use. It is safe for concurrent use
// and must not be copied.
type Once struct {
	// Keys is the number of keys to remember; 0 means 256. Further keys are
	// ignored, so that a peer that invents keys cannot flood the log either.
	Keys int
	// Every is how long a key is remembered; 0 means forever.
	Every time.Duration

	mu   sync.Mutex
	seed maphash.Seed
	last map[uint64]time.Time
}

// Do calls fn if key is new or its last call was at least Every ago. It calls fn
// without a lock: of two concurrent calls, one calls fn and the other returns at
// once.
func (o *Once) Do(key string, fn func()) {
	if o.first(key) {
		fn()
	}
}

func (o *Once) first(key string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil {
		o.seed = maphash.MakeSeed()
		o.last = make(map[uint64]time.Time)
	}
	var now time.Time
	if o.Every > 0 {
		now = time.Now()
	}
	h := maphash.String(o.seed, key)
	at, known := o.last[h]
	if known && !o.expired(at, now) || !known && !o.hasCapacity(now) {
		return false
	}
	o.last[h] = now
	return true
}

func (o *Once) expired(at, now time.Time) bool {
	return o.Every > 0 && now.Sub(at) >= o.Every
}

// hasCapacity reports whether a new key fits, after removing expired keys if
// necessary.
func (o *Once) hasCapacity(now time.Time) bool {
	limit := o.Keys
	if limit <= 0 {
		limit = defaultKeys
	}
	if len(o.last) >= limit {
		for h, at := range o.last {
			if o.expired(at, now) {
				delete(o.last, h)
			}
		}
	}
	return len(o.last) < limit
}

package logging

import (
	"hash/maphash"
	"sync"
	"time"
)

// defaultKeys is how many keys a Once with Keys 0 remembers.
const defaultKeys = 256

// A Once keeps what repeats itself out of the log: an unknown field in every
// message, an error on every attempt. It remembers a bounded number of keys, and
// of each a hash only, so keys may be what a peer sent. Its zero value is ready
// to use, from any goroutine. It must not be copied.
type Once struct {
	// Keys bounds the keys remembered; 0 means 256. Once they are all taken,
	// further keys are not acted on, so that a peer that makes up new ones
	// does not fill the log either.
	Keys int
	// Every is how long a key is remembered; 0 means for ever.
	Every time.Duration

	mu   sync.Mutex
	seed maphash.Seed
	last map[uint64]time.Time
}

// Do calls fn if key is new, or was last acted on at least Every ago. It calls
// it without a lock: of two calls at the same time, one calls fn, and the other
// does not wait for it.
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
	if known && !o.expired(at, now) || !known && !o.room(now) {
		return false
	}
	o.last[h] = now
	return true
}

func (o *Once) expired(at, now time.Time) bool {
	return o.Every > 0 && now.Sub(at) >= o.Every
}

// room tells if a new key can be taken, and forgets what is expired to make it.
func (o *Once) room(now time.Time) bool {
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

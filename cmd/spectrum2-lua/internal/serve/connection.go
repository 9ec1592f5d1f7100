package serve

import (
	"errors"
	"fmt"

	"spectrumlua/runtime/gateway/component"
)

// connection notes that the connection to the XMPP server has begun, or why it has failed.
// The first failure leads to advice: it is most often a mistake in one of the two configs.
// ErrConflict ends the process with its own advice.
func (t *Transport) connection(err error) {
	t.mu.Lock()
	t.tried, t.outage = true, err
	advice := ""
	var failed *component.Error
	if errors.As(err, &failed) && !t.advised && failed.Hint() != "" && !errors.Is(err, component.ErrConflict) {
		t.advised = true
		advice = fmt.Sprintf("%v\n%s\nTrying again until it succeeds.", failed, failed.Advice())
	}
	t.mu.Unlock()
	if advice != "" {
		t.advise(advice)
	}
	t.changed()
}

// attempted reports whether the first attempt to connect has ended.
func (t *Transport) attempted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tried
}

// trouble returns why there is no connection, or nil.
func (t *Transport) trouble() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.outage
}

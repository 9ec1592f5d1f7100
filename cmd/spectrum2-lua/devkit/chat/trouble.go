package chat

import (
	"fmt"
	"strings"
)

// TroubleError counts the failures in a list of commands, which ran to its end.
type TroubleError struct {
	Wrong  int // commands that failed
	Errors int // errors in the log
	Broken int // rules of Spectrum that the backend broke
}

func (e *TroubleError) Error() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{e.Wrong, "wrong command"},
		{e.Errors, "error in the log"},
		{e.Broken, "broken rule of Spectrum"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d × %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// trouble returns a *TroubleError if a command of a list failed, and nil otherwise.
func (c *Chat) trouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.opts.Script || c.wrong+c.errors+c.broken == 0 {
		return nil
	}
	return &TroubleError{Wrong: c.wrong, Errors: c.errors, Broken: c.broken}
}

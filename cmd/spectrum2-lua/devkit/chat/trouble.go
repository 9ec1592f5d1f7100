package chat

import (
	"fmt"
	"strings"
)

// TroubleError is what went wrong in a script of commands that was carried out
// to its end.
type TroubleError struct {
	Wrong  int // commands that were wrong or came to nothing
	Errors int // errors in the log
	Broken int // times that the real Spectrum would have suffered
}

func (e *TroubleError) Error() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{e.Wrong, "wrong command"},
		{e.Errors, "error in the log"},
		{e.Broken, "broken rule of Spectrum's"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d × %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// trouble is the outcome of a Script.
func (c *Chat) trouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.opts.Script || c.wrong+c.errors+c.broken == 0 {
		return nil
	}
	return &TroubleError{Wrong: c.wrong, Errors: c.errors, Broken: c.broken}
}

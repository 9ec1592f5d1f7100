package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"spectrumlua/runtime/crash"
)

// answer is the result of /lua.
type answer struct {
	user   string
	online bool // the user was logged in
	texts  []string
	err    error
}

// lua evaluates an expression in the script's VM. The code may wait. A list of commands
// waits for it, for at most handler_timeout and then ExpectTimeout.
func (c *Chat) lua(l *call) error {
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	me, done := c.people.me(), make(chan struct{})
	go func() {
		defer crash.Guard()
		texts, err := c.run.Eval(l.ctx, me.jid, text)
		if l.ctx.Err() == nil {
			c.feed.add(event{answer: &answer{me.jid, me.online, texts, err}, after: c.sent()})
		}
		close(done)
	}()
	patience := c.run.Settings.HandlerTimeout + c.opts.ExpectTimeout
	if !c.opts.Script { // the user of a terminal need not wait
		patience = promptDelay
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-done:
		return nil
	case <-c.run.Spectrum.Done():
		return nil
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	case <-late.C:
		if c.opts.Script {
			return fmt.Errorf("/lua waits for more than %v: the chat continues without the result", patience)
		}
		return nil
	}
}

// noSession is a part of the error of an expression that needs a session.
const noSession = "global 'session' (a nil value)"

// tellAnswer shows the result of /lua as a Lua prompt does, or its error.
func (c *Chat) tellAnswer(a answer) {
	if a.err != nil {
		c.mu.Lock()
		c.wrong++
		c.mu.Unlock()
		text := a.err.Error()
		if before, _, ok := strings.Cut(text, noSession); ok && !a.online {
			text = before + noSession + ": " + shortName(a.user) + " is not logged in: /login goes online"
		}
		c.put(wrongLine, a.user, printable(text))
		return
	}
	if len(a.texts) > 0 {
		for line := range strings.SplitSeq(strings.Join(a.texts, "\t"), "\n") {
			c.put(plainLine, a.user, printable(line))
		}
	}
}

package chat

import (
	"context"
	"fmt"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// rest waits until backend and Spectrum have handled all messages and the chat has
// shown them. It does not wait for timers or for other servers.
func (c *Chat) rest(ctx context.Context) error {
	for {
		before := c.feed.total()
		if err := c.run.Spectrum.Ping(ctx); err != nil { // the backend has read everything
			return err
		}
		if err := c.turn(ctx); err != nil { // Settle alone does not wait for a handler that computes for long
			return err
		}
		task.Settle(ctx, c.run.Scheduler()) // the handlers have ended
		if err := c.arrived(ctx, c.run.Sent()); err != nil {
			return err
		}
		if err := c.run.Spectrum.SettleManners(ctx); err != nil {
			return err
		}
		if err := c.feed.drained(ctx); err != nil {
			return err
		}
		if c.feed.total() == before {
			return nil
		}
	}
}

// turn waits until the tasks that are running or ready have run.
func (c *Chat) turn(ctx context.Context) error {
	over := make(chan struct{})
	go func() {
		defer crash.Guard()
		c.run.Scheduler().Do(func() { close(over) })
	}()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// arrived waits until the chat has shown n messages of the backend.
func (c *Chat) arrived(ctx context.Context, n uint64) error {
	return c.await(ctx, func() bool { return c.got >= n })
}

// await waits until a condition is true. It checks the condition after each line, with
// c.mu held.
func (c *Chat) await(ctx context.Context, true func() bool) error {
	for {
		c.mu.Lock()
		if true() {
			c.mu.Unlock()
			return nil
		}
		if c.news == nil {
			c.news = make(chan struct{})
		}
		news := c.news
		c.mu.Unlock()
		select {
		case <-news:
		case <-c.run.Spectrum.Done():
			return simulator.ErrEnded
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// forget clears the lines that /expect searches.
func (c *Chat) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = nil
}

// expect waits for a line with the text among those shown since the last command.
func (c *Chat) expect(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, c.opts.ExpectTimeout)
	defer cancel()
	looked := 0
	err := c.await(ctx, func() bool {
		for ; looked < len(c.told); looked++ {
			if strings.Contains(c.told[looked], text) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return fmt.Errorf("no line with %q appeared within %v", text, c.opts.ExpectTimeout)
	}
	return nil
}

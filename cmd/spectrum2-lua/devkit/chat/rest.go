package chat

import (
	"context"
	"fmt"
	"strings"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// rest waits until the backend and Spectrum have dealt with all that was sent,
// and it has been told. What the script waits for, such as a timer or a server
// elsewhere, may come later.
func (c *Chat) rest(ctx context.Context) error {
	for {
		before := c.feed.total()
		if err := c.run.Spectrum.Ping(ctx); err != nil { // all has been read
			return err
		}
		if err := c.turn(ctx); err != nil { // Settle alone gives up on handlers that compute for long
			return err
		}
		task.Settle(ctx, c.run.Scheduler()) // and handled
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

// turn waits until what runs now, or is about to, has run.
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

// arrived waits until so many messages of the backend's have been told.
func (c *Chat) arrived(ctx context.Context, n uint64) error {
	return c.await(ctx, func() bool { return c.got >= n })
}

// await waits until something is true, which it asks with c.mu held whenever
// something has been shown.
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

// forget begins a new list of what was shown, for /expect.
func (c *Chat) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = nil
}

// expect waits for a line, shown since the last command, that has the text.
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
		return fmt.Errorf("no line with %q has come within %v", text, c.opts.ExpectTimeout)
	}
	return nil
}

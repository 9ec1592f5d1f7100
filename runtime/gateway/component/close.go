package component

import "context"

// Close ends Run, writes the queued stanzas until ctx is done, ends the stream and closes
// the connection. Without a connection the queued stanzas are lost. Further calls wait
// for the first one to return.
func (c *Component) Close(ctx context.Context) {
	c.closeOnce.Do(func() { c.close(ctx) })
}

func (c *Component) close(ctx context.Context) {
	c.mu.Lock()
	c.closed = true
	running := c.running
	c.mu.Unlock()
	c.out.close()
	if running {
		c.interrupt()
		c.finish(ctx)
	}
	if n := c.out.unsent(); n > 0 {
		c.log.WithField("stanzas", n).Warn("stanzas are lost, because they could not be sent before the end")
	}
}

// finish waits for the writer and ends the stream.
func (c *Component) finish(ctx context.Context) {
	c.mu.Lock()
	s := c.stream
	c.mu.Unlock()
	if s == nil {
		select {
		case <-c.runDone:
		case <-ctx.Done(): // Dial does not return
			return
		}
		c.mu.Lock()
		s = c.stream // Run may have just connected
		c.mu.Unlock()
		if s == nil {
			return
		}
	}
	stop := context.AfterFunc(ctx, s.end) // ends a blocked write
	defer stop()
	<-s.writerDone
	select {
	case <-s.readerDone:
	case <-ctx.Done(): // Handle does not return
		return
	}
	s.hangUp(ctx)
}

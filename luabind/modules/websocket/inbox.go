package websocket

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// What waits for a script at most. Beyond that, nothing is read, so that the
// peer has to wait.
const (
	maxWaiting      = 64
	maxWaitingBytes = 1 << 20
)

// message is one that has come.
type message struct {
	kind websocket.MessageType
	data []byte
}

// inbox is what has come and has not been handed out. Its methods may be called
// from any goroutine.
type inbox struct {
	mu       sync.Mutex
	messages []message
	bytes    int
	end      error // why no more will come
	full     bool  // put waits

	arrived chan struct{} // has something if wait has to look again
	taken   chan struct{} // has something if put has to
}

func newInbox() *inbox {
	return &inbox{arrived: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put adds a message, and waits until there is room for the next.
func (i *inbox) put(ctx context.Context, m message) {
	i.mu.Lock()
	i.messages = append(i.messages, m)
	i.bytes += len(m.data)
	i.mu.Unlock()
	signal(i.arrived)
	for i.isFull() {
		select {
		case <-i.taken:
		case <-ctx.Done():
			return
		}
	}
}

func (i *inbox) isFull() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.full = len(i.messages) >= maxWaiting || i.bytes >= maxWaitingBytes
	return i.full
}

// blocked tells whether nothing is read, for want of room.
func (i *inbox) blocked() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.full
}

// finish says that no more will come; the first reason counts.
func (i *inbox) finish(end error) {
	i.mu.Lock()
	if i.end == nil {
		i.end = end
	}
	i.mu.Unlock()
	signal(i.arrived)
}

// why is the reason of the end, or nil.
func (i *inbox) why() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.end
}

// wait waits until take has something to give, or the end.
func (i *inbox) wait(ctx context.Context) error {
	for {
		i.mu.Lock()
		ready := len(i.messages) > 0 || i.end != nil
		i.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-i.arrived:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// take takes the next message. If there is none, it returns the end.
func (i *inbox) take() (message, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.messages) == 0 {
		return message{}, i.end
	}
	m := i.messages[0]
	i.messages[0] = message{}
	i.messages = i.messages[1:]
	i.bytes -= len(m.data)
	signal(i.taken)
	return m, nil
}

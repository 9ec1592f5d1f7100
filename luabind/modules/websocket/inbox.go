package websocket

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// Limits of the messages that wait for a script. At the limit, reading pauses,
// and the peer has to wait.
const (
	maxWaiting      = 64
	maxWaitingBytes = 1 << 20
)

// message is a message that has arrived.
type message struct {
	kind websocket.MessageType
	data []byte
}

// inbox holds the messages that have arrived and have not been received. Its
// methods are safe for concurrent use.
type inbox struct {
	mu       sync.Mutex
	messages []message
	bytes    int
	end      error // why no more messages will arrive
	full     bool  // put is waiting

	arrived chan struct{} // wakes wait
	taken   chan struct{} // wakes put
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

// put adds a message and waits until the inbox has capacity for another one.
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

// blocked reports whether reading is paused because the inbox is full.
func (i *inbox) blocked() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.full
}

// finish records that no more messages will arrive. Only the first reason
// counts.
func (i *inbox) finish(end error) {
	i.mu.Lock()
	if i.end == nil {
		i.end = end
	}
	i.mu.Unlock()
	signal(i.arrived)
}

// why returns the reason of the end, or nil if the connection is open.
func (i *inbox) why() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.end
}

// empty reports whether no message waits for the script.
func (i *inbox) empty() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.messages) == 0
}

// wait waits until take can return a message or the reason of the end.
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

// take removes and returns the next message. It returns the reason of the end
// if the inbox is empty.
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

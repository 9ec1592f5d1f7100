// Package trace shows the messages of a running process to its admins.
//
// A Tracer is an observer of the messages. While nobody watches, a message costs one atomic
// load. Otherwise the message is copied into the queue of each Watcher, and a watcher that
// does not keep up loses messages. No watcher delays the process.
package trace

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/xmltree"
)

// maxQueue is the number of bytes that may wait for a watcher.
const maxQueue = 4 << 20

// messageCost is the size of a message besides its payload.
const messageCost = 64

// Message is a message between Spectrum, or the gateway, and the script.
type Message struct {
	Time    time.Time
	Out     bool // from the script
	Type    pb.WrapperMessage_Type
	Payload []byte // nil if the message has no payload
}

// Tracer copies messages to watchers. The zero value is ready. It is safe for concurrent
// use.
type Tracer struct {
	watchers atomic.Pointer[[]*Watcher] // nil while nobody watches
	mu       sync.Mutex                 // guards changes of watchers
}

// On reports whether somebody watches.
func (t *Tracer) On() bool { return t.watchers.Load() != nil }

// In shows a message for the script. payload is valid until In returns.
func (t *Tracer) In(typ pb.WrapperMessage_Type, payload []byte) { t.show(false, typ, payload) }

// Out shows a message of the script. payload is valid until Out returns.
func (t *Tracer) Out(typ pb.WrapperMessage_Type, payload []byte) { t.show(true, typ, payload) }

func (t *Tracer) show(out bool, typ pb.WrapperMessage_Type, payload []byte) {
	watchers := t.watchers.Load()
	if watchers == nil {
		return
	}
	now := time.Now()
	for _, w := range *watchers {
		if w.user == "" || mayConcern(w.user, typ, payload) {
			w.add(Message{Time: now, Out: out, Type: typ, Payload: payload})
		}
	}
}

// mayConcern reports whether a message is for or from a user, or is raw XML, which takes
// too long to parse here.
func mayConcern(user string, number pb.WrapperMessage_Type, payload []byte) bool {
	typ := schema.TypeByNumber(number)
	return typ != nil && (isStanza(typ) || isUser(user, string(typ.UserOf(payload))))
}

func isStanza(typ *schema.Type) bool {
	return typ.Format == pb.PayloadFormat_PAYLOAD_FORMAT_STANZA
}

// concerns reports whether a message that mayConcern a user does.
func concerns(user string, m Message) bool {
	if !isStanza(schema.TypeByNumber(m.Type)) {
		return true
	}
	node, err := xmltree.Parse(string(m.Payload), xmltree.DefaultLimits)
	return err == nil && (isUser(user, node.Get("to")) || isUser(user, node.Get("from")))
}

// isUser reports whether a JID, with a resource or without, is that of a user.
func isUser(user, jid string) bool {
	bare, _, _ := strings.Cut(jid, "/")
	return strings.EqualFold(user, bare)
}

// Watch returns a watcher of the messages of a user, or of all messages if user is "". The
// caller closes it.
func (t *Tracer) Watch(user string) *Watcher {
	w := &Watcher{tracer: t, user: user, wake: make(chan struct{}, 1)}
	t.change(func(all []*Watcher) []*Watcher { return append(all, w) })
	return w
}

// change replaces the list of watchers.
func (t *Tracer) change(change func(copied []*Watcher) []*Watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*Watcher
	if old := t.watchers.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if all = change(all); len(all) == 0 {
		t.watchers.Store(nil)
		return
	}
	t.watchers.Store(&all)
}

// Watcher holds the messages that nobody has taken yet.
type Watcher struct {
	tracer *Tracer
	user   string
	wake   chan struct{}

	mu    sync.Mutex
	queue []Message
	size  int // of the queue, in bytes
	lost  int // messages after those of the queue
}

// add copies a message to the queue, or counts it as lost if the queue is full.
func (w *Watcher) add(m Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cost := messageCost + len(m.Payload)
	if w.lost > 0 || len(w.queue) > 0 && w.size+cost > maxQueue {
		w.lost++
		return
	}
	m.Payload = slices.Clone(m.Payload)
	w.queue = append(w.queue, m)
	w.size += cost
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Wait waits for messages. It returns them and the number of messages after them that are
// lost, or ctx's error when ctx is done.
func (w *Watcher) Wait(ctx context.Context) (messages []Message, lost int, err error) {
	for {
		messages, lost = w.take()
		if w.user != "" {
			messages = slices.DeleteFunc(messages, func(m Message) bool { return !concerns(w.user, m) })
		}
		if len(messages) > 0 || lost > 0 {
			return messages, lost, nil
		}
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-w.wake:
		}
	}
}

func (w *Watcher) take() (messages []Message, lost int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	messages, lost = w.queue, w.lost
	w.queue, w.size, w.lost = nil, 0, 0
	return messages, lost
}

// Close ends the watching.
func (w *Watcher) Close() {
	w.tracer.change(func(all []*Watcher) []*Watcher {
		return slices.DeleteFunc(all, func(other *Watcher) bool { return other == w })
	})
}

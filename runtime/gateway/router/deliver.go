package router

import (
	"context"
	"sync"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/schema"
)

// inbox has the payloads for the script, in order.
type inbox struct {
	ready chan struct{} // has a value when payloads may wait

	mu       sync.Mutex
	payloads []item
}

type item struct {
	typ     *schema.Type
	payload []byte
}

// Deliver queues a payload for the script.
func (u *User) Deliver(typ pb.WrapperMessage_Type, m proto.Message) {
	r := u.router
	var payload []byte
	if m != nil {
		var err error
		if payload, err = proto.Marshal(m); err != nil {
			u.Log().WithFields(logrus.Fields{"type": typ.String(), "error": err.Error()}).Error("a message for the script cannot be encoded")
			return
		}
	}
	r.deliver(typ, payload)
}

// DeliverRaw is like Deliver, for a type without a message.
func (u *User) DeliverRaw(typ pb.WrapperMessage_Type, payload []byte) { u.router.deliver(typ, payload) }

func (r *Router) deliver(typ pb.WrapperMessage_Type, payload []byte) {
	r.incoming.add(len(payload) + jobCost)
	b := &r.inbox
	b.mu.Lock()
	b.payloads = append(b.payloads, item{schema.TypeByNumber(typ), payload})
	b.mu.Unlock()
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// delivery passes payloads to the script. One goroutine at a time delivers. It lends itself
// to the handlers of the payloads, so that a payload needs no switch between goroutines. A
// handler that takes long keeps the goroutine, and another one continues.
type delivery struct {
	router *Router
	ctx    context.Context
	batch  []item // taken from the inbox; those before next are delivered
	next   int
	ended  chan struct{} // closed when ctx is done
}

// RunDelivery passes payloads to the script until ctx is done.
func (r *Router) RunDelivery(ctx context.Context) {
	d := &delivery{router: r, ctx: ctx, ended: make(chan struct{})}
	go d.run()
	<-d.ended
}

// run delivers until ctx is done or a handler keeps the goroutine.
func (d *delivery) run() {
	defer crash.Guard()
	l := &loan{delivery: d}
	for d.more() {
		p := d.batch[d.next]
		d.batch[d.next] = item{}
		d.next++
		d.router.incoming.free(len(p.payload) + jobCost)
		if d.router.opts.Observer != nil {
			d.router.opts.Observer.In(p.typ.Number, p.payload)
		}
		d.router.opts.Receive(d.ctx, p.typ, p.payload, l)
		if l.kept {
			return
		}
	}
	close(d.ended)
}

// more waits for a payload. It returns false if ctx is done.
func (d *delivery) more() bool {
	b := &d.router.inbox
	for d.ctx.Err() == nil {
		if d.next < len(d.batch) {
			return true
		}
		b.mu.Lock()
		d.batch, b.payloads, d.next = b.payloads, d.batch[:0], 0
		b.mu.Unlock()
		if len(d.batch) > 0 {
			continue
		}
		select {
		case <-d.ctx.Done():
		case <-b.ready:
		}
	}
	return false
}

// loan lends the goroutine that delivers. It implements task.Lender.
type loan struct {
	delivery *delivery
	kept     bool // guarded by the scheduler's lock while Receive runs
}

// Lend does nothing.
func (l *loan) Lend() {}

// Keep makes another goroutine continue.
func (l *loan) Keep() {
	l.kept = true
	go l.delivery.run()
}

// Flush does nothing: stanzas do not wait for the end of a handler.
func (l *loan) Flush() {}

// Waits does nothing.
func (l *loan) Waits() {}

// Blocks does nothing.
func (l *loan) Blocks() {}

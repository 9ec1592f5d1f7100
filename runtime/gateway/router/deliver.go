package router

import (
	"context"
	"sync"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// inbox has the payloads for the script, in order.
type inbox struct {
	ready chan struct{} // has a value when payloads may wait

	mu       sync.Mutex
	payloads []delivery
}

type delivery struct {
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
			u.Log().Errorf("%v: %v", typ, err) // a required field or invalid UTF-8
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
	b.payloads = append(b.payloads, delivery{schema.TypeByNumber(typ), payload})
	b.mu.Unlock()
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// RunDelivery passes payloads to the script until ctx is done.
func (r *Router) RunDelivery(ctx context.Context) {
	b := &r.inbox
	var batch []delivery
	for {
		b.mu.Lock()
		batch, b.payloads = b.payloads, batch[:0]
		b.mu.Unlock()
		for i, d := range batch {
			if ctx.Err() != nil {
				return
			}
			if r.opts.Observer != nil {
				r.opts.Observer.In(d.typ.Number, d.payload)
			}
			r.opts.Receive(ctx, d.typ, d.payload)
			r.incoming.free(len(d.payload) + jobCost)
			batch[i] = delivery{}
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-b.ready:
		}
	}
}

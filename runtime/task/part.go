package task

// Part makes an owner for what is only being tried: what is opened and started
// with it is undone by its Cancel, or becomes o's by Join. One of the two has
// to be called. It ends with o, and o is not idle before it is.
func (o *Owner) Part() *Owner {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	part := o.sched.NewOwner(o.context(), o.name)
	part.whole = o
	part.resources = map[*Resource]struct{}{}
	o.active++
	return part
}

// Whole is the owner that o is a part of, or o itself.
func (o *Owner) Whole() *Owner {
	if o.whole != nil {
		return o.whole
	}
	return o
}

// Join makes what the part has open that of the whole, and returns it; what is
// asked of the part from now on is the whole's business too. Tasks that run go
// on, and end with the whole. The part must not have been cancelled.
func (o *Owner) Join() []*Resource {
	o.sched.mu.Lock()
	o.joined = true
	mine := o.resources
	o.resources = nil
	o.sched.mu.Unlock()
	var open []*Resource
	for r := range mine {
		if r.moveTo(o.whole) {
			open = append(open, r)
		}
	}
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.settle()
	return open
}

// heir is who does what is asked of o. sched.mu is held.
func (o *Owner) heir() *Owner {
	if o.joined {
		return o.whole
	}
	return o
}

// settle lets go of the whole once nothing of the part is left. sched.mu is
// held.
func (o *Owner) settle() {
	if o.whole == nil || o.settled || o.active > 0 || !o.joined && !o.cancelled {
		return
	}
	o.settled = true
	o.end(ErrCancelled) // frees what the context holds
	o.whole.leave()
}

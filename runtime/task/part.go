package task

// Part returns an owner for work that may be undone. Its Cancel ends all tasks and
// resources that belong to it; its Join makes them o's. The caller must call one of
// the two. The part ends with o, and o is not idle before the part is.
func (o *Owner) Part() *Owner {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	part := o.sched.NewOwner(o.context(), o.name)
	part.whole = o
	part.resources = map[*Resource]struct{}{}
	o.active++
	return part
}

// Whole returns the owner that o is a part of, or o itself.
func (o *Owner) Whole() *Owner {
	if o.whole != nil {
		return o.whole
	}
	return o
}

// Join moves the part's open resources to the whole and returns them. Later calls
// on the part act on the whole. Tasks of the part continue, and end with the whole.
// The part must not have been cancelled.
func (o *Owner) Join() []*Resource {
	o.sched.mu.Lock()
	o.joined = true
	resources := o.resources
	o.resources = nil
	o.sched.mu.Unlock()
	var open []*Resource
	for r := range resources {
		if r.moveTo(o.whole) {
			open = append(open, r)
		}
	}
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.settle()
	return open
}

// heir returns the owner that calls on o act on. sched.mu is held.
func (o *Owner) heir() *Owner {
	if o.joined {
		return o.whole
	}
	return o
}

// settle stops counting the part as an activity of the whole once the part has
// ended. sched.mu is held.
func (o *Owner) settle() {
	if o.whole == nil || o.settled || o.active > 0 || !o.joined && !o.cancelled {
		return
	}
	o.settled = true
	o.end(ErrCancelled) // frees the context
	o.whole.leave()
}

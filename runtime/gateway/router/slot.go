package router

// Slot is a place for the state of one feature in each user. Declare it as a package
// variable.
type Slot[T any] struct{ _ byte }

// Of returns the feature's state of a user. It is the zero value at first. A user keeps it
// until Drop.
func (s *Slot[T]) Of(u *User) *T {
	if v, ok := u.slots[s]; ok {
		return v.(*T)
	}
	v := new(T)
	if u.slots == nil {
		u.slots = map[any]any{}
	}
	u.slots[s] = v
	return v
}

// Peek is like Of, but returns nil if the user has no state.
func (s *Slot[T]) Peek(u *User) *T {
	v, _ := u.slots[s].(*T)
	return v
}

// Drop forgets the feature's state of a user.
func (s *Slot[T]) Drop(u *User) { delete(u.slots, s) }

// Common is a place for the state of one feature in a Router, which all users share.
// Declare it as a package variable. T has to be safe for concurrent use.
type Common[T any] struct{ _ byte }

// Of returns the feature's state of a router. It is the zero value at first.
func (c *Common[T]) Of(r *Router) *T {
	if v, ok := r.common.Load(c); ok {
		return v.(*T)
	}
	v, _ := r.common.LoadOrStore(c, new(T))
	return v.(*T)
}

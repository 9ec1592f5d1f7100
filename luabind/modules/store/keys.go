package store

import (
	"context"
	"errors"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/store"
)

const (
	keysPage = 2000 // keys that are read at a time
	// costKey is the approximate memory of a key in a list, besides its own
	// bytes.
	costKey = 48
	// tableFactor times max_string is the memory that a list of keys may take.
	tableFactor = 4
)

// keys is keys([prefix]) → list, sorted by bytes.
func keys(l *lua.LState, h *handle) int {
	prefix := l.OptString(2, "")
	budget := bind.RuntimeOf(l).Settings.MaxString * tableFactor
	list := bind.NewTable()
	after := ""
	for {
		var page []store.Entry
		err := h.run(l, func(ctx context.Context, c conn) (err error) {
			page, err = h.home.kv.Page(ctx, c, h.scope, prefix, after, keysPage, false)
			return err
		})
		if err != nil {
			return bind.Fail(l, err)
		}
		for _, e := range page {
			list.Append(lua.LString(e.Key))
			budget -= int64(len(e.Key) + costKey)
		}
		if len(page) < keysPage {
			return bind.Return(l, list)
		}
		if budget < 0 {
			return bind.Fail(l, errors.New("the keys would take too much memory (max_string): read them with each"))
		}
		after = page[len(page)-1].Key
	}
}

// Sizes of the pages that each reads. Pages of small values grow; pages of
// large values shrink.
const (
	firstPage  = 16
	maxPage    = 512
	smallBytes = 256 << 10
	largeBytes = 2 << 20
)

// cursor is the position of an each. It keeps no database resources open.
type cursor struct {
	handle *handle
	prefix string
	after  string
	limit  int
	keys   []string
	values []lua.LValue
	next   int
	done   bool
}

// each is each([prefix]). It returns an iterator over keys and values.
func each(l *lua.LState, h *handle) int {
	c := &cursor{handle: h, prefix: l.OptString(2, ""), limit: firstPage}
	return bind.Return(l, bind.Function("each", func(l *lua.LState) int {
		if c.next == len(c.keys) && !c.done {
			if err := c.read(l); err != nil {
				bind.Raise(l, "each: %v", err) // returning nil would look like the end
			}
		}
		if c.next == len(c.keys) {
			return bind.Return(l, lua.LNil)
		}
		i := c.next
		c.next++
		return bind.Return(l, lua.LString(c.keys[i]), c.values[i])
	}))
}

// read reads the next page.
func (c *cursor) read(l *lua.LState) error {
	c.keys, c.values, c.next = c.keys[:0], c.values[:0], 0
	h, bytes := c.handle, 0
	err := h.run(l, func(ctx context.Context, on conn) error {
		page, err := h.home.kv.Page(ctx, on, h.scope, c.prefix, c.after, c.limit, true)
		if err != nil {
			return err
		}
		for _, e := range page {
			v, err := decode(ctx, h.home.codec, e.Value)
			if err != nil {
				return err
			}
			bytes += len(e.Value.Data)
			c.keys, c.values = append(c.keys, e.Key), append(c.values, v)
		}
		c.done = len(page) < c.limit
		return nil
	})
	if n := len(c.keys); n > 0 {
		c.after = c.keys[n-1]
	}
	switch {
	case bytes < smallBytes:
		c.limit = min(c.limit*2, maxPage)
	case bytes > largeBytes:
		c.limit = max(c.limit/4, 1)
	}
	return err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/json"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/store"
)

type conn = database.Conn

// run calls f on the task's transaction, or on the database, and waits for it.
func (h *handle) run(l *lua.LState, f func(ctx context.Context, c conn) error) error {
	return h.home.base.Run(l, f)
}

// decode converts a stored value to a Lua value. It may be called without the
// script lock.
func decode(ctx context.Context, codec *json.Codec, v store.Value) (lua.LValue, error) {
	if v.Blob {
		return lua.LString(v.Data), nil
	}
	return codec.Decode(string(v.Data), ctx.Done())
}

// encode stores a Lua value in v. A string that is not UTF-8 becomes a blob.
func (h *handle) encode(l *lua.LState, what string, value lua.LValue, v *store.Value) {
	text, isString := value.(lua.LString)
	switch {
	case v.Blob && !isString:
		bind.Raise(l, "%s: with blob: string expected, got %s", what, bind.Describe(value))
	case v.Blob, isString && !utf8.ValidString(string(text)):
		v.Blob, v.Data = true, []byte(text)
		return
	case value == lua.LNil:
		bind.Raise(l, "%s: nil cannot be stored: use delete(key) to delete the key", what)
	}
	data, err := h.home.codec.Encode(value)
	if err != nil {
		bind.Raise(l, "%s: %v", what, err)
	}
	v.Data = []byte(data)
}

// expiry reads the option ttl. 0 means that the value never expires.
func expiry(l *lua.LState, o *bind.Options, otherwise time.Duration) time.Time {
	ttl := o.Seconds("ttl", otherwise)
	if ttl == 0 {
		return time.Time{}
	}
	return bind.RuntimeOf(l).Clock.Now().Add(ttl)
}

// get is get(key [, default]) → value.
func get(l *lua.LState, h *handle) int {
	key := checkKey(l, 2)
	var value lua.LValue
	err := h.run(l, func(ctx context.Context, c conn) error {
		v, found, _, err := h.home.kv.Read(ctx, c, h.scope, key)
		if err == nil && found {
			value, err = decode(ctx, h.home.codec, v)
		}
		return err
	})
	switch {
	case err != nil:
		return bind.Fail(l, err)
	case value == nil:
		return bind.Return(l, l.Get(3))
	}
	return bind.Return(l, value)
}

// set is set(key, value [, options]) → true.
func set(l *lua.LState, h *handle) int {
	key := checkKey(l, 2)
	o := bind.OptionsAt(l, 4, "set")
	v := store.Value{Blob: o.Bool("blob", false), Secret: o.Bool("secret", false), Expires: expiry(l, o, 0)}
	o.Done()
	h.encode(l, "set", l.Get(3), &v)
	err := h.run(l, func(ctx context.Context, c conn) error {
		return h.home.kv.Write(ctx, c, h.scope, key, v)
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LTrue)
}

// remove is delete(key). It reports whether the key existed.
func remove(l *lua.LState, h *handle) int {
	key := checkKey(l, 2)
	var deleted bool
	err := h.run(l, func(ctx context.Context, c conn) (err error) {
		deleted, err = h.home.kv.Delete(ctx, c, h.scope, key)
		return err
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LBool(deleted))
}

// maxExact is the largest integer below which a float64 represents every
// integer.
const maxExact = 1 << 53

// increment is increment(key [, n]) → the new number. A missing key counts as
// 0. The value keeps its expiry and its secrecy.
func increment(l *lua.LState, h *handle) int {
	key := checkKey(l, 2)
	by := float64(l.OptNumber(3, 1))
	if math.IsNaN(by) || math.IsInf(by, 0) {
		l.ArgError(3, "the number must be finite")
	}
	var sum float64
	err := h.run(l, func(ctx context.Context, c conn) error {
		return h.home.kv.Change(ctx, c, h.scope, key, func(old store.Value, found bool) (store.Value, error) {
			before := 0.0
			if found {
				var err error
				if before, err = strconv.ParseFloat(string(old.Data), 64); err != nil || old.Blob {
					return old, fmt.Errorf("the value of %q is not a number", key)
				}
			}
			sum = before + by
			whole := before == math.Trunc(before) && by == math.Trunc(by)
			if math.Abs(sum) > maxExact || whole && sum-by != before {
				return old, fmt.Errorf("the value of %q would be more than a number can hold exactly", key)
			}
			old.Data = strconv.AppendFloat(nil, sum, 'f', -1, 64)
			return old, nil
		})
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LNumber(sum))
}

// updateTimeout is how long update retries while others change the value.
const updateTimeout = 30 * time.Second

var errContended = errors.New("timeout: others changed it each time")

// update is update(key, fn [, options]) → the new value. It calls fn with the
// current value, and again if another task has changed the value meanwhile. If
// fn returns nil, update deletes the key.
func update(l *lua.LState, h *handle) int {
	key, fn := checkKey(l, 2), l.CheckFunction(3)
	var o *bind.Options
	if l.Get(4) != lua.LNil {
		o = bind.OptionsAt(l, 4, "update")
	}
	deadline := time.Now().Add(updateTimeout)
	for attempt := 0; ; attempt++ {
		var old store.Value
		var at store.Version
		value := lua.LNil
		err := h.run(l, func(ctx context.Context, c conn) (err error) {
			var found bool
			old, found, at, err = h.home.kv.Read(ctx, c, h.scope, key)
			if err == nil && found {
				value, err = decode(ctx, h.home.codec, old)
			}
			return err
		})
		if err != nil {
			return bind.Fail(l, err)
		}
		l.Push(fn)
		l.Push(value)
		l.Call(1, 1)
		value = l.Get(-1)
		l.Pop(1)
		done, err := h.replace(l, key, at, h.changed(l, old, value, o))
		switch {
		case err != nil:
			return bind.Fail(l, err)
		case done:
			return bind.Return(l, value)
		case time.Now().After(deadline):
			return bind.Fail(l, errContended)
		}
		if err := h.run(l, func(ctx context.Context, _ conn) error { return h.home.kv.Pause(ctx, attempt) }); err != nil {
			return bind.Fail(l, err)
		}
	}
}

// changed returns the new stored value for what fn returned, or nil to delete
// the key. Without options, the secrecy and the expiry stay the same.
func (h *handle) changed(l *lua.LState, old store.Value, value lua.LValue, o *bind.Options) *store.Value {
	v := store.Value{Secret: old.Secret, Expires: old.Expires}
	if o != nil {
		v.Blob, v.Secret, v.Expires = o.Bool("blob", false), o.Bool("secret", old.Secret), expiry(l, o, 0)
		o.Done()
	}
	if value == lua.LNil {
		return nil
	}
	h.encode(l, "update", value, &v)
	return &v
}

func (h *handle) replace(l *lua.LState, key string, at store.Version, v *store.Value) (done bool, err error) {
	err = h.run(l, func(ctx context.Context, c conn) (err error) {
		done, err = h.home.kv.Replace(ctx, c, h.scope, key, at, v)
		return err
	})
	return done, err
}

// Package http implements the module spectrum.http: an HTTP client and an HTTP
// server. A call that waits suspends the task and lets other tasks and
// handlers run.
package http

import (
	"net/http"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.http.
var Module = bind.Module{Name: "spectrum.http", Open: open}

// Limits of a request, unless its options set others.
const (
	defaultTimeout   = 30 * time.Second
	defaultMaxSize   = 16 << 20
	defaultRedirects = 10
)

func open(rt *bind.Runtime) *lua.LTable {
	pool := poolOf(rt)
	return bind.NewModule("spectrum.http", bind.Functions{
		// request{ url =, method =, … } → response.
		"request": func(l *lua.LState) int {
			o := bind.OptionsAt(l, 1, "request")
			method, address := o.String("method", ""), o.String("url", "")
			if address == "" {
				bind.Raise(l, "request: url is not given")
			}
			return begin(l, pool, o, method, address, o.Get("body"))
		},
		// get(url [, options]) → response.
		"get": func(l *lua.LState) int {
			address := l.CheckString(1)
			return begin(l, pool, bind.OptionsAt(l, 2, "get"), http.MethodGet, address, lua.LNil)
		},
		// post(url, body [, options]) → response.
		"post": func(l *lua.LState) int {
			address := l.CheckString(1)
			if _, ok := l.Get(2).(*lua.LTable); ok {
				l.ArgError(2, "a body is a string: to send a table, write post(url, nil, { form = … }), or use json or multipart")
			}
			return begin(l, pool, bind.OptionsAt(l, 3, "post"), http.MethodPost, address, l.Get(2))
		},
		// serve(address, fn [, options]) → server.
		"serve": serve,
	})
}

// begin reads the options, makes the request and returns the response to the
// script.
func begin(l *lua.LState, pool *pool, o *bind.Options, method, address string, body lua.LValue) int {
	c, err := newCall(l, pool, o, method, address, body)
	if err != nil {
		return bind.Fail(l, err)
	}
	if c.stream {
		return c.open(l)
	}
	return c.fetch(l)
}

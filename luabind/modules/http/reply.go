package http

import (
	"math"
	"net/http"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// reply is an answer to a request.
type reply struct {
	status int
	header http.Header
	body   string
}

// readReply reads what a function has returned, the last n values of the stack:
// status [, headers [, body]], status, body, or body alone. wrong says what is
// wrong with it, or is "".
func readReply(l *lua.LState, n int) (r *reply, wrong string) {
	failed := &reply{status: http.StatusInternalServerError}
	value := func(i int) lua.LValue {
		if i >= n {
			return lua.LNil
		}
		return l.Get(i - n)
	}
	status, headers, body := value(0), value(1), value(2)
	if _, ok := status.(lua.LString); ok {
		status, headers, body = lua.LNumber(http.StatusOK), value(1), status
	}
	if _, ok := headers.(lua.LString); ok && body == lua.LNil {
		headers, body = lua.LNil, headers
	}
	r = &reply{status: http.StatusNoContent, header: http.Header{}}
	if status != lua.LNil || n > 1 {
		code, ok := status.(lua.LNumber)
		if !ok || float64(code) != math.Trunc(float64(code)) || code < 200 || code > 599 {
			return failed, "a status is an integer from 200 to 599, not " + bind.Describe(status)
		}
		r.status = int(code)
	}
	switch t := headers.(type) {
	case *lua.LTable:
		if r.header, wrong = readHeaders(t); wrong != "" {
			return failed, wrong
		}
	case *lua.LNilType:
	default:
		return failed, "headers are a table, not " + bind.Describe(headers)
	}
	switch text := body.(type) {
	case lua.LString, lua.LNumber:
		r.body = text.String()
	case *lua.LNilType:
	default:
		return failed, "a body is a string, not " + bind.Describe(body)
	}
	return r, ""
}

// write sends the reply.
func (r *reply) write(w http.ResponseWriter, request *http.Request) {
	header := w.Header()
	for name, values := range r.header {
		header[name] = values
	}
	if r.header == nil { // nobody has given an answer
		refuse(w, r.status)
		return
	}
	header.Set("X-Content-Type-Options", "nosniff")
	if header.Get("Content-Type") == "" && r.body != "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(r.status)
	if request.Method != http.MethodHead && r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		_, _ = w.Write([]byte(r.body)) // the client may have gone
	}
}

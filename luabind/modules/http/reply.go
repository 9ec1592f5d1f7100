package http

import (
	"io"
	"net/http"
	"strconv"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// reply is an answer to a client's request.
type reply struct {
	status int
	header http.Header
	body   string
}

// readReply reads the values that a function has returned, the last n of the
// stack: status [, headers [, body]], or status, body, or body alone. wrong
// describes the first error, or is "".
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
		code, ok := bind.Integer(status, 200, 599)
		if !ok {
			return failed, "status: integer from 200 to 599 expected, got " + bind.Describe(status)
		}
		r.status = code
	}
	switch t := headers.(type) {
	case *lua.LTable:
		if r.header, wrong = readHeaders(t); wrong != "" {
			return failed, wrong
		}
	case *lua.LNilType:
	default:
		return failed, "headers: table expected, got " + bind.Describe(headers)
	}
	switch text := body.(type) {
	case lua.LString, lua.LNumber:
		r.body = text.String()
	case *lua.LNilType:
	default:
		return failed, "body: string expected, got " + bind.Describe(body)
	}
	return r, ""
}

// piece is how much of a body a client has to read within the time limit.
const piece = 64 << 10

// write sends the reply to a client. limit is how long the client may make no
// progress.
func (r *reply) write(w http.ResponseWriter, request *http.Request, limit time.Duration) {
	control := http.NewResponseController(w)
	extend := func() { _ = control.SetWriteDeadline(time.Now().Add(limit)) }
	extend()
	if r.header == nil { // the function has not answered
		refuse(w, r.status)
		return
	}
	header := w.Header()
	for name, values := range r.header {
		header[name] = values
	}
	header.Set("X-Content-Type-Options", "nosniff")
	if header.Get("Content-Type") == "" && r.body != "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	header.Set("Content-Length", strconv.Itoa(len(r.body)))
	hasBody := r.status != http.StatusNoContent && r.status != http.StatusNotModified
	if !hasBody {
		header.Del("Content-Length")
	}
	w.WriteHeader(r.status)
	if request.Method == http.MethodHead || !hasBody {
		return
	}
	for rest := r.body; rest != ""; {
		n := min(len(rest), piece)
		extend()
		if _, err := io.WriteString(w, rest[:n]); err != nil {
			return // the client has disconnected
		}
		rest = rest[n:]
	}
	extend() // for the bytes that are still buffered
}

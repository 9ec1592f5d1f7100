package http

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/linger"
	"spectrumlua/runtime/task"
)

// endpoint answers requests: it runs a function of the script in a new task
// for each request.
type endpoint struct {
	runtime *bind.Runtime
	fn      *lua.LFunction
	owner   *task.Owner
	name    string // for the log
	maxBody int64
	limit   time.Duration // for an answer; 0: no limit
	places  chan struct{} // holds one value per request that is being answered
	clients patience
}

// maxRest is the number of bytes of a body that is too large that are read after the answer.
const maxRest = 64 << 20

// These causes end the waits of a request's task.
var (
	errClientGone = errors.New("the client has disconnected")
	errAnswerLate = errors.New("the answer took too long (timeout)")
)

func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	body, status := e.readBody(w, r)
	if status == 0 && !e.takePlace(r.Context()) {
		status = http.StatusServiceUnavailable
	}
	switch status {
	case 0:
	case http.StatusRequestEntityTooLarge:
		linger.Error(w, r, status, maxRest)
		return
	default:
		refuse(w, status)
		return
	}
	defer func() { <-e.places }()
	ctx, cancel := e.limited(r.Context())
	defer cancel()
	e.answer(ctx, r, body).write(w, r, e.clients.answer)
}

// limited returns ctx with the time limit of an answer.
func (e *endpoint) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, e.limit, errAnswerLate)
}

// takePlace waits until fewer than max_requests are being answered. It reports
// whether the request may be answered.
func (e *endpoint) takePlace(ctx context.Context) bool {
	ctx, cancel := e.limited(ctx)
	defer cancel()
	select {
	case e.places <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-e.owner.Context().Done():
	}
	return false
}

// readBody reads the body, or returns the status with which to reject the
// request.
func (e *endpoint) readBody(w http.ResponseWriter, r *http.Request) (body []byte, status int) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(e.clients.body))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, e.maxBody))
	_ = control.SetReadDeadline(time.Time{}) // an expired deadline would look like a disconnected client
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return body, 0
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, http.StatusRequestTimeout
	}
	return nil, http.StatusBadRequest
}

// answer runs the function in a task and waits for its end. If the client
// disconnects or the time is up, the task's waits return an error.
func (e *endpoint) answer(ctx context.Context, r *http.Request, body []byte) *reply {
	answer := &reply{status: http.StatusInternalServerError}
	t := e.owner.Spawn("", func(t *task.Task) {
		label := bind.Label("http", "", e.fn)
		t.SetLabel(&label)
		args := []lua.LValue{requestTable(r, body)}
		wrong := ""
		err := e.runtime.Call(t, e.fn, args, func(l *lua.LState, n int) {
			answer, wrong = readReply(l, n)
		})
		if err == nil && wrong != "" {
			err = errors.New("it returned an invalid answer: " + wrong)
		}
		if err != nil {
			e.runtime.LogError("the function of "+e.name, t, err)
		}
	})
	never := t.Await(ctx, func(cause error) {
		if !errors.Is(cause, errAnswerLate) {
			t.EndWaits(errClientGone)
			return
		}
		e.runtime.Log.Warnf("%s: an answer took longer than %v (timeout)", e.name, e.limit)
		t.EndWaits(errAnswerLate)
	})
	if never != nil || errors.Is(t.Err(), errAnswerLate) || e.owner.Context().Err() != nil {
		answer = &reply{status: http.StatusServiceUnavailable}
	}
	return answer
}

// refuse answers with a status alone, without calling the function.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Connection", "close")
	http.Error(w, http.StatusText(status), status)
}

// requestTable returns a request as scripts see it.
func requestTable(r *http.Request, body []byte) *lua.LTable {
	header := r.Header.Clone()
	header.Set("Host", r.Host)
	query := bind.NewTable()
	for name, values := range r.URL.Query() {
		query.RawSetString(name, lua.LString(values[0]))
	}
	t := bind.NewTableSize(0, 7)
	t.RawSetString("method", lua.LString(r.Method))
	t.RawSetString("path", lua.LString(r.URL.Path))
	t.RawSetString("query", query)
	t.RawSetString("raw_query", lua.LString(r.URL.RawQuery))
	t.RawSetString("headers", headerTable(header))
	t.RawSetString("body", lua.LString(body))
	t.RawSetString("peer", lua.LString(r.RemoteAddr))
	return t
}

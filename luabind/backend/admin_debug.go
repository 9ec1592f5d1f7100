package backend

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/debugger/dap"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

// Limits of a debugger of the running process.
const (
	debugPatience = 10 * time.Second // until it attaches
	debugEnd      = 2 * time.Second  // of Backend.Close for it
)

// debugging is the debugger of the running process. At most one client uses it.
type debugging struct {
	ctx  context.Context // of the client
	stop context.CancelFunc

	mu     sync.Mutex
	holder string        // who debugs, and since when; "" for nobody
	end    func()        // ends it for the script
	left   chan struct{} // closed when the client has left; nil before the first one
}

func newDebugging() *debugging {
	d := &debugging{}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d
}

// begin makes a debugger for a client. The client must call leave at its end.
func (d *debugging) begin(b *Backend, who string) (script *debugger.Debugger, leave func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.holder != "":
		return nil, nil, &admin.Error{Status: http.StatusConflict, Text: "another debugger is attached to this process: that of " + d.holder + ". A process has one debugger at a time"}
	case d.ctx.Err() != nil || b.opts.Debugger != nil:
		return nil, nil, &admin.Error{Status: http.StatusConflict, Text: "this process cannot be debugged: it is ending, or another command debugs it"}
	}
	script = debugger.New()
	end, left := b.host.Debug(script), make(chan struct{})
	d.holder, d.end, d.left = who+", since "+time.Now().Format(time.TimeOnly), end, left
	return script, sync.OnceFunc(func() {
		end()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.holder, d.end = "", nil
		close(left)
	}), nil
}

// who returns who debugs the process, or "".
func (d *debugging) who() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.holder
}

// close ends the debugger: all tasks continue at once, and the client learns it. left is
// closed when the client has left, or nil.
func (d *debugging) close() (left <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stop()
	if d.end != nil {
		d.end()
	}
	return d.left
}

// wait is close, and waits for the client.
func (d *debugging) wait() {
	left := d.close()
	if left == nil {
		return
	}
	select {
	case <-left:
	case <-time.After(debugEnd):
	}
}

// adminDebug connects a client of the Debug Adapter Protocol.
func (b *Backend) adminDebug(_ http.ResponseWriter, r *admin.Request) error {
	if !b.opts.Settings.Debug {
		return b.debugIsOff()
	}
	script, leave, err := b.debugging.begin(b, r.Who)
	if err != nil {
		return err
	}
	defer leave()
	conn, err := r.Upgrade(admin.DebugProtocol)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	log := b.log.WithField("by", r.Who).WithField(logging.AlwaysField, true)
	log.Warn("an admin attaches a debugger: it stops users at breakpoints, and can change everything")
	err = dap.Serve(b.debugging.ctx, conn, dap.Options{Debugger: script, Patience: debugPatience, Detached: func() {
		log.Warn("the debugger is detached")
		leave()
	}})
	if err != nil {
		log.Warnf("the debugger was disconnected: %v", err)
	}
	return nil
}

// debugIsOff returns the error that says how to allow debuggers.
func (b *Backend) debugIsOff() error {
	c := b.opts.Config
	text := fmt.Sprintf("%s: add the line \"debug = 1\" after it", c.Where("lua.script"))
	if line := c.Where("lua.debug"); line != "" {
		text = line + ": set debug to 1"
	}
	return &admin.Error{Status: http.StatusForbidden, Text: "debuggers are not allowed ([lua] debug). " + text + ", and restart the transport. A debugger stops users, and can change everything"}
}

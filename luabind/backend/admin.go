package backend

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/version"
)

// Admin configures the admin socket of a backend; see package admin.
type Admin struct {
	// Home is admin.HomeSpectrum or admin.HomeServe.
	Home string
	// Logger is the log, whose level an admin can change.
	Logger *logging.Logger
	// Reload replaces the reload of the script, for a process that also reads its config
	// again. It must call Backend.Load. It is optional.
	Reload func() error
}

// routes are the routes of the admin socket, by their patterns.
var routes = map[string]func(b *Backend, r *admin.Request) (any, error){
	"GET /process":    (*Backend).adminProcess,
	"GET /errors":     (*Backend).adminErrors,
	"GET /log":        (*Backend).adminLog,
	"POST /reload":    (*Backend).adminReload,
	"POST /log/level": (*Backend).adminLogLevel,
	"POST /eval":      (*Backend).adminEval,
	"POST /keys":      (*Backend).adminKeys,
	"POST /kick":      (*Backend).adminKick,
	"GET /top":        (*Backend).adminTop,
}

// streams are the routes that write their answers themselves.
var streams = map[string]func(b *Backend, w http.ResponseWriter, r *admin.Request) error{
	"GET /metrics":           (*Backend).adminMetrics,
	"GET /trace":             (*Backend).adminTrace,
	"GET /profile":           (*Backend).adminProfile,
	"GET /debug":             (*Backend).adminDebug,
	"GET /profile/go/{kind}": (*Backend).adminGoProfile,
}

// hasAdmin reports whether the backend makes an admin socket.
func (b *Backend) hasAdmin() bool { return b.opts.Admin != nil && b.opts.Settings.Admin }

// openAdmin makes the admin socket. Without it, the backend serves all the same.
func (b *Backend) openAdmin() {
	if !b.hasAdmin() {
		return
	}
	server := admin.New(admin.Options{Folder: b.opts.Config.WorkingDir(), JID: b.opts.Config.JID(), Log: b.log})
	for pattern, route := range routes {
		server.Handle(pattern, func(r *admin.Request) (any, error) { return route(b, r) })
	}
	for pattern, route := range streams {
		server.Raw(pattern, func(w http.ResponseWriter, r *admin.Request) error { return route(b, w, r) })
	}
	if err := server.Listen(); err != nil {
		b.log.Warnf("%v; spectrum2-lua ps and the like cannot reach this process", err)
		return
	}
	b.admin = server
}

// adminProcess describes the process.
func (b *Backend) adminProcess(*admin.Request) (any, error) {
	status := b.host.Status()
	id, _ := b.opts.Config.Get("service.backend_id")
	resident, _ := memory.Resident()
	p := admin.Process{
		Version: version.String(), PID: os.Getpid(), JID: b.opts.Config.JID(), Home: b.opts.Admin.Home, Backend: id,
		Config: b.opts.Config.Path(), Script: b.opts.Settings.Script, Generation: status.Generation,
		Started: b.started, Users: b.Users(), Memory: resident, Received: b.received.sum(), Sent: b.Sent(),
		Errors: status.Errors, LogLevel: b.opts.Admin.Logger.LevelName(),
		Debugger: b.debugging.who(),
	}
	if err := b.LoadError(); err != nil {
		p.Error = err.Error()
	}
	return p, nil
}

// adminErrors returns the newest errors of the script.
func (b *Backend) adminErrors(*admin.Request) (any, error) { return b.host.Failures(), nil }

// defaultLines is the number of lines of GET /log.
const defaultLines = 100

// adminLog returns the newest lines of the log.
func (b *Backend) adminLog(r *admin.Request) (any, error) {
	n := defaultLines
	if text := r.URL.Query().Get("lines"); text != "" {
		wanted, err := strconv.Atoi(text)
		if err != nil || wanted < 0 {
			return nil, &admin.Error{Status: http.StatusBadRequest, Text: fmt.Sprintf("lines=%s is not a number of lines", text)}
		}
		n = wanted
	}
	return b.opts.Admin.Logger.Tail(n), nil
}

// adminReload does what SIGHUP does: it reloads the script, and the config if the process can
// read it again. The answer has the error.
func (b *Backend) adminReload(r *admin.Request) (any, error) {
	reload, what := b.Load, "the script"
	if b.opts.Admin.Reload != nil {
		reload, what = b.opts.Admin.Reload, "the config and the script"
	}
	b.log.WithField("by", r.Who).Info("reloading " + what + " for an admin")
	if err := reload(); err != nil {
		return nil, &admin.Error{Status: http.StatusConflict, Text: err.Error()}
	}
	return b.adminProcess(r)
}

// adminLogLevel changes the level of the log.
func (b *Backend) adminLogLevel(r *admin.Request) (any, error) {
	var wanted admin.LogLevel
	if err := r.Decode(&wanted); err != nil {
		return nil, err
	}
	level := wanted.Level
	switch level {
	case "":
		return nil, &admin.Error{Status: http.StatusBadRequest, Text: "the level is missing"}
	case admin.ConfigLevel:
		level = ""
	}
	if err := b.opts.Admin.Logger.SetLevelName(level); err != nil {
		return nil, &admin.Error{Status: http.StatusBadRequest, Text: err.Error()}
	}
	level = cmp.Or(level, "that of the config")
	b.log.WithField("by", r.Who).WithField("level", level).Warn("an admin has changed the level of the log")
	return nil, nil
}

// adminKick disconnects a user.
func (b *Backend) adminKick(r *admin.Request) (any, error) {
	var kick admin.Kick
	if err := r.Decode(&kick); err != nil {
		return nil, err
	}
	if !b.host.Sessions().Kick(kick.User, kick.Reason) {
		return nil, notLoggedIn(kick.User)
	}
	b.log.WithField("by", r.Who).WithField("user", kick.User).Warn("an admin has disconnected the user")
	return nil, nil
}

package admin

import "time"

// Process is the answer to GET /process. Fields of later versions of the program may be
// missing, and unknown ones are ignored.
type Process struct {
	Version    string    `json:"version"` // of the program
	PID        int       `json:"pid"`
	JID        string    `json:"jid"`
	Home       string    `json:"home"` // "spectrum" or "serve"
	Backend    string    `json:"backend,omitempty"`
	Config     string    `json:"config"`
	Script     string    `json:"script"`
	Generation int       `json:"generation"`      // of the script; 0 if none has loaded
	Error      string    `json:"error,omitempty"` // of the last load
	Started    time.Time `json:"started"`
	Users      int       `json:"users"`    // who are logged in
	Memory     int64     `json:"memory"`   // resident, in bytes
	Received   uint64    `json:"received"` // messages for the script, since the start
	Sent       uint64    `json:"sent"`     // messages of the script, since the start
	Errors     uint64    `json:"errors"`   // of handlers and tasks, since the start
	LogLevel   string    `json:"log_level"`
	Debugger   string    `json:"debugger,omitempty"` // who debugs the process
}

// Homes of a backend.
const (
	HomeSpectrum = "spectrum"
	HomeServe    = "serve"
)

// DebugProtocol is the protocol of GET /debug, for the header Upgrade: the Debug Adapter
// Protocol.
const DebugProtocol = "dap"

// Kick is the body of POST /kick: it disconnects a user.
type Kick struct {
	User   string `json:"user"`
	Reason string `json:"reason,omitempty"` // the user sees it
}

// LogLevel is the body of POST /log/level.
type LogLevel struct {
	Level string `json:"level"` // debug, info, warn, error or ConfigLevel
}

// ConfigLevel stands for the levels of the config.
const ConfigLevel = "config"

// Failure is an element of the answer to GET /errors: errors of the script at one place, in
// one handler or task. Secrets are hidden, and long texts truncated.
type Failure struct {
	What  string    `json:"what"` // the handler or task
	At    string    `json:"at"`   // file:line, or What without one
	Count uint64    `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// User, Message and Traceback are those of one of the last errors.
	User      string `json:"user,omitempty"`
	Message   string `json:"message"`
	Traceback string `json:"traceback,omitempty"`
}

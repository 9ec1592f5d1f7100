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
}

// Homes of a backend.
const (
	HomeSpectrum = "spectrum"
	HomeServe    = "serve"
)

// Kick is the body of POST /kick: it disconnects a user.
type Kick struct {
	User   string `json:"user"`
	Reason string `json:"reason,omitempty"` // the user sees it
}

// LogLevel is the body of POST /log/level.
type LogLevel struct {
	Level string `json:"level"` // debug, info, warn or error; "" restores the config's
}

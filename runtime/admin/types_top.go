package admin

// TopLease is how long, in seconds, a process measures after GET /top.
const TopLease = 10

// MaxTopRows limits the rows of each table of GET /top.
const MaxTopRows = 1000

// Top is the answer to GET /top?users=N&tasks=N&sort=COLUMN&filter=TEXT: what the process does.
// Times are in seconds. The process measures the time with the script lock while somebody
// asks at least every TopLease seconds; the first answer has no times.
type Top struct {
	PID        int    `json:"pid"`
	JID        string `json:"jid"`
	Generation int    `json:"generation"` // of the script; 0 if none has loaded
	LogLevel   string `json:"log_level"`
	Memory     int64  `json:"memory"` // resident, in bytes
	// CPU is the processor time of the process since its start.
	CPU      float64 `json:"cpu"`
	Errors   uint64  `json:"errors"` // of handlers and tasks, since the start
	Received uint64  `json:"received"`
	Sent     uint64  `json:"sent"`
	// Queue is the number of bytes that wait for Spectrum or for the XMPP server.
	Queue int64 `json:"queue"`
	// Mailboxes counts the messages that wait for handlers, and Bytes their bytes.
	Mailboxes int   `json:"mailboxes"`
	Bytes     int64 `json:"bytes"`
	Retries   int   `json:"retries"` // users whose login waits for its next attempt
	Sessions  int   `json:"sessions"`
	// Measured is for how long the process has measured.
	Measured float64 `json:"measured"`
	Script   TopCPU  `json:"script"` // of all users and tasks
	// Running is the task that has the script lock. It is nil if no task has it.
	Running *TopRunning `json:"running,omitempty"`
	// Users has the rows with the largest values in the column, and Matching counts all
	// that match the filter. The user "" is the process.
	Users    []TopUser    `json:"users"`
	Matching int          `json:"matching"`
	Handlers []TopHandler `json:"handlers"` // the largest CPU first
	// Tasks has the tasks that have waited longest, and TaskCount counts all that match the
	// filter. Locked is true if the script did not release the script lock in time; there
	// are no tasks then.
	Tasks     []TopTask `json:"tasks"`
	TaskCount int       `json:"task_count"`
	Locked    bool      `json:"locked,omitempty"`
}

// TopCPU is time with the script lock.
type TopCPU struct {
	Share   float64 `json:"share"` // of one processor, in the last seconds
	CPU     float64 `json:"cpu"`   // while measuring
	Calls   uint64  `json:"calls"` // of handlers and tasks that have begun, while measuring
	Longest float64 `json:"longest"`
}

// TopRunning is a task that has the script lock.
type TopRunning struct {
	User string  `json:"user"`
	Name string  `json:"name"` // as TopHandler's
	For  float64 `json:"for"`
}

// TopUser is a user with a session.
type TopUser struct {
	User     string  `json:"user"`
	State    string  `json:"state"`           // see package session
	For      float64 `json:"for"`             // online, or since the login began
	Retry    float64 `json:"retry,omitempty"` // until the next attempt
	Failures int     `json:"failures,omitempty"`
	Messages int     `json:"messages"` // that wait
	Bytes    int64   `json:"bytes"`    // of them
	Tasks    int     `json:"tasks"`
	TopCPU
}

// TopHandler is what tasks do: a handler such as on.login, or a function that runs as a task.
type TopHandler struct {
	Name string `json:"name"`
	TopCPU
}

// TopTask is a handler or task that has not returned.
type TopTask struct {
	User string `json:"user"`
	Name string `json:"name"` // as TopHandler's
	// Waits is the function that it has called and that has not returned, or "" if it waits
	// for the script lock.
	Waits string  `json:"waits"`
	Place string  `json:"place"` // file:line, or "" outside of Lua
	For   float64 `json:"for"`
}

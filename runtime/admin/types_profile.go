package admin

// Limits of GET /profile.
const (
	MaxProfileSeconds  = 300
	DefaultProfileRate = 100 // samples of a second
	MaxProfileRate     = 250
)

// Profile is the answer to GET /profile?seconds=N&rate=N: where the time with the script lock
// went. Another request during a profile fails with the status of a conflict.
type Profile struct {
	PID     int     `json:"pid"`
	JID     string  `json:"jid"`
	Seconds float64 `json:"seconds"` // that the profile took
	Rate    int     `json:"rate"`    // samples of a second
	// Ticks counts the samples, with those at which no script ran.
	Ticks int `json:"ticks"`
	// Dropped counts the samples in Samples whose inner calls are missing, because there
	// were too many different stacks.
	Dropped int               `json:"dropped,omitempty"`
	Places  []ProfilePlace    `json:"places"`
	Samples []ProfiledSamples `json:"samples"`
}

// ProfilePlace is a line of a function.
type ProfilePlace struct {
	Function string `json:"function"` // its name where it was called, or ""
	File     string `json:"file"`     // "" for a function that is not in Lua
	Start    int    `json:"start"`    // the first line of the function
	Line     int    `json:"line"`
}

// ProfiledSamples are samples of the same user, handler and stack.
type ProfiledSamples struct {
	User    string `json:"user"`
	Handler string `json:"handler"` // as TopHandler's
	// Stack has the indexes of Places, the innermost first. It is empty if the task was
	// outside of Lua.
	Stack []int `json:"stack"`
	Count int   `json:"count"`
}

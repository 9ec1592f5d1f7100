package admin

// Line is the body of POST /eval: Lua code for the running script.
type Line struct {
	User     string `json:"user,omitempty"` // whose session is the global session
	Text     string `json:"text"`
	ReadOnly bool   `json:"read_only,omitempty"`
}

// LineResult is the answer to POST /eval. If the code has failed, Error says why, and the
// rest is from before.
type LineResult struct {
	Printed []string `json:"printed,omitempty"`
	Results []string `json:"results,omitempty"`
	Error   string   `json:"error,omitempty"`
	// Masked is the text of the line without secrets, for a history.
	Masked string `json:"masked"`
}

// Keys is the body of POST /keys. It asks for the names that may follow an expression such as
// spectrum.data, whose Path is ["spectrum", "data"], in a line that may be read-only.
type Keys struct {
	User     string   `json:"user,omitempty"` // the path starts at their session
	Path     []string `json:"path,omitempty"`
	Users    bool     `json:"users,omitempty"` // asks for the users who are logged in instead
	ReadOnly bool     `json:"read_only,omitempty"`
}

// Names is the answer to POST /keys.
type Names struct {
	Names []string `json:"names"`
}

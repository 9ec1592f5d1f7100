// Package record keeps what passes between Spectrum and a backend on file, and
// reads it again: to see what happened, and to let it happen once more.
//
// A record is text, one JSON object a line, so that it can be read, searched,
// compared and cut with any tool. It holds the runs of processes, one after the
// other. A run begins with a header:
//
//	{"record":1,"time":"2026-01-31T12:00:00.5Z","version":"0.1.0","jid":"irc.localhost","pid":71,…}
//
// Then follow messages, with the seconds since the run began and the direction,
// in for what the backend got and out for what it sent:
//
//	{"t":3.325,"dir":"in","type":"login","fields":{"user":"alice@localhost","legacy_name":"bob","password":"***"}}
//	{"t":3.326,"dir":"out","type":"connected","fields":{"user":"alice@localhost"}}
//
// Types, fields and values have the names that scripts use. A text that is not
// UTF-8, and bytes, are {"base64":"…"}; so is "?", the fields that this version
// does not know. A type that it does not know is its number, and has a
// "payload" in place of fields, as raw XML has. "left_out" is the size of a
// payload that may hold a secret and cannot be looked through.
//
// Whatever else is worth knowing is an event: loaded, failed (to load), lost
// (messages, when the disk was too slow), end. PING, PONG and STATS are not in
// a record, nor are secrets; see Recorder.
package record

// version of the format, in each header.
const version = 1

// Names of keys in a record.
const (
	dirIn      = "in"
	dirOut     = "out"
	base64Key  = "base64"
	unknownKey = "?"
)

// Events of a run.
const (
	EventLoaded = "loaded"
	EventFailed = "failed"
	EventLost   = "lost"
	EventEnd    = "end"
)

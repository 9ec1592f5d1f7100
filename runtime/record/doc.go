// Package record writes the messages between Spectrum and a backend to a file, and
// reads them again for inspection and replay.
//
// A record is text, one JSON object on each line, so that any tool can read,
// search, compare and cut it. It holds the runs of processes, one after the other.
// A run begins with a header:
//
//	{"record":1,"time":"2026-01-31T12:00:00.5Z","version":"…","jid":"irc.localhost","pid":71,…}
//
// Messages follow, with the seconds since the start of the run and the direction:
// in for messages that the backend received, out for those that it sent:
//
//	{"t":3.325,"dir":"in","type":"login","fields":{"user":"alice@localhost","legacy_name":"bob","password":"***"}}
//	{"t":3.326,"dir":"out","type":"connected","fields":{"user":"alice@localhost"}}
//
// Types, fields and values have the names that scripts use. Bytes, and text that is
// not UTF-8, are {"base64":"…"}. So is the field "?", which holds the fields that
// this version does not know. An unknown type is a number and has "payload" instead
// of fields, as raw XML has. "left_out" is the size of a payload that is omitted
// because it may hold a secret and does not parse.
//
// Other lines are events: loaded, failed (to load), lost (messages, because the
// disk was too slow) and end. A record does not contain PING, PONG, STATS and
// secrets; see Recorder.
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

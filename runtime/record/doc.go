// Package record writes the messages between Spectrum and a backend to a file, and
// reads them again for inspection and replay.
//
// A record is text, with one JSON object on each line. Any tool can therefore read,
// search, compare and shorten it. It holds the runs of processes, one after the other.
// A run begins with a header:
//
//	{"record":1,"time":"2026-01-31T12:00:00.5Z","version":"…","jid":"irc.localhost","pid":71,…}
//
// Messages follow, with the seconds since the start of the run and the direction: "in"
// for messages that the backend received, "out" for messages that it sent:
//
//	{"t":3.325,"dir":"in","type":"login","fields":{"user":"alice@localhost","legacy_name":"bob","password":"***"}}
//	{"t":3.326,"dir":"out","type":"connected","fields":{"user":"alice@localhost"}}
//
// Types, fields and values have the names that scripts use. Bytes, and text that is
// not UTF-8, become {"base64":"…"}. The field "?" has that form too: it holds the
// fields that this version does not know. An unknown type becomes its number. Unknown
// types and raw XML have "payload" instead of "fields". "left_out" replaces a payload
// that may contain a secret and does not parse; its value is the payload's size.
//
// Other lines are events: "loaded", "failed" (a script did not load), "lost" (messages
// were dropped because the disk was too slow) and "end". A record does not contain
// PING, PONG, STATS and secrets; see Recorder.
package record

// formatVersion is the version of the format, which each header contains.
const formatVersion = 1

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

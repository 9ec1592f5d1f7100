package presence

import (
	"time"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Idle returns the <idle/> of a presence (XEP-0319) for a timestamp of the protocol. It
// returns nil if the timestamp is "" or not valid.
func Idle(since string) *xmltree.Node {
	at, err := time.Parse(schema.TimeLayout, since)
	if err != nil {
		return nil
	}
	return stanza.Element(stanza.Idle, "idle", stanza.Attrs{"since", at.Format(time.RFC3339)})
}

// idleSince returns the time in the <idle/> of a presence as a timestamp of the protocol. It
// returns "" if the presence has no valid time. A time in the future means now: the clock of the
// client is wrong, or was when it became idle.
func idleSince(presence *xmltree.Node, now time.Time) string {
	idle := stanza.Child(presence, stanza.Idle, "idle")
	if idle == nil {
		return ""
	}
	at, err := time.Parse(time.RFC3339, stanza.Attr(idle, "since"))
	if err != nil || at.UTC().Year() < 1 {
		return ""
	}
	if at.After(now) {
		at = now
	}
	return at.UTC().Format(schema.TimeLayout)
}

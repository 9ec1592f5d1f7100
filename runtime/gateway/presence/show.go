package presence

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

var shows = map[string]pb.StatusType{
	"":     pb.StatusType_STATUS_TYPE_ONLINE,
	"away": pb.StatusType_STATUS_TYPE_AWAY,
	"chat": pb.StatusType_STATUS_TYPE_FFC,
	"xa":   pb.StatusType_STATUS_TYPE_XA,
	"dnd":  pb.StatusType_STATUS_TYPE_DND,
}

// StatusOf returns the status for the text of a <show/> (RFC 6121, section 4.7.2.1). An
// unknown text means online.
func StatusOf(show string) pb.StatusType { return shows[show] }

// Show returns the <show/> of a status, or nil for a status without one.
func Show(status pb.StatusType) *xmltree.Node {
	return stanza.Optional("", "show", texts[status])
}

var texts = func() map[pb.StatusType]string {
	m := map[pb.StatusType]string{}
	for text, status := range shows {
		m[status] = text
	}
	return m
}()

// IsOffline reports whether a status means that its owner is not available.
func IsOffline(status pb.StatusType) bool {
	return status == pb.StatusType_STATUS_TYPE_NONE || status == pb.StatusType_STATUS_TYPE_INVISIBLE
}

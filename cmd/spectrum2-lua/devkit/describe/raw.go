package describe

import (
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// ownMessage describes RAW_XML with a message of the transport itself, such as the one that the
// network is lost. ok is false for other stanzas.
func ownMessage(payload []byte) (line Line, ok bool) {
	n, err := xmltree.Parse(string(payload), xmltree.DefaultLimits)
	if err != nil || n.Name != "message" || n.Get("from") != "" {
		return Line{}, false
	}
	body := stanza.ChildText(n, n.Space, "body")
	return Line{Kind: Message, Text: "the transport: " + Text(body)}, body != ""
}

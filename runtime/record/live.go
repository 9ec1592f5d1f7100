package record

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/xmltree"
)

// Omitted replaces the texts in a record without bodies.
const Omitted = "…"

// Encoder makes the lines of a record for a reader that is not a file. It masks secrets as
// a Recorder does. One goroutine may use it.
type Encoder struct{ enc encoder }

// NewEncoder returns an encoder that also masks the given secrets, which may be nil. Without
// bodies, it leaves out what people wrote to each other: the fields that are marked so in
// protocol.proto, all texts of raw XML, and what it does not know.
func NewEncoder(secrets *secret.Known, bodies bool) *Encoder {
	return &Encoder{encoder{also: secrets, withoutBodies: !bodies}}
}

// Header returns the first line. It sets the version of the format.
func (e *Encoder) Header(h Header) ([]byte, error) {
	h.Record, h.Part = formatVersion, 1
	return json.Marshal(h)
}

// Message returns the line of a message. at is the time since that of the header.
func (e *Encoder) Message(at time.Duration, out bool, typ pb.WrapperMessage_Type, payload []byte) []byte {
	dir := dirIn
	if out {
		dir = dirOut
	}
	dst := strconv.AppendFloat([]byte(`{"t":`), at.Seconds(), 'f', 3, 64)
	dst = append(append(append(dst, `,"dir":"`...), dir...), `","type":`...)
	return append(e.enc.body(appendText(dst, TypeName(typ)), typ, payload), '}')
}

// Lost returns the line that tells how many messages are missing.
func (e *Encoder) Lost(at time.Duration, messages int) ([]byte, error) {
	return json.Marshal(struct {
		T float64 `json:"t"`
		event
	}{at.Seconds(), event{Event: EventLost, Messages: messages}})
}

// ParseHeader parses the first line of an Encoder.
func ParseHeader(text []byte) (Header, error) {
	var l line
	err := l.read(text)
	return l.Header, err
}

// ParseEntry parses any other line of an Encoder.
func ParseEntry(text []byte) (Entry, error) {
	var l line
	if err := l.read(text); err != nil {
		return Entry{}, err
	}
	return l.entry()
}

// hides reports whether the value of a field is left out.
func (e *encoder) hides(f *schema.Field) bool { return e.withoutBodies && f.Content }

// kept are the attributes whose values a stanza without bodies has.
var kept = []string{"xmlns", "type", "id", "from", "to", "by", "stamp", "lang"}

// emptyStanza returns a stanza without its texts and without the values of most attributes.
// It reports false if text is not a stanza.
func emptyStanza(text string) (string, bool) {
	node, err := xmltree.Parse(text, xmltree.DefaultLimits)
	if err != nil {
		return "", false
	}
	emptyNode(node)
	empty, err := node.Text(2*len(text) + 1<<16)
	return empty, err == nil
}

func emptyNode(n *xmltree.Node) {
	for i, a := range n.Attr {
		if a.Value != "" && a.Value != secret.Mask && !slices.Contains(kept, a.Name) {
			n.Attr[i].Value = Omitted
		}
	}
	for i, child := range n.Children {
		switch {
		case child.Element != nil:
			emptyNode(child.Element)
		case strings.TrimSpace(child.Text) != "" && child.Text != secret.Mask:
			n.Children[i].Text = Omitted
		}
	}
}

package modern

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltree"
)

// Content is what the modern elements of a message stanza say. Its zero value is that of a
// stanza without them. Ids that are too long or not valid are absent.
type Content struct {
	// Reacts, Retracts and Displayed are the ids of the message that the stanza is about.
	// At most one of them makes sense; the first one that is set counts.
	Reacts, Retracts, Displayed string
	// Emoji are those of a reaction. It may be empty. NoEmoji is that of the function.
	Emoji   []string
	NoEmoji bool

	Replaces string // the id of the message that this one corrects
	AnswerTo string // the id of the message that this one answers
	Author   string // the JID of the author of that message; may be ""
	// Spoiler is the hint about a text that is hidden at first, or nil.
	Spoiler *string
	Files   []*pb.Attachment

	fallbacks  []fallback
	thumbnails []string // the addresses of the previews of Files
	bits       map[string]*xmltree.Node
	sticker    bool
}

// readers maps namespaces to what reads their elements.
var readers = map[string]func(c *Content, e *xmltree.Node){
	stanza.Correction:  readCorrection,
	stanza.Markers:     readMarker,
	stanza.Spoiler:     readSpoiler,
	stanza.Retract:     readRetraction,
	stanza.Fasten:      readFastening,
	stanza.Fallback:    readFallback,
	stanza.Reactions:   readReactions,
	stanza.FileSharing: readFile,
	stanza.Bits:        readBits,
	stanza.Stickers:    func(c *Content, e *xmltree.Node) { c.sticker = c.sticker || e.Name == "sticker" },
	stanza.Reply:       readReply,
}

// Namespaces returns the namespaces of the elements that Add reads.
func Namespaces() []string {
	all := make([]string, 0, len(readers))
	for space := range readers {
		all = append(all, space)
	}
	return all
}

// Add reads a child element of a stanza. Other elements than those of Namespaces are ignored.
func (c *Content) Add(e *xmltree.Node) {
	if read := readers[e.Space]; read != nil {
		read(c, e)
	}
}

// Finish completes what refers to several elements, after the last Add.
func (c *Content) Finish() {
	total := 0
	for i, uri := range c.thumbnails {
		if data := c.preview(uri); data != nil && total+len(data) <= maxPreviews {
			c.Files[i].Preview = data
			total += len(data)
		}
	}
	if c.sticker && len(c.Files) > 0 {
		c.Files[0].Sticker = ptr(true)
	}
}

// Lang returns the language of a body, or "".
func Lang(message, body *xmltree.Node) string {
	for _, n := range []*xmltree.Node{body, message} {
		if n == nil {
			continue
		}
		for _, a := range n.Attr {
			if a.Space == xmlns.XML && a.Name == "lang" && isLang(a.Value) {
				return a.Value
			}
		}
	}
	return ""
}

// setID keeps the first valid id.
func setID(to *string, id string) {
	if *to == "" && isID(id) {
		*to = id
	}
}

func readCorrection(c *Content, e *xmltree.Node) {
	if e.Name == "replace" {
		setID(&c.Replaces, stanza.Attr(e, "id"))
	}
}

func readMarker(c *Content, e *xmltree.Node) {
	if e.Name == "displayed" {
		setID(&c.Displayed, stanza.Attr(e, "id"))
	}
}

func readSpoiler(c *Content, e *xmltree.Node) {
	if e.Name == "spoiler" && c.Spoiler == nil {
		c.Spoiler = ptr(stanza.Body(e))
	}
}

func readRetraction(c *Content, e *xmltree.Node) {
	if e.Name == "retract" {
		setID(&c.Retracts, stanza.Attr(e, "id"))
	}
}

// readFastening reads a retraction as XEP-0424 had it before version 0.4.
func readFastening(c *Content, e *xmltree.Node) {
	if e.Name == "apply-to" && stanza.Child(e, stanza.OldRetract, "retract") != nil {
		setID(&c.Retracts, stanza.Attr(e, "id"))
	}
}

func readReactions(c *Content, e *xmltree.Node) {
	if e.Name != "reactions" || c.Reacts != "" {
		return
	}
	setID(&c.Reacts, stanza.Attr(e, "id"))
	var all []string
	for _, child := range e.Children {
		if r := child.Element; r != nil && r.Space == stanza.Reactions && r.Name == "reaction" {
			all = append(all, stanza.Body(r))
		}
	}
	c.Emoji, c.NoEmoji = Emoji(all), NoEmoji(all)
}

func readReply(c *Content, e *xmltree.Node) {
	if e.Name == "reply" && c.AnswerTo == "" {
		setID(&c.AnswerTo, stanza.Attr(e, "id"))
		c.Author = stanza.Attr(e, "to")
	}
}

// ReadModeration reads the payload of an IQ that asks a room to remove a message (XEP-0425,
// in its two versions). ok is false if the payload does not ask for that.
func ReadModeration(e *xmltree.Node) (id, reason string, ok bool) {
	id = stanza.Attr(e, "id")
	space, retract := stanza.Moderate, stanza.Retract
	if e.Space == stanza.Fasten && e.Name == "apply-to" {
		space, retract = stanza.OldModerate, stanza.OldRetract
		e = stanza.Child(e, space, "moderate")
	}
	if e == nil || e.Space != space || e.Name != "moderate" || stanza.Child(e, retract, "retract") == nil || !isID(id) {
		return "", "", false
	}
	return id, stanza.ChildText(e, space, "reason"), true
}

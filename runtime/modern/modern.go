// Package modern maps the message types and fields that Spectrum does not know to elements
// of XMPP stanzas and back: corrections, replies, reactions, retractions, read markers,
// moderation, spoilers, files and their fallback texts. It also writes the time of a message.
//
// The functions are pure. Ids and names pass through them unchanged: the caller translates
// between the ids of the network and those of XMPP.
package modern

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/stanzaid"
	"spectrumlua/runtime/xmltree"
)

// Limits in both directions.
const (
	MaxEmoji    = 50        // emoji of a reaction
	maxEmoji    = 64        // bytes of one emoji
	MaxFiles    = 100       // attachments of a message
	maxPreview  = 16 << 10  // bytes of the preview of a file
	maxPreviews = 128 << 10 // bytes of all previews of a message
	maxName     = 255       // bytes of the name of a file
	maxRanges   = 100       // of fallback texts in a message
	maxQuote    = 500       // characters of a quoted text
	maxLines    = 10        // of a quoted text
)

// isID reports whether a text can be the id of a message.
func isID(s string) bool {
	return s != "" && len(s) <= stanzaid.Max && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

// Emoji returns the emoji of a list that a reaction can have, each once, in their order. It
// skips texts that are too long and those with characters that no emoji has, and returns at
// most MaxEmoji. Networks have emoji of their own, so a short word is valid.
func Emoji(all []string) []string {
	var valid []string
	seen := map[string]bool{}
	for _, e := range all {
		if len(valid) == MaxEmoji {
			break
		}
		if e = strings.TrimSpace(e); !seen[e] && isEmoji(e) {
			seen[e] = true
			valid = append(valid, e)
		}
	}
	return valid
}

// NoEmoji reports whether a reaction has texts, but none that can be an emoji. It must not
// remove the earlier ones, as a reaction without texts does.
func NoEmoji(all []string) bool { return len(all) > 0 && len(Emoji(all)) == 0 }

// WhyNoEmoji tells the author of a script about it.
const WhyNoEmoji = "none of its texts can be an emoji, which has at most 64 bytes and no white space"

func isEmoji(s string) bool {
	return s != "" && len(s) <= maxEmoji && utf8.ValidString(s) && strings.IndexFunc(s, neverEmoji) < 0
}

// neverEmoji reports whether a character cannot be in an emoji: white space, controls,
// those of XML, and those that change the direction of the text.
func neverEmoji(r rune) bool {
	switch {
	case r == '<', r == '>', r == '&', unicode.IsSpace(r), unicode.IsControl(r):
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F, r == 0x061C:
		return true
	}
	return r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF
}

// isLang reports whether a text looks like a language tag (BCP 47).
func isLang(s string) bool {
	if s == "" || len(s) > 35 {
		return false
	}
	for part := range strings.SplitSeq(s, "-") {
		if part == "" || len(part) > 8 || strings.IndexFunc(part, notAlphanumeric) >= 0 {
			return false
		}
	}
	return true
}

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// store returns the hint that archives should keep a message without a body (XEP-0334).
func store() *xmltree.Node { return stanza.Element(stanza.Hints, "store", nil) }

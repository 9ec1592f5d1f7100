// Package stanzaid makes ids of stanzas of the ids that messages have on the network, and
// the reverse.
package stanzaid

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// The prefixes of stanza ids that are made of network ids. Ids of clients are UUIDs or in
// the alphabet of base64, so they have no colon.
const (
	plainPrefix = "n:" // the network id follows
	hashPrefix  = "h:" // a hash of the network id follows
)

// maxPlain is the length of the longest network id that is part of a stanza id, in bytes.
const maxPlain = 64

// Max is the length of the longest id of a message, of a client or of the network, in bytes.
const Max = 1024

// Of returns the stanza id of a message from the network. It is also the id that a room
// gives to the message.
func Of(networkID string) string {
	if isPlain(networkID) {
		return plainPrefix + networkID
	}
	sum := sha256.Sum256([]byte(networkID))
	return hashPrefix + base64.RawURLEncoding.EncodeToString(sum[:18])
}

// Usable reports whether the id of a client's stanza can be the id of a message.
func Usable(stanzaID string) bool {
	return stanzaID != "" && len(stanzaID) <= Max && !strings.HasPrefix(stanzaID, plainPrefix) &&
		!strings.HasPrefix(stanzaID, hashPrefix) && !strings.HasPrefix(stanzaID, editionPrefix) && !strings.HasPrefix(stanzaID, MadePrefix)
}

// editionPrefix begins the stanza ids of corrections. A random text, a colon and the result
// of Of follow.
const editionPrefix = "e:"

// Edition returns the stanza id of a correction whose id on the network is that of the
// corrected message. Network returns the network id for it.
func Edition(networkID string) string {
	return editionPrefix + rand.Text()[:8] + ":" + Of(networkID)
}

// Edited returns the stanza id of the corrected message for the id of a correction, and any
// other id unchanged.
func Edited(stanzaID string) string {
	rest, ok := strings.CutPrefix(stanzaID, editionPrefix)
	if _, original, found := strings.Cut(rest, ":"); ok && found {
		return original
	}
	return stanzaID
}

// Reverse returns the network id that a stanza id is made of.
func Reverse(stanzaID string) (networkID string, ok bool) {
	id, ok := strings.CutPrefix(stanzaID, plainPrefix)
	return id, ok && isPlain(id)
}

// MadePrefix begins the ids that the runtime makes for messages of users without a usable id.
const MadePrefix = "m:"

// Make returns an id for a message of the user without a usable one.
func Make() string { return MadePrefix + rand.Text() }

// isPlain reports whether a network id can be part of a stanza id: visible ASCII that XML
// does not escape.
func isPlain(id string) bool {
	if id == "" || len(id) > maxPlain {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' || c == '<' || c == '>' || c == '&' || c == '"' || c == '\'' {
			return false
		}
	}
	return true
}

package ids

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanzaid"
)

// Max is the length of the longest id of a client, in bytes.
const Max = stanzaid.Max

// Stanza returns the stanza id of a message from the network. It is also the id that a room
// gives to the message.
func Stanza(networkID string) string { return stanzaid.Of(networkID) }

// Edition returns the stanza id of a correction whose id on the network is that of the
// corrected message. Network returns the network id for it.
func Edition(networkID string) string { return stanzaid.Edition(networkID) }

// key identifies an id in a conversation of a user.
type key int64

// stored returns what the database has of a key. That is enough for the pairs of one user: two
// of 5,000 have the same value for one user in 300, and then the database forgets one of the two.
func (k key) stored() int32 { return int32(k >> 32) }

func stanzaKey(user, name, id string) key  { return keyOf("s", user, name, id) }
func networkKey(user, name, id string) key { return keyOf("n", user, name, id) }

func keyOf(kind, user, name, id string) key {
	text := strings.Join([]string{kind, user, router.Fold(name), id}, "\x00")
	sum := sha256.Sum256([]byte(text))
	return key(binary.BigEndian.Uint64(sum[:]))
}

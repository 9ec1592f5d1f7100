package ids

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// The first byte of a packed pair has these bits.
const (
	packedOwn     = 1 << iota
	packedReceipt // the client wants a receipt
	packedMade    // the stanza id is made of the network id, so it is omitted
	packedUUID    // the stanza id is a UUID in 16 bytes, as most clients make them
	packedEvent   // the network id is $ and the 43 characters of a hash in 32 bytes, as in Matrix
	packedNetUUID // the network id is a UUID
)

// pack encodes the ids of a pair: the bits, the stanza id with its length, the network id.
func (p *pair) pack() []byte {
	bits := byte(0)
	if p.own {
		bits |= packedOwn
	}
	if p.receipt {
		bits |= packedReceipt
	}
	network := []byte(p.network)
	if hash := packEvent(p.network); hash != nil {
		bits, network = bits|packedEvent, hash
	} else if uuid := packUUID(p.network); uuid != nil {
		bits, network = bits|packedNetUUID, uuid
	}
	if p.stanza == Stanza(p.network) {
		return append([]byte{bits | packedMade}, network...)
	}
	if uuid := packUUID(p.stanza); uuid != nil {
		return append(append([]byte{bits | packedUUID}, uuid...), network...)
	}
	packed := binary.AppendUvarint([]byte{bits}, uint64(len(p.stanza)))
	return append(append(packed, p.stanza...), network...)
}

// unpackNetwork decodes the network id of a pair with such bits.
func unpackNetwork(bits byte, packed []byte) (id string, ok bool) {
	switch {
	case bits&packedEvent != 0:
		return unpackEvent(packed), len(packed) == eventBytes
	case bits&packedNetUUID != 0:
		if len(packed) != 16 {
			return "", false
		}
		return unpackUUID(packed), true
	}
	return string(packed), true
}

// unpack decodes a packed pair. It returns nil for an empty or malformed one.
func unpack(packed []byte) *pair {
	if len(packed) == 0 {
		return nil
	}
	bits, rest := packed[0], packed[1:]
	p := &pair{own: bits&packedOwn != 0, receipt: bits&packedReceipt != 0}
	switch {
	case bits&packedMade != 0:
	case bits&packedUUID != 0:
		if len(rest) < 16 {
			return nil
		}
		p.stanza, rest = unpackUUID(rest[:16]), rest[16:]
	default:
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return nil
		}
		p.stanza, rest = string(rest[n:n+int(length)]), rest[n+int(length):]
	}
	var ok bool
	if p.network, ok = unpackNetwork(bits, rest); !ok {
		return nil
	}
	if bits&packedMade != 0 {
		p.stanza = Stanza(p.network)
	}
	return p
}

// eventBytes is the length of the hash in an id of Matrix.
const eventBytes = 32

// packEvent returns the hash in an id of Matrix, or nil for another text.
func packEvent(s string) []byte {
	encoded, found := strings.CutPrefix(s, "$")
	if !found || len(encoded) != base64.RawURLEncoding.EncodedLen(eventBytes) {
		return nil
	}
	hash, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || unpackEvent(hash) != s {
		return nil
	}
	return hash
}

func unpackEvent(hash []byte) string { return "$" + base64.RawURLEncoding.EncodeToString(hash) }

// groups are the lengths of the groups of a UUID, in hex digits.
var groups = []int{8, 4, 4, 4, 12}

// packUUID returns the 16 bytes of a UUID in lower case, or nil for another text.
func packUUID(s string) []byte {
	const length = 36
	if len(s) != length {
		return nil
	}
	digits := make([]byte, 0, length)
	at := 0
	for i, n := range groups {
		if i > 0 {
			if s[at] != '-' {
				return nil
			}
			at++
		}
		digits = append(digits, s[at:at+n]...)
		at += n
	}
	uuid := make([]byte, 16)
	if _, err := hex.Decode(uuid, digits); err != nil || unpackUUID(uuid) != s {
		return nil
	}
	return uuid
}

func unpackUUID(uuid []byte) string {
	digits := hex.EncodeToString(uuid)
	s := ""
	for i, n := range groups {
		if i > 0 {
			s += "-"
		}
		s += digits[:n]
		digits = digits[n:]
	}
	return s
}

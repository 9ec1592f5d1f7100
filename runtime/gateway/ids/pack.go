package ids

import (
	"encoding/binary"
	"encoding/hex"
)

// The first byte of a packed pair has these bits.
const (
	packedOwn     = 1 << iota
	packedReceipt // the client wants a receipt
	packedMade    // the stanza id is made of the network id, so it is omitted
	packedUUID    // the stanza id is a UUID in 16 bytes, as most clients make them
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
	if p.stanza == Stanza(p.network) {
		return append([]byte{bits | packedMade}, p.network...)
	}
	if uuid := packUUID(p.stanza); uuid != nil {
		return append(append([]byte{bits | packedUUID}, uuid...), p.network...)
	}
	packed := binary.AppendUvarint([]byte{bits}, uint64(len(p.stanza)))
	return append(append(packed, p.stanza...), p.network...)
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
		p.network = string(rest)
		p.stanza = Stanza(p.network)
		return p
	case bits&packedUUID != 0:
		if len(rest) < 16 {
			return nil
		}
		p.stanza, p.network = unpackUUID(rest[:16]), string(rest[16:])
		return p
	}
	length, n := binary.Uvarint(rest)
	if n <= 0 || length > uint64(len(rest)-n) {
		return nil
	}
	p.stanza, p.network = string(rest[n:n+int(length)]), string(rest[n+int(length):])
	return p
}

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

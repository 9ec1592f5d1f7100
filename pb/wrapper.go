// Package pb is Spectrum 2's backend protocol. It contains protocol.proto, the Go code
// generated from it, and functions that encode and decode a WrapperMessage, which wraps
// every message, without copying and without allocating.
package pb

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is wrapped by all errors of SplitWrapper.
var ErrMalformed = errors.New("not a WrapperMessage")

const (
	wrapperTypeField    = 1
	wrapperPayloadField = 2
)

// SplitWrapper decodes a WrapperMessage. It returns the type and the payload, which is
// a part of frame, or nil if the message has no payload. It ignores unknown fields. The
// type may be unknown to this version of the protocol.
func SplitWrapper(frame []byte) (WrapperMessage_Type, []byte, error) {
	var typ WrapperMessage_Type
	var payload []byte
	seen := false
	for rest := frame; len(rest) > 0; {
		num, wireType, n := protowire.ConsumeTag(rest)
		switch {
		case n < 0:
			return 0, nil, malformed(n)
		case num > protowire.MaxValidNumber: // ConsumeTag accepts some of these
			return 0, nil, fmt.Errorf("%w: it has a field %d", ErrMalformed, num)
		}
		rest = rest[n:]
		switch {
		case num == wrapperTypeField && wireType == protowire.VarintType:
			v, m := protowire.ConsumeVarint(rest)
			n, typ, seen = m, WrapperMessage_Type(int32(v)), true
		case num == wrapperPayloadField && wireType == protowire.BytesType:
			payload, n = protowire.ConsumeBytes(rest)
		default:
			n = protowire.ConsumeFieldValue(num, wireType, rest)
		}
		if n < 0 {
			return 0, nil, malformed(n)
		}
		rest = rest[n:]
	}
	if !seen {
		return 0, nil, errNoType
	}
	return typ, payload, nil
}

func malformed(code int) error {
	if err := malformedBy[code]; err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(code))
}

// malformedBy holds the errors for protowire's codes, which are -1 to -5 today. They
// are created in advance, because a peer may send a million malformed frames.
var malformedBy = func() map[int]error {
	all := map[int]error{}
	for code := -1; code >= -8; code-- {
		all[code] = fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(code))
	}
	return all
}()

var errNoType = fmt.Errorf("%w: it has no type", ErrMalformed)

// SizeWrapper returns the number of bytes that AppendWrapper appends for a payload of n
// bytes. A negative n stands for no payload.
func SizeWrapper(typ WrapperMessage_Type, n int) int {
	size := 1 + protowire.SizeVarint(uint64(typ))
	if n >= 0 {
		size += 1 + protowire.SizeBytes(n)
	}
	return size
}

// AppendWrapper appends a WrapperMessage to dst. It omits a nil payload, but not an
// empty one.
func AppendWrapper(dst []byte, typ WrapperMessage_Type, payload []byte) []byte {
	dst = protowire.AppendTag(dst, wrapperTypeField, protowire.VarintType)
	dst = protowire.AppendVarint(dst, uint64(typ))
	if payload != nil {
		dst = protowire.AppendTag(dst, wrapperPayloadField, protowire.BytesType)
		dst = protowire.AppendBytes(dst, payload)
	}
	return dst
}

// Package pb holds Spectrum 2's backend protocol: protocol.proto, the Go code
// generated from it, and a codec for the wrapper around every message that
// neither copies nor allocates.
package pb

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is what SplitWrapper's errors wrap.
var ErrMalformed = errors.New("not a WrapperMessage")

const (
	wrapperTypeField    = 1
	wrapperPayloadField = 2
)

// SplitWrapper takes a WrapperMessage apart. The payload is a part of frame,
// nil if the message has none; unknown fields are passed over. The type may be
// one that this version of the protocol does not name.
func SplitWrapper(frame []byte) (WrapperMessage_Type, []byte, error) {
	var typ WrapperMessage_Type
	var payload []byte
	seen := false
	for rest := frame; len(rest) > 0; {
		num, wireType, n := protowire.ConsumeTag(rest)
		switch {
		case n < 0:
			return 0, nil, malformed(n)
		case num > protowire.MaxValidNumber: // ConsumeTag lets some of them pass
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

// malformedBy has the errors for protowire's codes, which are -1 to -5 today:
// there may be a million broken frames in front of a PING.
var malformedBy = func() map[int]error {
	all := map[int]error{}
	for code := -1; code >= -8; code-- {
		all[code] = fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(code))
	}
	return all
}()

var errNoType = fmt.Errorf("%w: it has no type", ErrMalformed)

// SizeWrapper is the number of bytes that AppendWrapper adds for a payload of
// n bytes. A negative n stands for no payload.
func SizeWrapper(typ WrapperMessage_Type, n int) int {
	size := 1 + protowire.SizeVarint(uint64(typ))
	if n >= 0 {
		size += 1 + protowire.SizeBytes(n)
	}
	return size
}

// AppendWrapper adds a WrapperMessage to dst. A nil payload is left out; an
// empty one is not.
func AppendWrapper(dst []byte, typ WrapperMessage_Type, payload []byte) []byte {
	dst = protowire.AppendTag(dst, wrapperTypeField, protowire.VarintType)
	dst = protowire.AppendVarint(dst, uint64(typ))
	if payload != nil {
		dst = protowire.AppendTag(dst, wrapperPayloadField, protowire.BytesType)
		dst = protowire.AppendBytes(dst, payload)
	}
	return dst
}

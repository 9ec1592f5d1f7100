package websocket

import (
	"encoding/binary"
	"fmt"
	"io"
	stdhttp "net/http"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// The library that reads frames accepts some that RFC 6455 forbids, and its
// errors do not say what is wrong with others. frames checks each frame before
// the library does. The peer then receives the code that the RFC prescribes,
// and the script the reason.

// violation is a breach of the protocol, for which a connection is closed.
type violation struct {
	code websocket.StatusCode
	text string // at most 123 bytes; the peer receives it too
}

func (v *violation) Error() string { return "the server breaks the protocol: " + v.text }

func wrong(format string, args ...any) *violation {
	return &violation{websocket.StatusProtocolError, fmt.Sprintf(format, args...)}
}

var (
	errMasked  = wrong("a frame is masked")
	errText    = &violation{websocket.StatusInvalidFramePayloadData, "a text is not UTF-8"}
	errReason  = &violation{websocket.StatusInvalidFramePayloadData, "the close reason is not UTF-8"}
	errRest    = wrong("a message begins before the last one has ended")
	errNoStart = wrong("a continuation frame belongs to no message")
)

// Opcodes of frames.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPong         = 10
)

// maxControl is the longest payload of a control frame, in bytes.
const maxControl = 125

// frames checks the frames of a server while they arrive in pieces. It does
// not keep their payload.
type frames struct {
	head    []byte // the head of the current frame, while it is incomplete
	opcode  byte   // of the current frame
	fin     bool
	left    uint64 // bytes of its payload that have not arrived
	control []byte // the payload of a close frame, as far as it has arrived

	inMessage bool
	inText    bool
	pending   []byte // the start of an unfinished UTF-8 character
	over      bool   // a close frame has arrived; later bytes are ignored
}

// look checks the next bytes. If a frame is forbidden, good is the number of
// bytes before it.
func (f *frames) look(b []byte) (good int, err *violation) {
	start := 0
	for i := 0; i < len(b) && !f.over; {
		if f.left == 0 {
			f.head = append(f.head, b[i])
			i++
			complete, err := f.begin()
			if err != nil {
				return start, err
			}
			if !complete || f.left > 0 {
				continue
			}
		}
		n := int(min(f.left, uint64(len(b)-i)))
		f.left -= uint64(n)
		if err := f.payload(b[i : i+n]); err != nil {
			return start, err
		}
		i += n
		if f.left == 0 {
			start = i
		}
	}
	return len(b), nil
}

// begin parses the head of a frame as soon as all of it has arrived.
func (f *frames) begin() (complete bool, err *violation) {
	head := f.head
	if len(head) < 2 {
		return false, nil
	}
	length, size := uint64(head[1]&0x7f), 2
	switch length {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if len(head) == 2 {
		if err := f.check(head[0], length); err != nil {
			return false, err
		}
		if head[1]&0x80 != 0 {
			return false, errMasked
		}
	}
	if len(head) < size {
		return false, nil
	}
	switch size {
	case 4:
		length = uint64(binary.BigEndian.Uint16(head[2:]))
	case 10:
		length = binary.BigEndian.Uint64(head[2:])
	}
	if length>>63 != 0 {
		return false, wrong("a frame's length has its highest bit set")
	}
	f.left, f.head, f.control = length, head[:0], f.control[:0]
	return true, nil
}

// check checks a frame's first byte, and its length as far as it is known.
func (f *frames) check(first byte, length uint64) *violation {
	f.fin, f.opcode = first&0x80 != 0, first&0x0f
	switch {
	case first&0x70 != 0:
		return wrong("a frame has reserved bits")
	case f.opcode > opPong || f.opcode > opBinary && f.opcode < opClose:
		return wrong("a frame has the reserved opcode %d", f.opcode)
	case f.opcode >= opClose && !f.fin:
		return wrong("a control frame is fragmented")
	case f.opcode >= opClose && length > maxControl:
		return wrong("a control frame has more than %d bytes", maxControl)
	case f.opcode >= opClose:
		return nil
	case f.opcode == opContinuation && !f.inMessage:
		return errNoStart
	case f.opcode != opContinuation && f.inMessage:
		return errRest
	case f.opcode != opContinuation:
		f.inText = f.opcode == opText
	}
	f.inMessage = !f.fin
	return nil
}

// payload checks the next bytes of a frame's payload.
func (f *frames) payload(b []byte) *violation {
	switch {
	case f.opcode == opClose:
		f.control = append(f.control, b...)
		if f.left > 0 {
			return nil
		}
		f.over = true
		return checkClose(f.control)
	case f.opcode > opClose || !f.inText:
		return nil
	}
	if len(f.pending) > 0 {
		b = append(f.pending, b...)
	}
	cut := len(b) - incomplete(b)
	if !utf8.Valid(b[:cut]) || f.fin && f.left == 0 && cut < len(b) {
		return errText
	}
	f.pending = append([]byte(nil), b[cut:]...)
	return nil
}

// incomplete returns the number of bytes at the end of b that begin an
// unfinished UTF-8 character.
func incomplete(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if rest := b[len(b)-n:]; utf8.RuneStart(rest[0]) {
			if utf8.FullRune(rest) {
				return 0
			}
			return n
		}
	}
	return 0
}

// checkClose checks the payload of a close frame.
func checkClose(b []byte) *violation {
	switch {
	case len(b) == 0:
		return nil
	case len(b) == 1:
		return wrong("a close frame has half a code")
	}
	code := binary.BigEndian.Uint16(b)
	switch {
	case code < 1000, code >= 1004 && code <= 1006, code >= 1015 && code < 3000, code >= 5000:
		return wrong("%d is not a valid close code", code)
	case !utf8.Valid(b[2:]):
		return errReason
	}
	return nil
}

// checked is a connection whose incoming frames are checked.
type checked struct {
	io.ReadWriteCloser
	frames frames
	err    *violation
}

// Read implements io.Reader. After a violation it keeps reading until the peer
// closes. Unread bytes would reset the connection, and the peer would not
// receive the close frame.
func (c *checked) Read(p []byte) (int, error) {
	if c.err != nil {
		_, _ = io.Copy(io.Discard, c.ReadWriteCloser)
		return 0, c.err
	}
	n, err := c.ReadWriteCloser.Read(p)
	good, wrong := c.frames.look(p[:n])
	if wrong != nil {
		c.err, err = wrong, wrong
	}
	return good, err
}

// checking checks the frames that follow a handshake.
type checking struct{ stdhttp.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (c checking) RoundTrip(r *stdhttp.Request) (*stdhttp.Response, error) {
	response, err := c.RoundTripper.RoundTrip(r)
	if err == nil && response.StatusCode == stdhttp.StatusSwitchingProtocols {
		if conn, ok := response.Body.(io.ReadWriteCloser); ok {
			response.Body = &checked{ReadWriteCloser: conn}
		}
	}
	return response, err
}

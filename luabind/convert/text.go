package convert

import (
	"errors"
	"fmt"
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanzaid"
	"spectrumlua/runtime/xmltext"
)

// MaxStanza is the maximum size in bytes of the texts of one message in a stanza.
// Prosody closes the stream of a component that sends a stanza above 512 KiB. The
// difference is for the XML that Spectrum adds.
const MaxStanza = 512<<10 - 8<<10

// checkSize returns an error if a stanza is too big.
func checkSize(stanza int) error {
	if stanza > MaxStanza {
		return &tooBigError{stanza}
	}
	return nil
}

// ErrTooBig is the error for a message that does not fit a stanza.
var ErrTooBig = errors.New("the message is too big")

// tooBigError is an ErrTooBig with the size.
type tooBigError struct{ stanza int }

func (e *tooBigError) Error() string {
	return fmt.Sprintf("it is too big: at least %d bytes in a stanza, at most %d can be sent (a picture counts for four thirds of its size)", e.stanza, MaxStanza)
}

func (e *tooBigError) Is(target error) bool { return target == ErrTooBig }

// text converts the text of a field to the form that Spectrum accepts. keep reports
// whether to send the field at all.
func text(f *schema.Field, v lua.LValue) (s string, keep bool, err error) {
	if f.Format == pb.Format_FORMAT_TIMESTAMP {
		s, err = timestamp(v)
		return s, true, err
	}
	switch v := v.(type) {
	case lua.LString:
		s = string(v)
	case lua.LNumber:
		s = v.String()
	default:
		return "", false, mismatch(v, "string")
	}
	if s == "" && !f.Required {
		return "", f.Format != pb.Format_FORMAT_ID, nil // a message without an id has no empty one
	}
	switch f.Format {
	case pb.Format_FORMAT_XHTML:
		s, err = xmltext.Fragment(xmltext.Clean(s))
		return s, err == nil, nil // the message also has the plain text
	case pb.Format_FORMAT_LOCALPART:
		return jid.Local(s), true, nil
	case pb.Format_FORMAT_RESOURCE:
		return jid.Resource(s), true, nil
	case pb.Format_FORMAT_ID:
		if s = xmltext.Clean(s); s == "" || len(s) > stanzaid.Max {
			return "", false, fmt.Errorf("id of a message expected, 1 to %d bytes, got %d bytes", stanzaid.Max, len(s))
		}
		return s, true, nil
	}
	return xmltext.Clean(s), true, nil
}

// timestamp converts seconds since 1970, or checks a text in schema.TimeLayout. Spectrum
// would silently drop a message with any other text.
func timestamp(v lua.LValue) (string, error) {
	switch v := v.(type) {
	case lua.LNumber:
		seconds := float64(v)
		if math.IsNaN(seconds) || seconds < -62135596800 || seconds >= 253402300800 {
			return "", fmt.Errorf("seconds since 1970 expected, got %v", v)
		}
		return time.Unix(int64(math.Floor(seconds)), 0).UTC().Format(schema.TimeLayout), nil
	case lua.LString:
		if v == "" {
			return "", nil
		}
		t, err := time.Parse(schema.TimeLayout, string(v))
		if err != nil || t.Format(schema.TimeLayout) != string(v) {
			return "", fmt.Errorf("seconds since 1970 or UTC as in %q expected, got %s", schema.TimeLayout, bind.Describe(v))
		}
		return string(v), nil
	}
	return "", mismatch(v, "seconds since 1970 or UTC as in \""+schema.TimeLayout+"\"")
}

package convert

import (
	"fmt"
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/xmltext"
)

// MaxStanza is how many bytes the texts of one message may take in a stanza.
// Prosody closes a component's stream at a stanza of 512 KiB; the rest is for
// what Spectrum puts around them.
const MaxStanza = 512<<10 - 8<<10

// TimestampLayout is how Spectrum writes a timestamp, always UTC.
const TimestampLayout = "20060102T150405"

func checkSize(stanza int) error {
	if stanza > MaxStanza {
		return fmt.Errorf("it is too big: at least %d bytes in a stanza, at most %d can be sent (a picture counts for four thirds of its size)", stanza, MaxStanza)
	}
	return nil
}

// text makes the text of a field fit to be sent, and tells whether it is to be
// sent at all.
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
		return "", false, mismatch(v, "a string")
	}
	if s == "" && f.Descriptor.Cardinality() != protoreflect.Required {
		return "", true, nil
	}
	switch f.Format {
	case pb.Format_FORMAT_XHTML:
		s, err = xmltext.Fragment(xmltext.Clean(s))
		return s, err == nil, nil // the plain text stands beside it
	case pb.Format_FORMAT_LOCALPART:
		return jid.Local(s), true, nil
	case pb.Format_FORMAT_RESOURCE:
		return jid.Resource(s), true, nil
	}
	return xmltext.Clean(s), true, nil
}

// timestamp takes seconds since 1970 or the text that Spectrum wants; with any
// other, the message would vanish.
func timestamp(v lua.LValue) (string, error) {
	switch v := v.(type) {
	case lua.LNumber:
		seconds := float64(v)
		if math.IsNaN(seconds) || seconds < -62135596800 || seconds >= 253402300800 {
			return "", fmt.Errorf("%v is no time in seconds since 1970", v)
		}
		return time.Unix(int64(math.Floor(seconds)), 0).UTC().Format(TimestampLayout), nil
	case lua.LString:
		if v == "" {
			return "", nil
		}
		t, err := time.Parse(TimestampLayout, string(v))
		if err != nil || t.Format(TimestampLayout) != string(v) {
			return "", fmt.Errorf("%s is no time: seconds since 1970 are wanted, or UTC as in %q", bind.Describe(v), TimestampLayout)
		}
		return string(v), nil
	}
	return "", mismatch(v, "seconds since 1970, or UTC as in \""+TimestampLayout+"\",")
}

package schema

import "spectrumlua/pb"

// longModes has the types with a text that may be too long for a stanza, and what a
// script may choose to do with it.
var longModes = map[pb.WrapperMessage_Type][]string{
	pb.WrapperMessage_TYPE_CONV_MESSAGE:         {"split", "truncate"},
	pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED: {"truncate"},
	pb.WrapperMessage_TYPE_ATTENTION:            {"truncate"},
}

// LongModes returns what a script may do with a text that is too long for a stanza:
// "split" or "truncate". It returns nil for a type without such a text. The text is the
// field "message". The caller must not change the result.
func (t *Type) LongModes() []string { return longModes[t.Number] }

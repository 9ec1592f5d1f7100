// Package describe translates the messages of a backend into plain words: what the
// user sees in an XMPP client. Its functions are safe for concurrent use.
package describe

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// Kind is what a line is about, so that it can be shown in a colour of its own.
type Kind int

// The kinds of lines.
const (
	// Message is what somebody wrote.
	Message Kind = iota
	// Contact is about the contact list and who is there.
	Contact
	// Room is what happens in a room beside what is written there.
	Room
	// Account is about the user's own login.
	Account
	// Internal is between the script and Spectrum: no user sees it.
	Internal
)

// Line is one frame in words.
type Line struct {
	Kind Kind
	// Text has no control characters: line ends show as ⏎.
	Text string
	// Partner is the contact or room that wrote a Message; "" otherwise.
	Partner string
}

// Frame puts a frame from the backend into words. Of PONG and STATS, which
// backends send of themselves, there is nothing to say: then ok is false. What
// has no words of its own, or makes no sense, is shown as simulator.Describe
// does. Passwords are never shown.
func Frame(f simulator.Frame) (line Line, ok bool) {
	switch f.Type {
	case pb.WrapperMessage_TYPE_PONG, pb.WrapperMessage_TYPE_STATS:
		if f.Err == nil {
			return Line{}, false
		}
	}
	tell := sentences[f.Type]
	if tell == nil || f.Message == nil || f.Err != nil {
		_, text, _ := strings.Cut(simulator.Describe(f), " ")
		return Line{Kind: Internal, Text: text}, true
	}
	return tell(f.Message), true
}

// sentences are the words for each type that has some.
var sentences = map[pb.WrapperMessage_Type]func(proto.Message) Line{
	pb.WrapperMessage_TYPE_CONNECTED:             about(connected),
	pb.WrapperMessage_TYPE_DISCONNECTED:          about(disconnected),
	pb.WrapperMessage_TYPE_BUDDY_CHANGED:         about(buddyChanged),
	pb.WrapperMessage_TYPE_BUDDY_REMOVED:         about(does(Contact, "is off your contact list")),
	pb.WrapperMessage_TYPE_BUDDY_TYPING:          about(does(Contact, "is typing")),
	pb.WrapperMessage_TYPE_BUDDY_TYPED:           about(does(Contact, "pauses typing")),
	pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING:  about(does(Contact, "stops typing")),
	pb.WrapperMessage_TYPE_AUTH_REQUEST:          about(authRequest),
	pb.WrapperMessage_TYPE_CONV_MESSAGE:          about(convMessage),
	pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK:      about(ack),
	pb.WrapperMessage_TYPE_ATTENTION:             about(attention),
	pb.WrapperMessage_TYPE_VCARD:                 about(vCard),
	pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED:   about(participant),
	pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED: about(roomNickname),
	pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED:  about(roomSubject),
	pb.WrapperMessage_TYPE_ROOM_LIST:             about(roomList),
	pb.WrapperMessage_TYPE_QUERY:                 about(query),
	pb.WrapperMessage_TYPE_BACKEND_CONFIG:        about(backendConfig),
}

// about makes a sentence for any payload of one for its own Go type.
func about[T proto.Message](tell func(T) Line) func(proto.Message) Line {
	return func(m proto.Message) Line { return tell(m.(T)) }
}

// valueName is how scripts write the value n of an enum field.
func valueName(typ, field string, n int32) string {
	if name := schema.TypeByName(typ).Payload.Field(field).Enum.Name(n); name != "" {
		return name
	}
	return "unknown"
}

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

// Kind is the topic of a line. Each topic has its own colour.
type Kind int

// The kinds of lines.
const (
	// Message is a text of a person.
	Message Kind = iota
	// Contact is about a contact and its presence.
	Contact
	// Room is about a room, except for its texts.
	Room
	// Account is about the user's own login.
	Account
	// Internal is between the script and Spectrum. No user sees it.
	Internal
)

// Line is one frame in words.
type Line struct {
	Kind Kind
	// Text has no control characters: line ends show as ⏎.
	Text string
	// Partner is the contact or room that wrote a Message; "" for other kinds.
	Partner string
}

// Frame describes a frame of the backend. ok is false for PONG and STATS, which a
// backend sends by itself, and for what users do not see. Frames of a type without a sentence, and invalid frames, look
// as in simulator.Describe. Frame never shows passwords.
func Frame(f simulator.Frame) (line Line, ok bool) {
	switch f.Type {
	case pb.WrapperMessage_TYPE_PONG, pb.WrapperMessage_TYPE_STATS:
		if f.Err == nil {
			return Line{}, false
		}
	case pb.WrapperMessage_TYPE_RAW_XML:
		if line, ok := ownMessage(f.Payload); ok {
			return line, true
		}
	}
	tell := sentences[f.Type]
	if tell == nil || f.Message == nil || f.Err != nil {
		_, text, _ := strings.Cut(simulator.Describe(f), " ")
		return Line{Kind: Internal, Text: text}, true
	}
	line = tell(f.Message)
	return line, line != Line{}
}

// sentences returns the description for each type that has one.
var sentences = map[pb.WrapperMessage_Type]func(proto.Message) Line{
	pb.WrapperMessage_TYPE_CONNECTED:             about(connected),
	pb.WrapperMessage_TYPE_DISCONNECTED:          about(disconnected),
	pb.WrapperMessage_TYPE_BUDDY_CHANGED:         about(buddyChanged),
	pb.WrapperMessage_TYPE_BUDDY_REMOVED:         about(does(Contact, "was removed from your contact list")),
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
	pb.WrapperMessage_TYPE_REACTION:              about(reaction),
	pb.WrapperMessage_TYPE_RETRACTION:            about(retraction),
	pb.WrapperMessage_TYPE_DISPLAYED:             about(displayed),
	pb.WrapperMessage_TYPE_MODERATION:            about(moderation),
	pb.WrapperMessage_TYPE_SENT:                  about(sent),
	pb.WrapperMessage_TYPE_INVITATION:            about(invitation),
	pb.WrapperMessage_TYPE_BOOKMARK:              about(bookmark),
	pb.WrapperMessage_TYPE_SERVICE_MESSAGE:       about(serviceMessage),
	pb.WrapperMessage_TYPE_QUESTION:              about(question),
	pb.WrapperMessage_TYPE_ANSWER:                about(questionEnds),
	pb.WrapperMessage_TYPE_COMMANDS:              about(commands),
	pb.WrapperMessage_TYPE_COMMAND:               about(commandResult),
}

// about converts a function for one Go type into one for all payloads.
func about[T proto.Message](tell func(T) Line) func(proto.Message) Line {
	return func(m proto.Message) Line { return tell(m.(T)) }
}

// valueName returns the name of enum value n in scripts.
func valueName(typ, field string, n int32) string {
	if name := schema.TypeByName(typ).Payload.Field(field).Enum.Name(n); name != "" {
		return name
	}
	return "unknown"
}

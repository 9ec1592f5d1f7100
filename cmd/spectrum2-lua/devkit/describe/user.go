package describe

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// ByUser describes a frame for the backend: what its user does. The text has no subject,
// because the frame names the user. Frames of a type without a sentence, and invalid frames,
// look as in simulator.Describe. ByUser never shows passwords.
func ByUser(f simulator.Frame) Line {
	tell := deeds[f.Type]
	if tell == nil || f.Message == nil || f.Err != nil {
		_, text, _ := strings.Cut(simulator.Describe(f), " ")
		return Line{Kind: Internal, Text: text}
	}
	return tell(f.Message)
}

// deeds returns the description for each type that has one.
var deeds = map[pb.WrapperMessage_Type]func(proto.Message) Line{
	pb.WrapperMessage_TYPE_LOGIN:                about(logsIn),
	pb.WrapperMessage_TYPE_LOGOUT:               about(logsOut),
	pb.WrapperMessage_TYPE_STATUS_CHANGED:       about(isNow),
	pb.WrapperMessage_TYPE_BUDDY_CHANGED:        about(changesBuddy),
	pb.WrapperMessage_TYPE_BUDDY_REMOVED:        about(todoBuddy("removes the contact ")),
	pb.WrapperMessage_TYPE_BUDDY_TYPING:         about(todoBuddy("is typing to ")),
	pb.WrapperMessage_TYPE_BUDDY_TYPED:          about(todoBuddy("pauses typing to ")),
	pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING: about(todoBuddy("stops typing to ")),
	pb.WrapperMessage_TYPE_CONV_MESSAGE:         about(writes("writes to ")),
	pb.WrapperMessage_TYPE_ATTENTION:            about(writes("wants the attention of ")),
	pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED: about(writes("sets the topic of ")),
	pb.WrapperMessage_TYPE_JOIN_ROOM:            about(joins),
	pb.WrapperMessage_TYPE_LEAVE_ROOM:           about(leaves),
	pb.WrapperMessage_TYPE_VCARD:                about(wantsVCard),
	pb.WrapperMessage_TYPE_REACTION:             about(reacts),
	pb.WrapperMessage_TYPE_RETRACTION:           about(withdraws),
	pb.WrapperMessage_TYPE_DISPLAYED:            about(reads),
	pb.WrapperMessage_TYPE_SERVICE_MESSAGE:      about(writesToService),
	pb.WrapperMessage_TYPE_ANSWER:               about(answers),
}

func logsIn(m *pb.Login) Line {
	return Line{Kind: Account, Text: "logs in as " + Text(m.GetLegacyName())}
}

func logsOut(m *pb.Logout) Line {
	return Line{Kind: Account, Text: "logs out"}
}

func isNow(m *pb.Status) Line {
	text := "is " + status(m.GetStatus())
	if m.GetStatusMessage() != "" {
		text += ": " + Text(m.GetStatusMessage())
	}
	return Line{Kind: Account, Text: text}
}

func changesBuddy(m *pb.Buddy) Line {
	var more []string
	if len(m.GetGroup()) > 0 {
		more = append(more, "group "+list(m.GetGroup()))
	}
	if m.GetBlocked() {
		more = append(more, "blocked")
	}
	return Line{Kind: Contact, Text: "adds or changes the contact " + person(m.GetBuddyName(), m.GetAlias()) + inBrackets(more)}
}

// todoBuddy returns the sentence of what a user does to a contact.
func todoBuddy(what string) func(*pb.Buddy) Line {
	return func(m *pb.Buddy) Line { return Line{Kind: Contact, Text: what + Text(m.GetBuddyName())} }
}

// writes returns the sentence of a text for a contact or a room.
func writes(what string) func(*pb.ConversationMessage) Line {
	return func(m *pb.ConversationMessage) Line {
		text := what + Text(m.GetBuddyName()) + ": " + Text(m.GetMessage())
		return Line{Kind: Message, Text: text + inBrackets(details(m)), Partner: m.GetBuddyName()}
	}
}

func joins(m *pb.Room) Line {
	return Line{Kind: Room, Text: "joins the room " + Text(m.GetRoom()) + " as " + Text(m.GetNickname())}
}

func leaves(m *pb.Room) Line {
	return Line{Kind: Room, Text: "leaves the room " + Text(m.GetRoom())}
}

func wantsVCard(m *pb.VCard) Line {
	if m.Fullname != nil || m.Nickname != nil || m.Photo != nil {
		return Line{Kind: Contact, Text: "publishes a vCard"}
	}
	return Line{Kind: Contact, Text: "requests the vCard of " + Text(m.GetBuddyName())}
}

func reacts(m *pb.Reaction) Line {
	if len(m.GetEmoji()) == 0 {
		return Line{Kind: Message, Text: "no longer reacts to the message " + Text(m.GetId())}
	}
	return Line{Kind: Message, Text: "reacts to the message " + Text(m.GetId()) + ": " + Text(strings.Join(m.GetEmoji(), " "))}
}

func withdraws(m *pb.Retraction) Line {
	return Line{Kind: Message, Text: "withdraws the message " + Text(m.GetId())}
}

func reads(m *pb.Displayed) Line {
	return Line{Kind: Message, Text: "has read up to the message " + Text(m.GetId()) + " of " + Text(m.GetBuddyName())}
}

func writesToService(m *pb.ServiceMessage) Line {
	return Line{Kind: Message, Text: "writes to the transport: " + Text(m.GetMessage())}
}

func answers(m *pb.Answer) Line {
	if m.Text == nil {
		return Line{Kind: Message, Text: "does not answer the question"}
	}
	return Line{Kind: Message, Text: "answers the question"}
}

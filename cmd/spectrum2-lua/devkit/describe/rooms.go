package describe

import (
	"fmt"
	"strings"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// refusals are the flags that explain why the user is not in the room.
var refusals = []struct {
	flag pb.ParticipantFlag
	text string
}{
	{pb.ParticipantFlag_PARTICIPANT_FLAG_ROOM_NOT_FOUND, "the room does not exist"},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_NOT_AUTHORIZED, "you may not enter"},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_CONFLICT, "the nickname %s is taken"},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_BANNED, "%s is banned"},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_KICKED, "%s was kicked"},
}

func participant(m *pb.Participant) Line {
	return Line{Kind: Room, Text: inRoom(m.GetRoom(), participation(m))}
}

func inRoom(room, text string) string { return "[" + Text(room) + "] " + text }

func participation(m *pb.Participant) string {
	nickname := Text(m.GetNickname())
	flag := pb.ParticipantFlag(m.GetFlag())
	for _, r := range refusals {
		if flag&r.flag != 0 {
			if strings.Contains(r.text, "%s") {
				return fmt.Sprintf(r.text, nickname)
			}
			return r.text
		}
	}
	if flag&pb.ParticipantFlag_PARTICIPANT_FLAG_ME != 0 {
		nickname += " (you)"
	}
	if m.GetNewname() != "" {
		return nickname + " is now known as " + Text(m.GetNewname())
	}
	if m.GetStatus() == pb.StatusType_STATUS_TYPE_NONE {
		return nickname + " has left"
	}
	text := nickname + " is there"
	if m.GetStatus() != pb.StatusType_STATUS_TYPE_ONLINE {
		text += ", " + status(m.GetStatus())
	}
	if m.GetStatusMessage() != "" {
		text += ": " + Text(m.GetStatusMessage())
	}
	var more []string
	for _, name := range flagNames(m.GetFlag()) {
		if name != "me" {
			more = append(more, name)
		}
	}
	if m.GetAlias() != "" {
		more = append(more, "alias "+Text(m.GetAlias()))
	}
	if m.GetIconHash() != "" {
		more = append(more, "avatar "+Text(m.GetIconHash()))
	}
	return text + inBrackets(more)
}

// flagNames returns the names of the set bits.
func flagNames(set int32) []string {
	names, unknown := schema.TypeByName("participant_changed").Payload.Field("flag").Enum.Bits(set)
	if unknown != 0 {
		names = append(names, fmt.Sprintf("unknown bits %d", unknown))
	}
	return names
}

func roomNickname(m *pb.Room) Line {
	return Line{Kind: Room, Text: inRoom(m.GetRoom(), "you are now known as "+Text(m.GetNickname()))}
}

func roomSubject(m *pb.ConversationMessage) Line {
	text := "the room has no topic"
	switch {
	case m.GetMessage() != "" && m.GetNickname() != "":
		text = "the topic, by " + Text(m.GetNickname()) + ": " + Text(m.GetMessage())
	case m.GetMessage() != "":
		text = "the topic: " + Text(m.GetMessage())
	}
	return Line{Kind: Room, Text: inRoom(m.GetBuddyName(), text)}
}

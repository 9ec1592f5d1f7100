package describe

import (
	"strings"

	"spectrumlua/pb"
)

// who returns who does something in a chat or a room.
func who(name, nickname string, origin bool) string {
	switch {
	case origin:
		return "You, elsewhere,"
	case nickname != "":
		return Text(name) + "/" + Text(nickname)
	}
	return Text(name)
}

func reaction(m *pb.Reaction) Line {
	person := who(m.GetBuddyName(), m.GetNickname(), m.GetOrigin())
	if len(m.GetEmoji()) == 0 {
		return Line{Kind: Message, Text: person + " no longer reacts to the message " + Text(m.GetId())}
	}
	return Line{Kind: Message, Text: person + " reacts to the message " + Text(m.GetId()) + ": " + Text(strings.Join(m.GetEmoji(), " "))}
}

func retraction(m *pb.Retraction) Line {
	return Line{Kind: Message, Text: who(m.GetBuddyName(), m.GetNickname(), m.GetOrigin()) + " withdrew the message " + Text(m.GetId())}
}

func displayed(m *pb.Displayed) Line {
	return Line{Kind: Message, Text: who(m.GetBuddyName(), m.GetNickname(), m.GetOrigin()) + " has read up to the message " + Text(m.GetId())}
}

func moderation(m *pb.Moderation) Line {
	text := "The message " + Text(m.GetId()) + " was removed from " + Text(m.GetRoom())
	if m.GetNickname() != "" {
		text += " by " + Text(m.GetNickname())
	}
	if m.GetReason() != "" {
		text += ": " + Text(m.GetReason())
	}
	return Line{Kind: Room, Text: text}
}

// sent describes a refused message. An accepted one needs no words.
func sent(m *pb.Sent) Line {
	if m.GetError() != "" {
		return Line{Kind: Message, Text: "Your message was refused: " + Text(m.GetError())}
	}
	return Line{}
}

func invitation(m *pb.Invitation) Line {
	text := "You are invited to " + Text(m.GetRoom())
	if m.GetBuddyName() != "" {
		text = Text(m.GetBuddyName()) + " invites you to " + Text(m.GetRoom())
	}
	if m.GetReason() != "" {
		text += ": " + Text(m.GetReason())
	}
	return Line{Kind: Room, Text: text}
}

func bookmark(m *pb.Bookmark) Line {
	text := Text(m.GetRoom()) + " is in your bookmarks"
	if m.GetRemoved() {
		return Line{Kind: Room, Text: Text(m.GetRoom()) + " is no longer in your bookmarks"}
	}
	if m.GetName() != "" {
		text += " as " + Text(m.GetName())
	}
	if m.GetAutojoin() {
		text += ", and your clients join it"
	}
	return Line{Kind: Room, Text: text}
}

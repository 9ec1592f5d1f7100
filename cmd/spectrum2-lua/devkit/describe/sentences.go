package describe

import (
	"cmp"
	"fmt"
	"strings"

	"spectrumlua/pb"
)

func connected(*pb.Connected) Line { return Line{Kind: Account, Text: "You are connected."} }

func disconnected(m *pb.Disconnected) Line {
	next := "final: Spectrum logs you out"
	switch m.GetError() {
	case pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR:
		next = "Spectrum logs you in again, three times at most"
	}
	return Line{Kind: Account, Text: failure(m, next)}
}

// Retried describes a DISCONNECTED that Spectrum does not receive, because the runtime
// calls on.login again.
func Retried(m *pb.Disconnected, when string) string {
	return failure(m, "Spectrum does not see it: on.login is called again "+when)
}

// failure describes a DISCONNECTED and what follows.
func failure(m *pb.Disconnected, next string) string {
	text := "You are disconnected"
	if m.GetMessage() != "" {
		text += ": " + Text(m.GetMessage())
	}
	return text + " (" + valueName("disconnected", "error", int32(m.GetError())) + "; " + next + ")"
}

// person returns the alias of a contact and, if it differs, its name, which commands use.
func person(name, alias string) string {
	if alias == "" || alias == name {
		return Text(name)
	}
	return Text(alias) + " (" + Text(name) + ")"
}

// statusWords are the words for each status of a contact.
var statusWords = map[pb.StatusType]string{
	pb.StatusType_STATUS_TYPE_ONLINE:    "online",
	pb.StatusType_STATUS_TYPE_AWAY:      "away",
	pb.StatusType_STATUS_TYPE_FFC:       "free for chat",
	pb.StatusType_STATUS_TYPE_XA:        "away for long",
	pb.StatusType_STATUS_TYPE_DND:       "not to be disturbed",
	pb.StatusType_STATUS_TYPE_NONE:      "offline",
	pb.StatusType_STATUS_TYPE_INVISIBLE: "invisible",
}

func status(s pb.StatusType) string {
	if words := statusWords[s]; words != "" {
		return words
	}
	return fmt.Sprintf("in the unknown status %d", s)
}

func buddyChanged(m *pb.Buddy) Line {
	text := person(m.GetBuddyName(), m.GetAlias()) + " is " + status(m.GetStatus())
	if m.GetStatusMessage() != "" {
		text += ": " + Text(m.GetStatusMessage())
	}
	var more []string
	if len(m.GetGroup()) > 0 {
		more = append(more, "group "+list(m.GetGroup()))
	}
	if m.GetIconHash() != "" {
		more = append(more, "avatar "+Text(m.GetIconHash()))
	}
	if m.GetBlocked() {
		more = append(more, "blocked")
	}
	return Line{Kind: Contact, Text: text + inBrackets(more)}
}

// does returns the sentence of a contact who does one thing. It ignores other fields.
func does(kind Kind, what string) func(*pb.Buddy) Line {
	return func(m *pb.Buddy) Line {
		return Line{Kind: kind, Text: Text(m.GetBuddyName()) + " " + what}
	}
}

func authRequest(m *pb.Buddy) Line {
	name := Text(m.GetBuddyName())
	return Line{Kind: Contact, Text: name + " asks to be on your contact list: /buddy add " + name + " accepts"}
}

func convMessage(m *pb.ConversationMessage) Line {
	from, partner := Text(m.GetBuddyName()), m.GetBuddyName()
	switch {
	case m.GetCarbon():
		from = "you, elsewhere, to " + from
	case m.GetPm() && m.GetNickname() != "":
		from, partner = Text(m.GetNickname())+" in "+from+", to you alone", m.GetBuddyName()+"/"+m.GetNickname()
	case m.GetPm():
		from += ", to you alone"
	case m.GetNickname() != "":
		from = from + "/" + Text(m.GetNickname())
	}
	return Line{Kind: Message, Text: "<" + from + "> " + Text(m.GetMessage()) + inBrackets(details(m)), Partner: partner}
}

// details returns what a message has besides its text.
func details(m *pb.ConversationMessage) []string {
	var more []string
	if m.GetHeadline() {
		more = append(more, "headline")
	}
	if m.GetTimestamp() != "" {
		more = append(more, "written "+when(m.GetTimestamp()))
	}
	if m.GetXhtml() != "" {
		more = append(more, "xhtml "+Text(m.GetXhtml()))
	}
	if m.GetReplaces() != "" {
		more = append(more, "corrects "+Text(m.GetReplaces()))
	}
	if r := m.GetReplyTo(); r != nil {
		more = append(more, "answers "+cmp.Or(Text(r.GetText()), Text(r.GetId())))
	}
	if m.Spoiler != nil {
		more = append(more, "hidden "+Text(m.GetSpoiler()))
	}
	for _, a := range m.GetAttachment() {
		more = append(more, "attachment "+attachment(a))
	}
	return more
}

func attachment(a *pb.Attachment) string {
	text := Text(a.GetUrl())
	for _, more := range []string{a.GetName(), a.GetMimeType(), a.GetDescription()} {
		if more != "" {
			text += " " + Text(more)
		}
	}
	return text
}

func ack(m *pb.ConversationMessage) Line {
	return Line{Kind: Message, Text: Text(m.GetBuddyName()) + " received your message " + Text(m.GetId())}
}

func attention(m *pb.ConversationMessage) Line {
	text := Text(m.GetBuddyName()) + " wants your attention"
	if m.GetMessage() != "" {
		text += ": " + Text(m.GetMessage())
	}
	return Line{Kind: Message, Text: text, Partner: m.GetBuddyName()}
}

func vCard(m *pb.VCard) Line {
	var parts []string
	if m.GetFullname() != "" {
		parts = append(parts, "name "+Text(m.GetFullname()))
	}
	if m.GetNickname() != "" {
		parts = append(parts, "nickname "+Text(m.GetNickname()))
	}
	if len(m.GetPhoto()) > 0 {
		parts = append(parts, fmt.Sprintf("a photo of %d bytes", len(m.GetPhoto())))
	}
	if len(parts) == 0 {
		parts = []string{"empty"}
	}
	return Line{Kind: Contact, Text: fmt.Sprintf("The vCard of %s (request %d): %s", Text(m.GetBuddyName()), m.GetId(), strings.Join(parts, ", "))}
}

func query(m *pb.BackendConfig) Line {
	return Line{Kind: Internal, Text: "The script asks Spectrum: " + Text(m.GetConfig()) + " (/answer TEXT answers)"}
}

func backendConfig(m *pb.BackendConfig) Line {
	var pairs []string
	section := ""
	for line := range strings.Lines(m.GetConfig()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1:len(line)-1] + "."
		} else if line != "" {
			pairs = append(pairs, Text(section+line))
		}
	}
	return Line{Kind: Internal, Text: "The transport is set up: " + strings.Join(pairs, ", ")}
}

func roomList(m *pb.RoomList) Line {
	var rooms []string
	for i, room := range m.GetRoom() {
		name := ""
		if i < len(m.GetName()) {
			name = m.GetName()[i]
		}
		rooms = append(rooms, person(room, name))
	}
	if len(rooms) == 0 {
		return Line{Kind: Room, Text: "There are no rooms."}
	}
	return Line{Kind: Room, Text: "The rooms are: " + strings.Join(rooms, ", ")}
}

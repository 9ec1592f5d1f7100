package describe

import (
	"strings"

	"spectrumlua/pb"
)

func serviceMessage(m *pb.ServiceMessage) Line {
	return Line{Kind: Message, Text: "the transport: " + Text(m.GetMessage())}
}

func question(q *pb.Question) Line {
	text := "the transport asks: " + Text(q.GetText())
	if len(q.GetOptions()) > 0 {
		text += " (" + Text(strings.Join(q.GetOptions(), ", ")) + ")"
	}
	return Line{Kind: Message, Text: text}
}

func questionEnds(*pb.Answer) Line {
	return Line{Kind: Internal, Text: "the question is over"}
}

func commands(m *pb.Commands) Line {
	var names []string
	for _, c := range m.GetCommand() {
		names = append(names, "/"+Text(c.GetName()))
	}
	if len(names) == 0 {
		return Line{Kind: Internal, Text: "the script has no commands"}
	}
	return Line{Kind: Internal, Text: "commands of the script: " + strings.Join(names, " ")}
}

func commandResult(m *pb.CommandRun) Line {
	return Line{Kind: Message, Text: "the transport: " + Text(m.GetResult())}
}

package chat

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/spelling"
)

var rawCommands = []*command{
	{
		name: "raw", usage: "/raw TYPE [{ field = value, … }]", run: (*Chat).raw, words: []candidates{types, fields},
		about: "sends any message; fields are a Lua table or JSON",
	},
	{name: "xml", usage: "/xml STANZA", about: "sends raw XML", run: (*Chat).xml},
	{name: "answer", usage: "/answer TEXT", about: "answers a request of the script to Spectrum", run: (*Chat).answer},
}

func (c *Chat) raw(l *call) error {
	name, err := l.word()
	if err != nil {
		return err
	}
	typ, err := typeNamed(name)
	if err != nil {
		return err
	}
	payload, err := payloadOf(typ, l.Rest(), c.people.speaker())
	if err != nil {
		return fmt.Errorf("%s: %w", typ.Name, err)
	}
	if !typ.ToScript {
		c.show.line(warningLine, "The real Spectrum never sends "+strings.ToUpper(typ.Name)+" to a backend.")
	}
	return c.run.Spectrum.SendPayload(typ.Number, payload)
}

func typeNamed(name string) (*schema.Type, error) {
	name = strings.TrimPrefix(strings.ToLower(name), "type_")
	if typ := schema.TypeByName(name); typ != nil {
		return typ, nil
	}
	var known []string
	for _, typ := range schema.Types() {
		known = append(known, typ.Name)
	}
	if near := spelling.Name(name, known); near != "" {
		return nil, fmt.Errorf("unknown type %s (did you mean %s?)", printable(name), near)
	}
	return nil, fmt.Errorf("unknown type %s: use one of %s", printable(name), strings.Join(known, ", "))
}

func (c *Chat) xml(l *call) error {
	stanza := l.Rest()
	if stanza == "" {
		return errUsage
	}
	return c.run.Spectrum.SendPayload(pb.WrapperMessage_TYPE_RAW_XML, []byte(stanza))
}

func (c *Chat) answer(l *call) error {
	text := l.Rest()
	if text == "" {
		return errUsage
	}
	return c.run.Spectrum.Send(pb.WrapperMessage_TYPE_QUERY, &pb.BackendConfig{Config: proto.String(text)})
}

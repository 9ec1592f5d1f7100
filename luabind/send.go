package luabind

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/luabind/table"
	"spectrumlua/pb"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/xmltext"
)

var (
	disconnectedType = schema.TypeByNumber(pb.WrapperMessage_TYPE_DISCONNECTED)
	connectedType    = schema.TypeByNumber(pb.WrapperMessage_TYPE_CONNECTED)
	buddyChangedType = schema.TypeByNumber(pb.WrapperMessage_TYPE_BUDDY_CHANGED)
)

// send sends a message for a session, or for the process if s is nil. It raises
// an error at the script's line if the fields are wrong. It waits while the link's
// queue is full.
func (h *Host) send(l *lua.LState, typ *schema.Type, s *session.Session, user string, fields lua.LValue) {
	payload, err := h.payload(typ, user, fields)
	h.sendPayload(l, typ, s, payload, err)
}

// sendWith is send with the options of a sending method, which are argument n.
func (h *Host) sendWith(l *lua.LState, typ *schema.Type, s *session.Session, user string, fields lua.LValue, n int) {
	wrong := fields.Type() != lua.LTTable && fields != lua.LNil // send says so
	if !wrong {
		if mode := longMode(l, typ, n); mode != "" {
			h.sendLong(l, typ, s, user, fields, mode)
			return
		}
	}
	h.send(l, typ, s, user, fields)
}

// transmit sends an encoded message. While the script loads, the message is
// deferred until the new VM takes over.
func (h *Host) transmit(l *lua.LState, typ *schema.Type, s *session.Session, payload []byte) {
	rt := bind.RuntimeOf(l)
	if rt.Loading() {
		payload := bytes.Clone(payload) // it may be h.scratch, which the next send overwrites
		rt.Defer(func() { h.hand(typ, s, payload) })
		return
	}
	h.hand(typ, s, payload)
	for h.opts.Link.Full() { // another task may have filled the queue again
		if bind.Wait(l, h.opts.Link.WaitCapacity) != nil {
			return
		}
	}
}

// hand passes a message to the link.
func (h *Host) hand(typ *schema.Type, s *session.Session, payload []byte) {
	if s != nil {
		h.sessionObject(s).remember(typ, payload)
	}
	// An error means that the connection has ended. The process ends next.
	_ = h.sessions.Send(s, typ.Number, payload)
}

// payload encodes the fields of a message. The result may be h.scratch.
func (h *Host) payload(typ *schema.Type, user string, fields lua.LValue) ([]byte, error) {
	switch {
	case typ.Raw:
		return rawPayload(typ, fields)
	case typ.Payload == nil:
		return nil, CheckShape(typ, fields)
	}
	var err error
	if a := table.ArgumentOf(fields); a != nil {
		h.scratch, err = convert.EncodeArgument(h.scratch[:0], typ.Payload, a, user)
		a.Release()
		return h.scratch, err
	}
	if err := CheckShape(typ, fields); err != nil {
		return nil, err
	}
	table, ok := fields.(*lua.LTable)
	if !ok {
		table = bind.NewTable()
	}
	h.scratch, err = convert.Encode(h.scratch[:0], typ.Payload, table, user)
	if err == nil {
		text, _ := table.RawGetString("config").(lua.LString)
		err = h.checkText(typ, string(text))
	}
	return h.scratch, err
}

// CheckShape checks that a value has the right Lua type to be the fields of a
// message. It does not check the fields themselves.
func CheckShape(typ *schema.Type, fields lua.LValue) error {
	kind := fields.Type()
	switch {
	case typ.Raw && kind != lua.LTString:
		return fmt.Errorf("string expected, got %s", kind)
	case typ.Raw || kind == lua.LTNil:
	case typ.Payload == nil:
		return errors.New("this message has no fields: call it without an argument")
	case kind != lua.LTTable:
		return fmt.Errorf("table of fields expected (as in { %s }), got %s", exampleFields(typ.Payload), kind)
	}
	return nil
}

// exampleFields returns the fields that a script must set, or one that it can set.
func exampleFields(m *schema.Message) string {
	var required []string
	last := ""
	for _, f := range m.Fields {
		switch {
		case f.User:
		case f.Required:
			required = append(required, f.Name+" = …")
		case last == "" || !f.GatewayOnly:
			last = f.Name + " = …"
		}
	}
	if len(required) == 0 {
		return last
	}
	return strings.Join(required, ", ")
}

// checkText returns an error for values that Spectrum decodes and then fails on.
func (h *Host) checkText(typ *schema.Type, text string) error {
	switch {
	case typ.Format == pb.PayloadFormat_PAYLOAD_FORMAT_CONFIG:
		return h.checkConfigText(text)
	case typ.Number == pb.WrapperMessage_TYPE_QUERY && strings.TrimSpace(text) == "online_users":
		return errors.New("Spectrum 2.2 crashes at the query online_users; spectrum.sessions() knows this backend's users")
	}
	return nil
}

func rawPayload(typ *schema.Type, fields lua.LValue) ([]byte, error) {
	if err := CheckShape(typ, fields); err != nil {
		return nil, err
	}
	text := fields.(lua.LString)
	if typ.Format != pb.PayloadFormat_PAYLOAD_FORMAT_STANZA {
		return []byte(text), nil
	}
	stanza, err := xmltext.Stanza(string(text))
	if err != nil {
		return nil, err
	}
	if len(stanza) > convert.MaxStanza {
		return nil, fmt.Errorf("it is too big: %d bytes, at most %d can be sent", len(stanza), convert.MaxStanza)
	}
	return []byte(stanza), nil
}

// remember keeps the last payload sent for a contact, and whether a login was
// answered.
func (obj *sessionObject) remember(typ *schema.Type, payload []byte) {
	switch typ.Number {
	case pb.WrapperMessage_TYPE_CONNECTED, pb.WrapperMessage_TYPE_DISCONNECTED:
		obj.answered = true
		if obj.warning != nil {
			obj.warning.Cancel()
			obj.warning = nil
		}
		obj.disconnected = obj.disconnected || typ == disconnectedType
	case pb.WrapperMessage_TYPE_BUDDY_CHANGED:
		obj.buddies.put(payload)
		obj.roster.sent(payload)
	case pb.WrapperMessage_TYPE_BUDDY_REMOVED:
		obj.buddies.remove(payload)
		obj.roster.forget(payload)
	case pb.WrapperMessage_TYPE_AUTH_REQUEST:
		obj.roster.ask(payload)
	}
}

// updateBuddy implements session:update_buddy{…}. It sends BUDDY_CHANGED with the
// fields last sent for the contact, replaced by those that are given.
func updateBuddy(l *lua.LState, obj *sessionObject) int {
	given := l.CheckTable(2)
	name, ok := given.RawGetString("buddy_name").(lua.LString)
	if !ok {
		bind.Raise(l, "update_buddy: the field buddy_name is missing (string expected)")
	}
	fields := bind.NewTable()
	if last := obj.buddies.find(jid.Local(string(name))); last != nil { // the payload has the escaped name
		if table, err := convert.Decode(buddyChangedType.Payload, string(last), nil); err == nil {
			fields = table
		}
	}
	given.ForEach(fields.RawSet)
	obj.host.send(l, buddyChangedType, obj.session, obj.session.User, fields)
	return 0
}

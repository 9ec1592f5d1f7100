package scripttest

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/dialog"
	"spectrumlua/runtime/schema"
)

// serviceMessage returns the expectation of a message of the transport itself, of a type
// with a text in a field. Under Spectrum it comes from a contact.
func (u *user) serviceMessage(number pb.WrapperMessage_Type, field, text string) (e expectation, gateway bool) {
	gateway = u.world.started().Spectrum.Gateway()
	e = expectation{typ: schema.TypeByNumber(number), user: u}
	fields := bind.NewTable()
	if !gateway {
		e.typ, field = schema.TypeByNumber(pb.WrapperMessage_TYPE_CONV_MESSAGE), "message"
		fields.RawSetString("buddy_name", lua.LString(dialog.Contact))
	}
	if text != "" {
		fields.RawSetString(field, lua.LString(text))
	}
	e.fields = fields
	return e, gateway
}

// answerQuestion implements user:answer(text [, seconds]): it waits for a question of the
// script, answers it, and returns its text.
func answerQuestion(l *lua.LState, u *user) int {
	text, limit := l.CheckString(2), u.world.limit(l, 3)
	u.world.needStage(l)
	e, gateway := u.serviceMessage(pb.WrapperMessage_TYPE_QUESTION, "text", "")
	q := u.world.expect(l, e, limit).(*lua.LTable)
	if !gateway {
		u.writeToService(l, "answer", text)
		question, _, _ := strings.Cut(lua.LVAsString(q.RawGetString("message")), "\n")
		return bind.Return(l, lua.LString(question))
	}
	if lua.LVAsBool(q.RawGetString("secret")) && !dialog.Passes(text) {
		u.sendFields(l, "answer", "answer", fieldsOf("id", lua.LVAsString(q.RawGetString("id")), "text", text))
	} else {
		u.writeToService(l, "answer", text)
	}
	return bind.Return(l, q.RawGetString("text"))
}

// runCommand implements user:command(text): the user writes /text to the transport.
func runCommand(l *lua.LState, u *user) int {
	u.world.needStage(l)
	u.writeToService(l, "command", "/"+strings.TrimPrefix(l.CheckString(2), "/"))
	return 0
}

// expectNotice implements user:notice([text [, seconds]]): it waits for a text of the
// transport itself, and returns it.
func expectNotice(l *lua.LState, u *user) int {
	text, limit := l.OptString(2, ""), u.world.limit(l, 3)
	u.world.needStage(l)
	e, _ := u.serviceMessage(pb.WrapperMessage_TYPE_SERVICE_MESSAGE, "message", text)
	m := u.world.expect(l, e, limit).(*lua.LTable)
	return bind.Return(l, m.RawGetString("message"))
}

// writeToService sends a text of the user to the transport itself.
func (u *user) writeToService(l *lua.LState, what, text string) {
	s := u.world.started()
	if s.Spectrum.Gateway() {
		u.sendFields(l, what, "service_message", fieldsOf("message", text))
		return
	}
	u.world.send(l, what, func() error { return s.Spectrum.Say(u.jid, dialog.Contact, text) })
}

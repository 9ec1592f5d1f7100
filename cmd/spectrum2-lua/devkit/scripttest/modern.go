package scripttest

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// clientID begins the ids that the client of a user gives to messages.
const clientID = "client-"

// newID returns an id for a message of a user.
func (w *world) newID() string { return clientID + strconv.FormatUint(w.ids.Add(1), 10) }

// write sends a message of a user with an id of its own, and returns its fields.
func (u *user) write(l *lua.LState, what string, fields *lua.LTable) int {
	if u.world.started().Spectrum.Gateway() {
		fields.RawSetString("id", lua.LString(u.world.newID()))
	}
	u.sendFields(l, what, "conv_message", fields)
	return bind.Return(l, fields)
}

func (u *user) sendFields(l *lua.LState, what, name string, fields *lua.LTable) {
	s, typ := u.world.needStage(l), schema.TypeByName(name)
	payload, err := convert.Encode([]byte{}, typ.Payload, fields, u.jid)
	if err != nil {
		bind.Raise(l, "%s: %v", what, err)
	}
	u.world.send(l, what, func() error { return s.Spectrum.SendPayload(typ.Number, payload) })
}

// referred is a message that a user refers to.
type referred struct {
	buddy, nickname, text string
	id                    string // on the network, "" if the script has not reported it
	own                   bool   // the user wrote it
}

// referredTo returns the message in argument 2. It is one that expect or say has returned.
func (u *user) referredTo(l *lua.LState, what string) referred {
	if !u.world.started().Spectrum.Gateway() {
		bind.Raise(l, "%s: Spectrum passes no such messages: it works with t:start { home = \"serve\" }", what)
	}
	m := l.CheckTable(2)
	text := func(field string) string { return lua.LVAsString(m.RawGetString(field)) }
	r := referred{buddy: text("buddy_name"), nickname: text("nickname"), text: text("message"), id: text("id")}
	if r.buddy == "" || r.id == "" {
		bind.Raise(l, "%s: message expected, with buddy_name and id, as user:say and user:expect return it; got %s", what, bind.Describe(m))
	}
	if lua.LVAsBool(m.RawGetString("pm")) && r.nickname != "" {
		r.buddy, r.nickname = r.buddy+"/"+r.nickname, ""
	}
	if r.own = strings.HasPrefix(r.id, clientID); r.own {
		r.id = u.networkID(r.id)
	}
	return r
}

// known raises an error unless the script has reported the id of the message.
func (r referred) known(l *lua.LState, what string) {
	if r.id == "" {
		bind.Raise(l, "%s: the script has not reported this message with session:sent { id = m.id, network_id = … }, so the gateway drops what refers to it", what)
	}
}

// networkID returns the id that the script has reported for a message of the user, or "".
func (u *user) networkID(id string) string {
	network := ""
	frames, _ := u.world.started().Spectrum.Frames()
	for _, f := range frames {
		if m, ok := f.Message.(*pb.Sent); ok && f.Direction == simulator.FromBackend && m.GetUserName() == u.jid && m.GetId() == id {
			network = m.GetNetworkId()
		}
	}
	return network
}

// fieldsOf returns a table of fields, without those that are "".
func fieldsOf(pairs ...string) *lua.LTable {
	t := bind.NewTable()
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			t.RawSetString(pairs[i], lua.LString(pairs[i+1]))
		}
	}
	return t
}

// react implements user:react(message, …): all emoji of the user for the message.
func react(l *lua.LState, u *user) int {
	m := u.referredTo(l, "react")
	m.known(l, "react")
	all := bind.NewTable()
	for i := 3; i <= l.GetTop(); i++ {
		all.Append(lua.LString(l.CheckString(i)))
	}
	fields := fieldsOf("buddy_name", m.buddy, "id", m.id)
	fields.RawSetString("emoji", all)
	u.sendFields(l, "react", "reaction", fields)
	return 0
}

// reply implements user:reply(message, text) → message.
func reply(l *lua.LState, u *user) int {
	m, text := u.referredTo(l, "reply"), l.CheckString(3)
	fields := fieldsOf("buddy_name", m.buddy)
	fields.RawSetString("message", lua.LString(text))
	if m.id != "" {
		author := m.nickname
		if author == "" && !m.own {
			author = m.buddy
		}
		fields.RawSetString("reply_to", fieldsOf("id", m.id, "author", author, "text", m.text))
	}
	return u.write(l, "reply", fields)
}

// correct implements user:correct(message, text) → message. The gateway delivers the
// correction of a message that the script has not reported as a message.
func correct(l *lua.LState, u *user) int {
	m, text := u.referredTo(l, "correct"), l.CheckString(3)
	if !m.own {
		bind.Raise(l, "correct: the gateway refuses to correct messages of others")
	}
	fields := fieldsOf("buddy_name", m.buddy, "replaces", m.id)
	fields.RawSetString("message", lua.LString(text))
	return u.write(l, "correct", fields)
}

// retract implements user:retract(message).
func retract(l *lua.LState, u *user) int {
	m := u.referredTo(l, "retract")
	if !m.own {
		bind.Raise(l, "retract: the gateway refuses to retract messages of others")
	}
	m.known(l, "retract")
	u.sendFields(l, "retract", "retraction", fieldsOf("buddy_name", m.buddy, "id", m.id))
	return 0
}

// read implements user:read(message): the user has read up to the message.
func read(l *lua.LState, u *user) int {
	m := u.referredTo(l, "read")
	m.known(l, "read")
	u.sendFields(l, "read", "displayed", fieldsOf("buddy_name", m.buddy, "id", m.id))
	return 0
}

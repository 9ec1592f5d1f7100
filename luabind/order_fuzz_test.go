package luabind_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// orderScript checks the order of messages. At each logout, it reports the number of
// messages and the first error. Each message has the number of times that its handler
// waits.
const orderScript = `
local spectrum = require "spectrum"

local function wrong(session, text)
  session.data.wrong = session.data.wrong or text
end

-- handle does what a handler does, if it is its turn.
local function handle(session, kind, turns)
  local data = session.data
  if data.busy then wrong(session, kind .. " within " .. data.busy) end
  if data.over then wrong(session, kind .. " after logout") end
  data.busy = kind
  for _ = 1, turns do
    spectrum.sleep(0)
    if data.busy ~= kind then wrong(session, kind .. " and " .. tostring(data.busy) .. " at the same time") end
  end
  data.busy = nil
end

local function message(session, m)
  local turns, life, number = (m.message or m.status_message):match("^(%d+) (%d+) (%d+)$")
  local data = session.data
  handle(session, "message " .. number, tonumber(turns))
  if life ~= session.legacy_name then wrong(session, "a message of life " .. life) end
  if tonumber(number) ~= data.last + 1 then wrong(session, number .. " comes after " .. data.last) end
  data.last = tonumber(number)
  if m.message then session:conv_message { buddy_name = life, message = number } end
end

local on = {}

function on.login(session)
  if next(session.data) then wrong(session, "somebody else's data") end
  session.data.last = 0
  spectrum.send("query", { config = "in " .. session.user .. " " .. session.legacy_name })
  handle(session, "login", #session.user % 3)
  session:connected()
end

on.conv_message, on.status_changed = message, message

function on.reload(session)
  if session then handle(session, "reload", 1) end
end

function on.logout(session)
  handle(session, "logout", 1)
  session.data.over = true
  spectrum.send("query", { config = ("out %s %s %d %s"):format(session.user, session.legacy_name, session.data.last, session.data.wrong or "fine") })
end

return on`

// lives lets users log in, write and log out, one step for each byte of the data. It
// checks the script's reports.
type lives struct {
	t     *testing.T
	st    *luatest.Fixture
	round int
	users [4]struct{ life, sent int } // life 0: not logged in
	count int                         // of logins
	want  map[string]bool             // the expected reports of logouts
}

func (l *lives) name(u int) string { return fmt.Sprintf("user%d.%d@localhost", u, l.round) }

func (l *lives) receive(name string, m proto.Message) {
	payload, err := proto.Marshal(m)
	if err != nil {
		l.t.Fatal(err)
	}
	l.st.Host.Sessions().Receive(context.Background(), luatest.Type(name), payload, nil)
}

func (l *lives) login(u int) {
	l.count++
	l.users[u].life, l.users[u].sent = l.count, 0
	l.receive("login", &pb.Login{User: proto.String(l.name(u)), LegacyName: proto.String(fmt.Sprint(l.count)), Password: proto.String("")})
}

func (l *lives) logout(u int) {
	user := &l.users[u]
	l.want[fmt.Sprintf("%s %d %d fine", l.name(u), user.life, user.sent)] = true
	l.receive("logout", &pb.Logout{User: proto.String(l.name(u)), LegacyName: proto.String(fmt.Sprint(user.life))})
	user.life = 0
}

func (l *lives) write(u, turns int, status bool) {
	user := &l.users[u]
	user.sent++
	name, text := proto.String(l.name(u)), proto.String(fmt.Sprintf("%d %d %d", turns, user.life, user.sent))
	if status {
		l.receive("status_changed", &pb.Status{UserName: name, Status: pb.StatusType_STATUS_TYPE_AWAY.Enum(), StatusMessage: text})
		return
	}
	l.receive("conv_message", &pb.ConversationMessage{UserName: name, BuddyName: proto.String("b"), Message: text})
}

func (l *lives) step(b byte) {
	u := int(b & 3)
	switch action := b >> 2 & 15; {
	case b == 0xff:
		if err := l.st.Host.Load(); err != nil {
			l.t.Error(err)
		}
	case l.users[u].life == 0:
		l.login(u)
	case action == 0:
		l.logout(u)
	case action == 1: // both at once, as Spectrum does
		l.logout(u)
		l.login(u)
	default:
		l.write(u, int(action)%4, action > 10)
	}
}

// check logs all users out and checks the reports. A session that was logged out before
// on.login never begins.
func (l *lives) check() {
	for u := range l.users {
		if l.users[u].life != 0 {
			l.logout(u)
		}
		l.login(u) // when this one is answered, all before it are over
		l.write(u, 0, false)
	}
	last := l.users
	answered := map[string]int{}
	begun := map[string]bool{}
	for waiting := len(last); waiting > 0; {
		typ, payload, ok := l.st.Sent.Any()
		if !ok {
			l.t.Fatalf("the script reports nothing more, %d sessions are left", waiting)
		}
		switch typ {
		case pb.WrapperMessage_TYPE_QUERY:
			var q pb.BackendConfig
			if err := proto.Unmarshal(payload, &q); err != nil {
				l.t.Fatal(err)
			}
			l.heard(begun, q.GetConfig())
		case pb.WrapperMessage_TYPE_CONV_MESSAGE:
			var m pb.ConversationMessage
			if err := proto.Unmarshal(payload, &m); err != nil {
				l.t.Fatal(err)
			}
			l.answer(answered, &m)
			for u := range last {
				if m.GetUserName() == l.name(u) && m.GetBuddyName() == fmt.Sprint(last[u].life) {
					waiting--
				}
			}
		}
	}
	if len(begun) != len(last) {
		l.t.Errorf("sessions without an end: %v", begun)
	}
	for u := range last {
		l.logout(u)
	}
	if log := l.st.Log.String(); strings.Contains(log, "error ") {
		l.t.Errorf("the log has %s", log)
	}
	l.st.Log.Reset()
}

// heard notes the begin or the end of a session.
func (l *lives) heard(begun map[string]bool, text string) {
	if !strings.Contains(text, fmt.Sprintf(".%d@", l.round)) {
		return // the end of the previous round
	}
	if session, in := strings.CutPrefix(text, "in "); in {
		begun[session] = true
		return
	}
	end := strings.TrimPrefix(text, "out ")
	if !l.want[end] {
		l.t.Fatalf("got %q, want one of %v", end, l.want)
	}
	delete(l.want, end)
	delete(begun, strings.Join(strings.Fields(end)[:2], " "))
}

// answer checks that answers come in order.
func (l *lives) answer(answered map[string]int, m *pb.ConversationMessage) {
	var number int
	_, _ = fmt.Sscan(m.GetMessage(), &number)
	key := m.GetUserName() + " " + m.GetBuddyName()
	if number <= answered[key] {
		l.t.Fatalf("%s got answer %d after %d", key, number, answered[key])
	}
	answered[key] = number
}

// FuzzOrder sends the messages of several users in any order that is possible with
// Spectrum. The messages of each user are handled one after the other, in order, between
// their on.login and on.logout, and never in another session.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 8, 9, 10, 11, 8, 44, 48, 0, 0})
	f.Add([]byte{0, 12, 12, 12, 4, 12, 12, 4, 4, 0, 0, 255, 12, 0})
	f.Add([]byte(strings.Repeat("\x0c\x0d\x30\x31\xff\x04\x05", 10)))
	st := luatest.Start(f, orderScript, "logout_grace = 60")
	round := 0
	f.Fuzz(func(t *testing.T, data []byte) {
		round++
		l := &lives{t: t, st: st, round: round, want: map[string]bool{}}
		loads := 0
		for _, b := range data[:min(len(data), 120)] {
			if b == 0xff {
				if loads++; loads > 1 {
					continue
				}
			}
			l.step(b)
		}
		l.check()
	})
}

package luabind_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/pb"
)

// loaded is a script whose users talk, wait, and read lines of a network, each in a task
// that the next generation replaces by name. Each answer has the generations that took
// part in it.
func loaded(n int, server string) string {
	return fmt.Sprintf(`
local spectrum, net = require "spectrum", require "spectrum.net"
local generation = %d
local function here() return generation end
local on = {}
local function reader(session)
  session:spawn("reader", function()
    while true do
      local line = session.data.conn:read_line()
      if not line then return end
      session:conv_message { buddy_name = "line", message = line .. " " .. here() }
    end
  end)
end
function on.login(session)
  session.data.conn = assert(net.connect %q)
  session.data.ticks = 0
  session:every("tick", 0.002, function() session.data.ticks = session.data.ticks + 1 end)
  session:connected()
  reader(session)
end
function on.conv_message(session, m)
  local before = generation
  if m.message:find "5$" then spectrum.sleep(0.0005) end
  session.data.conn:write(m.message, "\n")
  session:conv_message { buddy_name = "said", message = m.message .. " " .. before .. " " .. here() }
end
function on.reload(session)
  if session then reader(session) end
end
function on.logout(session) spectrum.send("query", { config = tostring(session.data.ticks > 0) }) end
return on`, n, server)
}

// lineServer sends back and counts each line that it receives.
func lineServer(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	t.Cleanup(func() { ln.Close(); conns.Wait() })
	conns.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close()
				for lines := bufio.NewReader(conn); ; {
					line, err := lines.ReadString('\n')
					if err != nil {
						return
					}
					_, _ = conn.Write([]byte(line))
				}
			})
		}
	})
	return ln.Addr().String()
}

// TestReloadUnderLoad reloads a script 200 times while many users write. One generation
// handles each message from its beginning to its end. Each message is answered once and
// in order, and each line of a connection is handled once and in order. No user is logged
// out, and timers continue.
func TestReloadUnderLoad(t *testing.T) {
	const users, inFlight = 20, 20
	reloads := 200
	if race.Enabled {
		reloads = 40
	}
	server := lineServer(t)
	st := luatest.Start(t, loaded(1, server))
	name := func(u int) string { return fmt.Sprintf("user%d@localhost", u) }
	for u := range users {
		st.Login(name(u))
	}
	for range users {
		st.Expect("connected", nil)
	}
	stop := make(chan struct{})
	sent := make([]int, users)
	heard := newAnswers(users)
	var talking sync.WaitGroup
	for u := range users {
		talking.Go(func() {
			for ; ; sent[u]++ {
				select {
				case <-stop:
					return
				default:
				}
				heard.await(u, sent[u]-inFlight)
				user, text := name(u), strconv.Itoa(sent[u])
				st.Receive("conv_message", &pb.ConversationMessage{UserName: &user, BuddyName: proto.String("b"), Message: &text})
			}
		})
	}
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		heard.listen(t, st)
	}()
	for n := 2; n <= reloads+1; n++ {
		st.Write("script.lua", loaded(n, server))
		if err := st.Host.Load(); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	talking.Wait()
	for u := range users {
		heard.await(u, sent[u])
	}
	for u := range users {
		st.Logout(name(u))
	}
	<-listening
	total := 0
	for u := range users {
		total += sent[u]
		if heard.said[u] != sent[u] || heard.lines[u] != sent[u] {
			t.Errorf("%s wrote %d messages, got %d answers and %d lines", name(u), sent[u], heard.said[u], heard.lines[u])
		}
	}
	t.Logf("%d messages, answered by %d generations", total, len(heard.generations))
	if total < reloads || len(heard.generations) < reloads/10 {
		t.Errorf("the load was too small: %d messages, %d generations", total, len(heard.generations))
	}
	for _, word := range []string{"error ", "warning "} {
		if strings.Contains("\x00"+st.Log.String(), "\x00"+word) {
			t.Error("the log has warnings or errors")
		}
	}
}

// answers has the answers to each user.
type answers struct {
	mu          sync.Mutex
	more        *sync.Cond
	said, lines []int
	generations map[string]bool
	dead        bool // the script sends nothing any more
}

func newAnswers(users int) *answers {
	a := &answers{said: make([]int, users), lines: make([]int, users), generations: map[string]bool{}}
	a.more = sync.NewCond(&a.mu)
	return a
}

// await waits until a user has received that many answers and lines.
func (a *answers) await(u, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.dead && (a.said[u] < n || a.lines[u] < n) {
		a.more.Wait()
	}
}

// listen reads the script's messages until each user has received the last answer.
func (a *answers) listen(t *testing.T, st *luatest.Fixture) {
	for gone := 0; gone < len(a.said); {
		typ, payload, ok := st.Sent.Any()
		if !ok {
			t.Error("the script sends nothing any more")
			a.mu.Lock()
			a.dead = true
			a.mu.Unlock()
			a.more.Broadcast()
			return
		}
		switch typ {
		case pb.WrapperMessage_TYPE_CONV_MESSAGE:
			a.note(t, payload)
		case pb.WrapperMessage_TYPE_QUERY:
			var q pb.BackendConfig
			if err := proto.Unmarshal(payload, &q); err != nil || q.GetConfig() != "true" {
				t.Errorf("a timer has not run: %v, %v", &q, err)
			}
			gone++
		default:
			t.Errorf("%v was sent", typ)
		}
	}
}

func (a *answers) note(t *testing.T, payload []byte) {
	var m pb.ConversationMessage
	if err := proto.Unmarshal(payload, &m); err != nil {
		t.Error(err)
	}
	var u int
	if _, err := fmt.Sscanf(m.GetUserName(), "user%d@", &u); err != nil {
		t.Error(err)
	}
	words := strings.Fields(m.GetMessage())
	a.mu.Lock()
	defer a.mu.Unlock()
	count := &a.lines[u]
	if m.GetBuddyName() == "said" {
		count = &a.said[u]
		a.generations[words[1]] = true
		if words[1] != words[2] {
			t.Errorf("two generations have made %q", m.GetMessage())
		}
	}
	if words[0] != strconv.Itoa(*count) {
		t.Errorf("user %d got %q of %s as number %d", u, m.GetMessage(), m.GetBuddyName(), *count)
	}
	*count++
	a.more.Broadcast()
}

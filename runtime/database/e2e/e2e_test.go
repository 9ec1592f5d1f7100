//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/database/e2e/dbserver"
)

const alice = "alice@example.net"

// patience limits each wait.
const patience = time.Minute

// servers are the servers that run while the tests do.
var servers []*dbserver.Server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	root := os.Getenv("E2E_DATABASES")
	if root == "" {
		fmt.Println("E2E_DATABASES is not set: run.sh sets it")
		return 1
	}
	lock, err := dbserver.Lock(root)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer lock.Close()
	for _, k := range dbserver.Kinds {
		s, err := dbserver.New(k, root)
		if s != nil {
			servers = append(servers, s)
			defer s.Remove()
		}
		if err == nil {
			err = s.Start()
		}
		if err != nil {
			fmt.Printf("%s does not start: %v\n", k.Name, err)
			return 1
		}
	}
	return m.Run()
}

// TestSuitesPassOnServers runs on these servers the tests that otherwise run only on
// SQLite.
func TestSuitesPassOnServers(t *testing.T) {
	for _, pkg := range []string{"./runtime/database", "./runtime/store", "./runtime/gateway/users", "./luabind/modules/sql", "./luabind/modules/store"} {
		t.Run(pkg, func(t *testing.T) {
			cmd := exec.Command("go", "test", "-count=1", "-v", pkg)
			cmd.Dir = "../../.."
			cmd.Env = append(os.Environ(), "STORE_MILLION=1")
			for _, s := range servers {
				cmd.Env = append(cmd.Env, databasetest.Variables[s.Kind.Name]+"="+s.URL())
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, s := range servers {
				n := strings.Count(string(out), "/"+s.Kind.Name+" (")
				t.Logf("%d tests on %s", n, s.Kind.Name)
				if n == 0 {
					t.Errorf("no test has run on %s", s.Kind.Name)
				}
			}
		})
	}
}

// script does what a message asks for, and answers with the value and the error.
const script = `
local spectrum = require "spectrum"
local sql = require "spectrum.sql"
local store = spectrum.store()
local other = assert(sql.open(spectrum.config.get("lua.store"), { timeout = 1, owner = spectrum }))
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  local value, why
  if m.message == "sql" then
    value, why = sql.query("SELECT 1 AS one")
    value = value and value[1].one
  elseif m.message == "impatient" then
    value, why = other:query("SELECT 1 AS one")
    value = value and value[1].one
  elseif m.message == "transaction" then
    value, why = store:transaction(function() return store:increment("n") end)
  else
    value, why = store:increment("n")
  end
  session:conv_message { buddy_name = "b", message = tostring(value) .. " " .. tostring(why) }
end
return on`

type stage struct {
	*luatest.Fixture
	t *testing.T
}

func newStage(t *testing.T, s *dbserver.Server) stage {
	t.Helper()
	place := databasetest.Server(t, s.URL())
	st := luatest.Start(t, script, "store="+s.URL(), "[database]", "prefix="+place.Prefix)
	st.Login(alice)
	return stage{st, t}
}

// says sends a message, and expects an answer that begins with want.
func (s stage) says(message, want string) {
	s.t.Helper()
	s.Say(alice, "b", message)
	got := s.said()
	if !strings.HasPrefix(got, want) {
		s.t.Fatalf("after %q: %q, want %q", message, got, want)
	}
	if strings.Contains(got, dbserver.Password) {
		s.t.Errorf("the password is shown: %s", got)
	}
}

func each(t *testing.T, test func(t *testing.T, s *dbserver.Server)) {
	for _, s := range servers {
		t.Run(s.Kind.Name, func(t *testing.T) {
			if !s.Running() { // an earlier test failed before it restarted the server
				if err := s.Start(); err != nil {
					t.Fatal(err)
				}
			}
			test(t, s)
		})
	}
}

// TestStoppedServerIsReportedAndReconnected stops the server in order, and then kills
// it.
func TestStoppedServerIsReportedAndReconnected(t *testing.T) {
	each(t, func(t *testing.T, s *dbserver.Server) {
		st := newStage(t, s)
		n := 0
		for _, signal := range []syscall.Signal{s.Kind.Stop, syscall.SIGKILL} {
			for range 3 {
				n++
				st.says("increment", strconv.Itoa(n)+" nil")
			}
			s.End(signal)
			for _, message := range []string{"increment", "transaction", "sql"} {
				st.says(message, "nil "+s.Kind.Scheme+"://127.0.0.1:"+s.Port+"/"+s.Kind.Database+" cannot be reached: ")
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			n++
			st.says("increment", strconv.Itoa(n)+" nil") // nothing acknowledged is lost
			n++
			st.says("transaction", strconv.Itoa(n)+" nil")
			st.says("sql", "1 nil")
		}
	})
}

// TestRestartBetweenCallsIsNotNoticed breaks connections while they are idle.
func TestRestartBetweenCallsIsNotNoticed(t *testing.T) {
	each(t, func(t *testing.T, s *dbserver.Server) {
		st := newStage(t, s)
		for i := range 6 {
			message := []string{"increment", "transaction"}[i%2]
			st.says(message, strconv.Itoa(i+1)+" nil")
			s.End(s.Kind.Stop)
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestFrozenServerTimesOut uses a server that neither answers nor closes connections.
func TestFrozenServerTimesOut(t *testing.T) {
	each(t, func(t *testing.T, s *dbserver.Server) {
		st := newStage(t, s)
		st.says("increment", "1 nil")
		st.says("impatient", "1 nil")
		s.Freeze(t)
		st.says("impatient", "nil timeout")
		s.Thaw()
		st.says("impatient", "1 nil")
		st.says("increment", "2 nil")
	})
}

// TestKilledServerKeepsAcknowledgedWrites kills the server while four processes write.
func TestKilledServerKeepsAcknowledgedWrites(t *testing.T) {
	each(t, func(t *testing.T, s *dbserver.Server) {
		const writers = 4
		var stages []stage
		for range writers {
			stages = append(stages, newStage(t, s))
		}
		counts := make([]int, writers)
		var running sync.WaitGroup
		half := make(chan struct{}, writers)
		for i, st := range stages {
			running.Go(func() {
				for n := 0; ; n++ {
					st.Say(alice, "b", "increment")
					if got := st.said(); !strings.HasSuffix(got, " nil") {
						return
					}
					counts[i]++
					if n == 20 {
						half <- struct{}{}
					}
				}
			})
		}
		for range writers {
			select {
			case <-half:
			case <-time.After(patience):
				t.Fatal("the scripts do not write")
			}
		}
		s.End(syscall.SIGKILL)
		running.Wait()
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		for i, st := range stages {
			st.Say(alice, "b", "increment")
			n, _ := strconv.Atoi(strings.TrimSuffix(st.said(), " nil"))
			// The server may have written one more without having answered.
			if n != counts[i]+1 && n != counts[i]+2 {
				t.Errorf("%d writes were acknowledged, and the next one returned %d", counts[i], n)
			}
		}
	})
}

// said waits for the script's next answer. It is safe for concurrent use.
func (s stage) said() string {
	var m pb.ConversationMessage
	s.Expect("conv_message", &m)
	return m.GetMessage()
}

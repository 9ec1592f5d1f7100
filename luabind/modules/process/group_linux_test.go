package process_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// TestGroupDiesWithItsOwner starts a program that starts another: both are
// gone after the logout.
func TestGroupDiesWithItsOwner(t *testing.T) {
	st := luatest.Start(t, `
local spectrum, process = require "spectrum", require "spectrum.process"
local on = {}
function on.login(session)
  local p = assert(process.start{ "sh", "-c", "sleep 1000 & echo $!; wait" })
  spectrum.send("query", { config = p.pid .. " " .. p:read_line() })
  session:spawn(function()
    spectrum.spawn(function() p:wait(); spectrum.send("query", { config = "gone" }) end)
    spectrum.sleep(1000)
  end)
end
return on`)
	st.Login("alice@localhost")
	dead := watch(t, st.Query())
	st.Logout("alice@localhost")
	st.ExpectQuery("gone")
	dead()
}

// TestGroupDiesWithItsProgram starts a program that leaves another behind: that
// ends too, and what it wrote can still be read.
func TestGroupDiesWithItsProgram(t *testing.T) {
	st := luatest.Start(t, `
local spectrum, process = require "spectrum", require "spectrum.process"
local on = {}
function on.login(session)
  local p = assert(process.start{ "sh", "-c", "sleep 1000 & echo $!; echo done; read line" })
  spectrum.send("query", { config = p:read_line() })
  session.data.p = p
end
function on.conv_message(session)
  local p = session.data.p
  p:close_input()
  assert(p:wait() == 1)
  assert(p:read_line() == "done" and select(2, p:read_line()) == "the program has closed it")
  spectrum.send("query", { config = "ended" })
end
return on`)
	st.Login("alice@localhost")
	dead := watch(t, st.Query())
	st.Say("alice@localhost", "b", "end")
	st.ExpectQuery("ended")
	dead()
}

// TestProgramDiesWithAKilledBackend runs this test in a process of its own, which
// is killed without a word.
func TestProgramDiesWithAKilledBackend(t *testing.T) {
	const role = "BACKEND_TO_KILL"
	if os.Getenv(role) != "" {
		st := luatest.Start(t, `
local spectrum, process = require "spectrum", require "spectrum.process"
spectrum.send("query", { config = tostring(assert(process.start{ "sleep", "1000" }).pid) })
return {}`)
		fmt.Println(st.Query())
		select {}
	}
	backend := exec.Command(os.Args[0], "-test.run=^TestProgramDiesWithAKilledBackend$")
	backend.Env = append(os.Environ(), role+"=1", "TMPDIR="+t.TempDir()) // which it cannot tidy up
	out, err := backend.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := backend.Start(); err != nil {
		t.Fatal(err)
	}
	pid, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Error(err)
	}
	dead := watch(t, pid)
	backend.Process.Kill()
	backend.Wait()
	dead()
}

// watch takes the numbers of processes that live. The function that it returns
// waits for their end.
func watch(t *testing.T, pids string) (dead func()) {
	t.Helper()
	var ends []unix.PollFd
	for _, text := range strings.Fields(pids) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		ends = append(ends, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	return func() {
		t.Helper()
		for i := range ends {
			if n, err := unix.Poll(ends[i:i+1], 10_000); n != 1 {
				t.Errorf("process %d of %q lives (%v)", i+1, pids, err)
			}
		}
	}
}

package process_test

import (
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"spectrumlua/luabind/luatest"
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
	pids := strings.Fields(st.Query())
	var ends []unix.PollFd
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		ends = append(ends, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	st.Logout("alice@localhost")
	if got := st.Query(); got != "gone" {
		t.Fatalf("got %q", got)
	}
	for i := range ends {
		if n, err := unix.Poll(ends[i:i+1], 10_000); n != 1 {
			t.Errorf("process %s lives (%v)", pids[i], err)
		}
	}
}

package main

import (
	"strings"
	"syscall"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// A handler fills a table endlessly. All users receive a message, and the exit code is
// ENOMEM.
func TestMemoryLimitStopsTheProcess(t *testing.T) {
	p, b := startUnder(t, folder(t, `
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  local t = {}
  while true do t[#t + 1] = ("x"):rep(100000) .. #t end
end
return on`, "memory_limit = 128M"))
	alice := b.Login("alice@localhost", "alice", "pw")
	bob := b.Login("bob@localhost", "bob", "pw")
	bob.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	alice.Say("b", "eat")
	told := simulator.Match(func(d *pb.Disconnected) bool {
		return d.GetError() == pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR && strings.Contains(d.GetMessage(), "memory_limit")
	})
	alice.Expect(pb.WrapperMessage_TYPE_DISCONNECTED, told)
	bob.Expect(pb.WrapperMessage_TYPE_DISCONNECTED, told)
	if code := exitCode(t, p); code != int(syscall.ENOMEM) {
		t.Errorf("exit code %d, want ENOMEM", code)
	}
	for _, want := range []string{"near the limit of 128 MiB", "over the limit of 128 MiB"} {
		if !strings.Contains(p.Output(), want) {
			t.Errorf("%q is missing from the log", want)
		}
	}
}

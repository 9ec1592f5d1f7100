package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-dap"

	"spectrumlua/luabind/debugger/dap/daptest"
	"spectrumlua/pb"
)

// TestDebugAttachesToARunningTransport names the process in the ways of editors.
func TestDebugAttachesToARunningTransport(t *testing.T) {
	s := openLive(t, liveScript, "debug = 1")
	alice, err := s.Spectrum.Login("alice@localhost", "alice", "secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	pid := fmt.Sprint(os.Getpid())
	for _, c := range []struct {
		args   []string
		attach daptest.Object
	}{
		{nil, daptest.Object{"config": s.cfg}},
		{nil, daptest.Object{"config": s.cfg, "pid": os.Getpid()}},
		{[]string{"other.cfg", "--pid", "1"}, daptest.Object{"config": s.cfg, "pid": pid}},
		{[]string{s.cfg, "--pid", pid}, nil},
	} {
		e, adapter := startDebug(t, c.args...)
		if set := e.Begin("attach", c.attach, filepath.Join(s.folder, "live.lua"), daptest.Object{"line": 4}); len(set) != 1 || !set[0].Verified {
			t.Fatalf("%+v", set)
		}
		if err := alice.Say("bob", "hello"); err != nil {
			t.Fatal(err)
		}
		stop := daptest.Next[*dap.StoppedEvent](e).Body
		if frames := e.Stack(stop.ThreadId); len(frames) != 1 || frames[0].Name != "on.conv_message" || frames[0].Line != 4 {
			t.Errorf("%+v", frames)
		}
		s.expect(0, `.* ok, debugged by \S+, since \d\d:\d\d:\d\d\n`, "ps", s.cfg)
		daptest.Answer[*dap.DisconnectResponse](e, "disconnect", nil)
		e.End()
		if err := adapter.Wait(); err != nil {
			t.Error(err)
		}
		if _, err := alice.Expect(t.Context(), pb.WrapperMessage_TYPE_CONV_MESSAGE, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDebugSaysWhyItCannotAttach(t *testing.T) {
	s := openLive(t, liveScript)
	e, _ := startDebug(t)
	e.Ask("initialize", nil)
	refused := func(arguments daptest.Object, want string) {
		t.Helper()
		if got := e.Refused("attach", arguments); !strings.Contains(got, want) {
			t.Errorf("%v: %q", arguments, got)
		}
	}
	refused(nil, "config or address is missing")
	refused(daptest.Object{"config": s.cfg, "pid": "x"}, "the arguments are wrong")
	refused(daptest.Object{"config": s.cfg, "pid": -1}, "pid: the number of a process expected, got -1")
	refused(daptest.Object{"config": s.cfg, "pid": 1}, "live.cfg has no process 1")
	refused(daptest.Object{"config": s.cfg}, `live.cfg:5: add the line "debug = 1" after it`)
	refused(daptest.Object{"config": s.cfg + "x"}, "does not exist")
	_ = s.Close()
	refused(daptest.Object{"config": s.cfg}, "no process of live.localhost runs")
}

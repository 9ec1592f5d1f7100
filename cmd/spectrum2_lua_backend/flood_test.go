package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
)

// TestFloodsDoNotRollTheLogOver causes many log lines under Debian's logging. The first
// lines must remain in the log.
func TestFloodsDoNotRollTheLogOver(t *testing.T) {
	many := 10000
	if n, err := strconv.Atoi(os.Getenv("FLOOD")); err == nil {
		many = n // FLOOD=100000 to measure
	}
	floods := []struct {
		name string
		send func(b *simtest.Backend, u *simtest.User, i int)
	}{
		{"a handler that raises", func(_ *simtest.Backend, u *simtest.User, _ int) { u.Say("b", "boom") }},
		{"a handler that prints", func(_ *simtest.Backend, u *simtest.User, _ int) { u.Say("b", "print") }},
		{"LOGINs of one user", func(b *simtest.Backend, _ *simtest.User, _ int) {
			b.Send(pb.WrapperMessage_TYPE_LOGIN, &pb.Login{User: proto.String("bob@localhost"), LegacyName: proto.String("bob"), Password: proto.String("hunter2")})
		}},
		{"messages for absent users", func(b *simtest.Backend, _ *simtest.User, i int) {
			b.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: proto.String(fmt.Sprint(i, "@localhost")), BuddyName: proto.String("b"), Message: proto.String("x")})
		}},
	}
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			dir := t.TempDir()
			logging := filepath.Join(dir, "logging.cfg")
			write(t, logging, "log4j.rootLogger=debug, R\nlog4j.appender.R=RollingFileAppender\nlog4j.appender.R.File="+dir+"/backend.log\nlog4j.appender.R.MaxFileSize=10000KB\n")
			config := folder(t, `
local on = {}
function on.login(session, m)
  session:connected()
end
function on.conv_message(session, m)
  if m.message == "print" then print("a line") else error("a mistake of the script") end
end
return on`, "[logging]", "backend_config = "+logging)
			p, b := startUnder(t, config)
			b.Tolerate()
			u := b.Login("alice@localhost", "alice", "hunter2")
			u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			for i := range many {
				f.send(b, u, i)
				if i%1000 == 0 {
					b.Ping()
				}
			}
			b.Ping()
			b.Exit()
			if code := exitCode(t, p); code != 0 {
				t.Errorf("exit code %d", code)
			}
			text, err := os.ReadFile(filepath.Join(dir, "backend.log"))
			must(t, err)
			t.Logf("%d: %d bytes, %d lines", many, len(text), strings.Count(string(text), "\n"))
			if len(text) > 1<<20 {
				t.Errorf("the log has %d bytes", len(text))
			}
			for _, want := range []string{"generation 1", "logged in took=", "similar lines are left out", "backend: ended"} {
				if !strings.Contains(string(text), want) {
					t.Errorf("%q is missing from\n%.2000s", want, text)
				}
			}
		})
	}
}

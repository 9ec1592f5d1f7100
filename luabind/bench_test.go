package luabind_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/luabind"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// echoes counts the messages of a script and drops them.
type echoes struct{ sent chan struct{} }

func (e *echoes) Send(typ pb.WrapperMessage_Type, _ []byte) error {
	if typ == pb.WrapperMessage_TYPE_CONV_MESSAGE {
		e.sent <- struct{}{}
	}
	return nil
}

func (e *echoes) Full() bool { return false }

func (e *echoes) WaitCapacity(context.Context) error { return nil }

// BenchmarkEcho measures a message and its echo without frames and sockets: from
// session.Receive to the sender.
func BenchmarkEcho(b *testing.B) {
	dir := b.TempDir()
	cfg, err := config.Parse(dir+"/bench.cfg", []byte("[service]\njid=lua.localhost\n[lua]\nscript=script.lua\n"), config.Options{
		Overrides: []config.Override{{Key: "service.working_dir", Value: dir}},
	})
	if err != nil {
		b.Fatal(err)
	}
	settings, err := cfg.Settings()
	if err != nil {
		b.Fatal(err)
	}
	err = os.WriteFile(dir+"/script.lua", []byte(`
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
end
return on`), 0o600)
	if err != nil {
		b.Fatal(err)
	}
	logger := logrus.New()
	logger.SetLevel(logrus.ErrorLevel)
	scheduler := task.New(task.Options{Run: settings.HandlerTimeout})
	defer scheduler.Close()
	const inFlight = 256
	e := &echoes{sent: make(chan struct{}, inFlight)}
	host := luabind.New(b.Context(), luabind.Options{Config: cfg, Settings: settings, Scheduler: scheduler, Link: e, Log: logger})
	if err := host.Load(); err != nil {
		b.Fatal(err)
	}
	defer host.Sessions().Exit(b.Context(), session.Message{Type: schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)})
	receive := func(typ string, m proto.Message) {
		payload, err := proto.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		host.Sessions().Receive(b.Context(), schema.TypeByName(typ), payload, nil)
	}
	user := "alice@localhost"
	receive("login", &pb.Login{User: &user, LegacyName: proto.String("alice"), Password: proto.String("")})
	payload, err := proto.Marshal(&pb.ConversationMessage{
		UserName: &user, BuddyName: proto.String("echo"), Message: proto.String(strings.Repeat("x", 64)),
	})
	if err != nil {
		b.Fatal(err)
	}
	typ := schema.TypeByName("conv_message")
	b.ReportAllocs()
	b.ResetTimer()
	waiting := 0
	for range b.N {
		host.Sessions().Receive(b.Context(), typ, payload, nil)
		if waiting++; waiting == inFlight {
			for ; waiting > 0; waiting-- {
				<-e.sent
			}
		}
	}
	for ; waiting > 0; waiting-- {
		<-e.sent
	}
}

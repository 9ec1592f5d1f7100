package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
	"spectrumlua/cmd/spectrum2-lua/devkit/commandtest"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"spectrum2-lua": main,
		backendName:     func() { os.Exit(backend(os.Getenv("BACKEND"))) },
	})
}

func TestScripts(t *testing.T) { commandtest.Run(t) }

// backend plays the real backend. kind names its fault; a backend of the kind ""
// echoes.
func backend(kind string) int {
	fmt.Fprintf(os.Stderr, "config is %s\x1b[31m\n", os.Args[len(os.Args)-1])
	if kind == "no script" {
		fmt.Fprintln(os.Stderr, "there is no script")
		return 22
	}
	conn, err := baseline.Dial(os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 111
	}
	if spoilt := spoilers[kind]; spoilt != nil {
		return spoilt(conn)
	}
	if err := baseline.Serve(conn); err != nil {
		return 1
	}
	return 0
}

var spoilers = map[string]func(net.Conn) int{
	"exit code": func(conn net.Conn) int { _ = baseline.Serve(conn); return 7 },
	"mute": func(conn net.Conn) int {
		_, _ = io.Copy(io.Discard, conn) // otherwise the garbage collector would close the connection
		return 0
	},
	"dies": func(conn net.Conn) int {
		_, _ = conn.Read(make([]byte, 100))
		fmt.Fprintln(os.Stderr, "panic: oh no")
		return 131
	},
	"refuses": instead(pb.WrapperMessage_TYPE_LOGIN, pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{
		User: proto.String(demoUser), Error: pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS.Enum(), Message: proto.String("echo.lua:7: no"),
	}),
	"other text": instead(pb.WrapperMessage_TYPE_CONV_MESSAGE, pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
		UserName: proto.String(demoUser), BuddyName: proto.String("echo"), Message: proto.String("hm"),
	}),
	"more text": instead(pb.WrapperMessage_TYPE_CONV_MESSAGE, pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
		UserName: proto.String(demoUser), BuddyName: proto.String("echo"), Message: proto.String("You wrote: " + demoText),
	}),
	"rude": instead(pb.WrapperMessage_TYPE_LOGOUT, pb.WrapperMessage_TYPE_FT_START, nil),
}

// instead is a backend that answers messages of one type with answer and message. It
// forwards all other messages to baseline.Serve.
func instead(of, answer pb.WrapperMessage_Type, message proto.Message) func(net.Conn) int {
	return func(conn net.Conn) int {
		near, far := net.Pipe()
		go func() { _ = baseline.Serve(far); _ = far.Close() }()
		go func() {
			frames := wire.NewReader(conn, 0)
			for {
				bytes, err := frames.Next()
				if err != nil {
					_ = near.Close()
					return
				}
				if f := simulator.Decode(simulator.ToBackend, bytes); f.Type == of {
					var payload []byte
					if message != nil {
						payload, _ = proto.Marshal(message)
					}
					_, _ = conn.Write(simulator.AppendFrame(nil, answer, payload))
					continue
				}
				_, _ = near.Write(append(wire.AppendHeader(nil, len(bytes)), bytes...))
			}
		}()
		buf := make([]byte, 4096)
		for {
			n, err := near.Read(buf)
			if err != nil {
				return 0
			}
			_, _ = conn.Write(buf[:n])
		}
	}
}

func TestOnlyATerminalHasColours(t *testing.T) {
	if wantsColour(&strings.Builder{}) {
		t.Error("a buffer has colours")
	}
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if wantsColour(file) {
		t.Error("a file has colours")
	}
	if got := (&terminal{}).paint(red, "x"); got != "x" {
		t.Errorf("without colours the text is %q", got)
	}
	if got := (&terminal{colour: true}).paint(red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("with colours the text is %q", got)
	}
}

func TestPrintableReplacesControlCharacters(t *testing.T) {
	if got := printable("a\tb\x1b[2J\x07 ü\u202e\xff"); got != "a\tb\uFFFD[2J\uFFFD ü\uFFFD\uFFFD" {
		t.Errorf("got %q", got)
	}
}

func TestEveryCommandHasAShortHelp(t *testing.T) {
	root := newRoot(newTerminal(new(strings.Builder), new(strings.Builder)))
	for _, cmd := range root.Commands() {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: the short help is %q", cmd.Name(), cmd.Short)
		}
	}
}

// full is a file on a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestLostOutputIsAnError(t *testing.T) {
	var problems strings.Builder
	if code := run(t.Context(), []string{"version"}, full{}, &problems); code != exitFailed ||
		problems.String() != "spectrum2-lua: the output is not complete: no space left on device\n" {
		t.Errorf("exit code %d: %s", code, &problems)
	}
}

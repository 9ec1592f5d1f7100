package record

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged collects the log.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() logrus.FieldLogger {
	logger := logrus.New()
	logger.SetOutput(io.Writer(l))
	return logger
}

// options returns options for a record in the test's folder, and its log.
func options(t *testing.T) (Options, *logged) {
	log := &logged{}
	return Options{
		Path:   filepath.Join(t.TempDir(), "record.jsonl"),
		Log:    log.logger(),
		Header: Header{Version: "0", JID: "lua.localhost", PID: 1, Script: "/x.lua"},
	}, log
}

func open(t *testing.T, o Options) *Recorder {
	t.Helper()
	r, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func load(t *testing.T, path string) []Run {
	t.Helper()
	runs, err := Read("record.jsonl", strings.NewReader(content(t, path)))
	if err != nil {
		t.Fatalf("%v in\n%s", err, content(t, path))
	}
	return runs
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	payload, err := proto.MarshalOptions{AllowPartial: true}.MarshalAppend([]byte{}, m)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

const alice = "alice@localhost"

func login(t *testing.T, password string) []byte {
	return marshal(t, &pb.Login{
		User: proto.String(alice), LegacyName: proto.String("bob"), Password: proto.String(password),
		ExtraFields: []string{"hunter3", ""},
		Settings: &pb.UserSettings{Value: map[string]string{
			"stay_connected": "0", "irc.password": "hunter4", "proxy": "http://u:hunter5@proxy", "empty_token": ""}},
	})
}

func says(t *testing.T, text string) []byte {
	return marshal(t, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("nickserv"), Message: proto.String(text)})
}

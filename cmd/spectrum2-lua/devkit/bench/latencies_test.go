package bench

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
	"spectrumlua/pb"
)

func echoOf(t *testing.T, user, text string) []byte {
	t.Helper()
	payload, err := proto.Marshal(&pb.ConversationMessage{UserName: &user, BuddyName: proto.String(baseline.Contact), Message: &text})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func TestLatenciesMatchEchoesWithTheOldestMessageOfTheirUser(t *testing.T) {
	start := time.Now()
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Microsecond) }
	var l latencies
	l.wrote("alice", at(0))
	l.wrote("bob", at(1))
	l.wrote("alice", at(2))
	for _, echo := range []struct {
		user string
		at   int
	}{{"bob", 10}, {"alice", 20}, {"alice", 30}} {
		if err := l.received(echoOf(t, echo.user, "hi"), "hi", at(echo.at)); err != nil {
			t.Error(err)
		}
	}
	if want := []float64{9, 20, 28}; !slices.Equal(l.took, want) {
		t.Errorf("got %v, want %v", l.took, want)
	}
}

func TestLatenciesRejectWhatIsNoEcho(t *testing.T) {
	for name, payload := range map[string][]byte{
		"another text": echoOf(t, "alice", "ho"), "a user without a message": echoOf(t, "bob", "hi"), "garbage": {0xff},
	} {
		var l latencies
		l.wrote("alice", time.Now())
		if err := l.received(payload, "hi", time.Now()); err == nil || len(l.took) > 0 {
			t.Errorf("%s: error %v, times %v", name, err, l.took)
		}
	}
}

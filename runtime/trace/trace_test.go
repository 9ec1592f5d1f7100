package trace_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/trace"
)

const (
	say = pb.WrapperMessage_TYPE_CONV_MESSAGE
	raw = pb.WrapperMessage_TYPE_RAW_XML
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func message(t testing.TB, user, text string) []byte {
	t.Helper()
	payload, err := proto.Marshal(&pb.ConversationMessage{UserName: &user, BuddyName: proto.String("bob"), Message: &text})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// next returns the messages that wait, as direction and payload.
func next(t *testing.T, w *trace.Watcher) (texts []string, lost int) {
	t.Helper()
	messages, lost, err := w.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		texts = append(texts, fmt.Sprintf("%v %d %s", m.Out, m.Type, m.Payload))
	}
	return texts, lost
}

func TestWatcherGetsCopiesInOrder(t *testing.T) {
	var tracer trace.Tracer
	tracer.In(say, []byte("before"))
	if tracer.On() {
		t.Error("somebody watches")
	}
	w := tracer.Watch("")
	payload := []byte("one")
	tracer.In(say, payload)
	copy(payload, "xxx")
	tracer.Out(raw, nil)
	if got, lost := next(t, w); fmt.Sprint(got) != "[false 8 one true 34 ]" || lost != 0 {
		t.Errorf("%q, %d", got, lost)
	}
	if !tracer.On() {
		t.Error("nobody watches")
	}
	w.Close()
	w.Close()
	if tracer.On() {
		t.Error("somebody watches after Close")
	}
	tracer.In(say, []byte("after"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, _, err := w.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWatcherOfAUserGetsTheirMessages(t *testing.T) {
	var tracer trace.Tracer
	w := tracer.Watch("Alice@localhost")
	defer w.Close()
	for _, m := range []struct {
		typ     pb.WrapperMessage_Type
		payload string
	}{
		{say, string(message(t, "bob@localhost", "1"))},
		{say, string(message(t, "alice@localhost", "2"))},
		{raw, `<message to="alice@localhost/x"/>`},
		{raw, `<message to="bob@localhost"><body>alice@localhost</body></message>`},
		{raw, `<iq from="alice@localhost"/>`},
		{raw, `<iq from="alice@loc`},
		{pb.WrapperMessage_TYPE_EXIT, ""},
		{999, "alice@localhost"},
	} {
		tracer.Out(m.typ, []byte(m.payload))
	}
	want := fmt.Sprintf("[true 8 %s true 34 <message to=\"alice@localhost/x\"/> true 34 <iq from=\"alice@localhost\"/>]", message(t, "alice@localhost", "2"))
	if got, _ := next(t, w); fmt.Sprint(got) != want {
		t.Errorf("%q", got)
	}
}

func TestSlowWatcherLosesMessagesAndLearnsHowMany(t *testing.T) {
	var tracer trace.Tracer
	slow, quick := tracer.Watch(""), tracer.Watch("")
	defer slow.Close()
	defer quick.Close()
	big := make([]byte, 1<<20)
	seen := 0
	for range 10 {
		tracer.In(say, big)
		got, lost := next(t, quick)
		if seen += len(got); lost != 0 {
			t.Errorf("the quick watcher has lost %d", lost)
		}
	}
	tracer.In(say, []byte("small")) // would have fitted, but order matters
	got, lost := next(t, slow)
	if len(got)+lost != 11 || lost == 0 || len(got) == 0 || seen != 10 {
		t.Errorf("the slow watcher has %d messages and has lost %d; the quick one has %d", len(got), lost, seen)
	}
	tracer.In(say, []byte("again"))
	if got, lost := next(t, slow); fmt.Sprint(got) != "[false 8 again]" || lost != 0 {
		t.Errorf("%q, %d", got, lost)
	}
}

func TestWatchersComeAndGoWhileMessagesPass(t *testing.T) {
	var tracer trace.Tracer
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for ctx.Err() == nil {
				tracer.In(say, []byte("x"))
				tracer.Out(say, []byte("y"))
			}
		})
	}
	for range 20 {
		w := tracer.Watch("")
		if _, _, err := w.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	stop()
	all.Wait()
	if tracer.On() {
		t.Error("somebody watches")
	}
}

// BenchmarkNobodyWatches measures what a message costs while nobody watches.
func BenchmarkNobodyWatches(b *testing.B) {
	var tracer trace.Tracer
	payload := message(b, "alice@localhost", "hello")
	b.ReportAllocs()
	for b.Loop() {
		tracer.Out(say, payload)
	}
}

package simtest_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a testing.TB that records failures.
type recorder struct {
	testing.TB
	ctx      context.Context
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Cleanup(f func())         { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// run runs test and returns its failures.
func (r *recorder) run(test func()) (failures []string) {
	defer func() {
		if fatal := recover(); fatal != nil {
			r.failures = append(r.failures, fmt.Sprint(fatal))
		}
		for i := len(r.cleanups) - 1; i >= 0; i-- {
			r.cleanups[i]()
		}
		failures = r.failures
	}()
	test()
	return nil
}

func TestAFailingCallFailsTheTest(t *testing.T) {
	const config, conv = pb.WrapperMessage_TYPE_BACKEND_CONFIG, pb.WrapperMessage_TYPE_CONV_MESSAGE
	badConfig := []byte("\x0a\x11[features]\nmuc=3\n")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		test func(b *simtest.Backend, backend net.Conn)
		want string
	}{
		{"nothing wrong", t.Context(), func(*simtest.Backend, net.Conn) {}, ""},
		{"a broken rule", t.Context(), func(b *simtest.Backend, backend net.Conn) {
			_, _ = backend.Write(simulator.AppendFrame(nil, config, badConfig))
			b.Expect(config, nil)
		}, "the backend breaks Spectrum's rules: features.muc=3 is not a boolean"},
		{"a tolerated broken rule", t.Context(), func(b *simtest.Backend, backend net.Conn) {
			_, _ = backend.Write(simulator.AppendFrame(nil, config, badConfig))
			b.Expect(config, nil)
			b.Tolerate()
		}, ""},
		{"an expectation that is not met", ended, func(b *simtest.Backend, _ net.Conn) {
			b.User("alice@localhost").Expect(conv, simulator.Like(&pb.ConversationMessage{Message: proto.String("x")}))
		}, "expected CONV_MESSAGE for alice@localhost that matches: context canceled"},
		{"the connection does not end", ended, func(b *simtest.Backend, _ net.Conn) { b.AwaitEnd() }, "expected the end of the connection"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t, ctx: test.ctx}
			got := r.run(func() {
				b, backend := simtest.Pipe(r, simulator.Options{})
				test.test(b, backend)
			})
			switch {
			case test.want == "" && len(got) > 0:
				t.Errorf("the test fails with %q", got)
			case test.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], test.want)):
				t.Errorf("the test fails with %q, want %q", got, test.want)
			}
		})
	}
}

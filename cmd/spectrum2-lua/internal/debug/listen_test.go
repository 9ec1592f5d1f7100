package debug

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	godap "github.com/google/go-dap"

	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/debugger/dap"
	"spectrumlua/luabind/debugger/dap/daptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience limits each wait of a test.
const patience = time.Minute

// TestListen covers both kinds of addresses.
func TestListen(t *testing.T) {
	for name, address := range map[string]string{"TCP": "127.0.0.1:0", "Unix": filepath.Join(t.TempDir(), "socket")} {
		t.Run(name, func(t *testing.T) {
			d := debugger.New()
			reports := make(chan error, 10)
			l, err := Listen(t.Context(), address, dap.Options{Debugger: d}, func(err error) { reports <- err })
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if name == "Unix" {
				if info, err := os.Stat(address); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%v: %v", info, err)
				}
			}
			for range 2 {
				conn, err := dial(t.Context(), l.Address())
				if err != nil {
					t.Fatal(err)
				}
				e := daptest.New(t, conn)
				e.Begin("attach", nil, "/none.lua")
				if err := l.WaitReady(t.Context()); err != nil {
					t.Error(err)
				}
				daptest.Answer[*godap.DisconnectResponse](e, "disconnect", nil)
				e.End()
			}
			conn, err := dial(t.Context(), l.Address())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
			select {
			case err := <-reports:
				if !errors.Is(err, dap.ErrGarbage) {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Error("the client that does not speak the protocol is not reported")
			}
			_ = conn.Close()
			l.Close()
			if _, err := dial(t.Context(), l.Address()); err == nil {
				t.Error("the address still accepts clients")
			}
		})
	}
	for _, wrong := range []string{"0.0.0.0:0", "example.org:1", "[::]:0", "4711", "nothing"} {
		if l, err := Listen(t.Context(), wrong, dap.Options{}, nil); err == nil {
			l.Close()
			t.Errorf("%s is accepted", wrong)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	l, err := Listen(ctx, "127.0.0.1:0", dap.Options{Debugger: debugger.New()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	why := errors.New("why")
	cancel(why)
	if err := l.WaitReady(ctx); !errors.Is(err, why) {
		t.Error(err)
	}
}

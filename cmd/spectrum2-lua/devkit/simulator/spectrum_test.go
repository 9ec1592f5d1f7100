package simulator_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
)

func TestArgsAreThoseOfSpectrum(t *testing.T) {
	s := simtest.Listen(t, simulator.Options{})
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil || host != "127.0.0.1" {
		t.Fatalf("the address is %s", s.Addr())
	}
	got := s.Args("/etc/echo.cfg")
	want := []string{"--host", host, "--port", port, "--service.backend_id=1", "-n", "/etc/echo.cfg"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = s.Args("", "-j", "echo.localhost", "/etc/echo.cfg", "-n")
	want = []string{"--host", host, "--port", port, "--service.backend_id=2", "-j", "echo.localhost", "/etc/echo.cfg", "-n"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestListenOnIPv6(t *testing.T) {
	s, err := simulator.Listen(simulator.IPv6, simulator.Options{})
	if err != nil {
		t.Skipf("IPv6 is not available: %v", err)
	}
	defer s.Close()
	if args := s.Args("x"); args[1] != "::1" || !strings.HasPrefix(s.Addr(), "[::1]:") {
		t.Errorf("got %q at %s", args, s.Addr())
	}
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := s.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestListenRejectsWrongAddresses(t *testing.T) {
	for _, address := range []string{"nonsense", "127.0.0.1:0x", "192.0.2.1:0"} {
		if s, err := simulator.Listen(address, simulator.Options{}); err == nil {
			s.Close()
			t.Errorf("Listen succeeds on %s", address)
		}
	}
}

func TestAcceptCanBeRepeatedAfterAFailure(t *testing.T) {
	hasty := simtest.Listen(t, simulator.Options{Timeout: 20 * time.Millisecond})
	if _, err := hasty.Spectrum.Accept(t.Context()); err == nil || !strings.Contains(err.Error(), "no backend connected to "+hasty.Addr()+" within 20ms") {
		t.Errorf("without a backend: %v", err)
	}
	s := simtest.Listen(t, simulator.Options{})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := s.Spectrum.Accept(ctx); !errors.Is(err, why) {
		t.Errorf("with a done context: %v", err)
	}
	// The next Accept works.
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	s.Accept()
	s.Close()
	s.Close()
	if _, err := s.Spectrum.Accept(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

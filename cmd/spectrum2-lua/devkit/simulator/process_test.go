package simulator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
)

// roleVariable makes the test's own executable play a backend.
const roleVariable = "SIMULATOR_TEST_ROLE"

var roles = map[string]func(args []string) int{
	"echo": echo,
	"refuses": func([]string) int {
		fmt.Fprintln(os.Stderr, "no such script")
		return int(syscall.EINVAL)
	},
	"hangs": func([]string) int { time.Sleep(time.Hour); return 0 }, // without cgo, Go would stop a program that waits forever
	"busy": func(args []string) int {
		var used syscall.Rusage
		for used.Utime.Nano()+used.Stime.Nano() < 150e6 {
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
		}
		return echo(args)
	},
	"loud": func([]string) int {
		for i := range 20_000 {
			fmt.Println("line", i)
		}
		fmt.Println(strings.Repeat("x", 40_000))
		return 3
	},
}

func echo(args []string) int {
	fmt.Fprintln(os.Stderr, "config", args[len(args)-1])
	fmt.Fprint(os.Stdout, "no newline at the end")
	conn, err := net.Dial("tcp", net.JoinHostPort(args[1], args[3]))
	if err != nil {
		return 111
	}
	f := newFake(new(testing.T), conn)
	f.serve(func(frame simulator.Frame) { f.send(frame.Type, frame.Message) })
	return 0
}

// noRaceSleep turns off the second that the race detector waits at the end of a process.
const noRaceSleep = "GORACE=atexit_sleep_ms=0"

// as returns options with which the test's executable plays a role.
func as(role string) simulator.ProcessOptions {
	return simulator.ProcessOptions{Env: append(os.Environ(), roleVariable+"="+role, noRaceSleep)}
}

func TestLaunchStartsABackendAsSpectrumDoes(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	o := as("echo")
	o.Log = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, line)
	}
	s := simtest.Listen(t, simulator.Options{})
	p, launched, err := s.Launch(t.Context(), os.Args[0], "/etc/echo.cfg", o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	b := simtest.Watch(t, launched)
	b.Ping()
	if err := b.Backend.User(alice).EchoBarrier("echo")(t.Context()); err != nil {
		t.Error(err)
	}
	if rss, err := p.RSS(); err != nil || rss < 1<<20 {
		t.Errorf("the resident memory is %d bytes, %v", rss, err)
	}
	if peak, err := p.PeakRSS(); err != nil || peak < 1<<20 {
		t.Errorf("the peak of the resident memory is %d bytes, %v", peak, err)
	}
	if !strings.Contains(p.String(), fmt.Sprintf("--service.backend_id=1 -n /etc/echo.cfg (process %d)", p.PID())) {
		t.Errorf("the process is %v", p)
	}
	b.Exit()
	if code, err := p.Wait(t.Context()); code != 0 || err != nil {
		t.Errorf("the exit code is %d, %v", code, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(lines, "|"); got != "config /etc/echo.cfg|no newline at the end" {
		t.Errorf("the output is %q", got)
	}
}

func TestLaunchReportsWhyABackendDoesNotConnect(t *testing.T) {
	tests := []struct {
		name, path, role string
		want             []string
	}{
		{"ends at once", os.Args[0], "refuses", []string{"ended before it connected", "exit code 22", "no such script"}},
		{"never connects", os.Args[0], "hangs", []string{"no backend connected"}},
		{"does not exist", "no/such/file", "", []string{"starting the backend", "no such file"}},
		{"is the name of a command", "sh", "", []string{"starting the backend", "no such file"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			timeout := simulator.DefaultTimeout
			if test.role == "hangs" {
				timeout = 50 * time.Millisecond
			}
			s := simtest.Listen(t, simulator.Options{Timeout: timeout})
			_, _, err := s.Launch(t.Context(), test.path, "x.cfg", as(test.role))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, without %q", err, want)
				}
			}
		})
	}
}

func TestWaitReturnsHowAProcessEnded(t *testing.T) {
	start := func(t *testing.T, ctx context.Context, role string) *simulator.Process {
		t.Helper()
		p, err := simulator.StartProcess(ctx, os.Args[0], nil, as(role))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		return p
	}
	t.Run("with its code", func(t *testing.T) {
		p := start(t, t.Context(), "refuses")
		if code, err := p.Wait(t.Context()); code != 22 || err != nil {
			t.Errorf("got %d, %v", code, err)
		}
		if got := p.Output(); got != "no such script\n" {
			t.Errorf("the output is %q", got)
		}
		p.Kill()
	})
	t.Run("with the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := start(t, ctx, "hangs")
		cancel()
		if code, err := p.Wait(t.Context()); code != -1 || err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("got %d, %v", code, err)
		}
	})
	t.Run("by a signal", func(t *testing.T) {
		p := start(t, t.Context(), "hangs")
		if err := p.Signal(syscall.SIGABRT); err != nil {
			t.Fatal(err)
		}
		// Go answers SIGABRT with its stacks and code 2, unless the signal arrives before
		// Go has started.
		if code, err := p.Wait(t.Context()); code != 2 && err == nil {
			t.Errorf("got %d, %v", code, err)
		}
	})
	t.Run("after the context", func(t *testing.T) {
		p := start(t, t.Context(), "hangs")
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		cancel(why)
		if _, err := p.Wait(ctx); !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
		p.Kill()
		<-p.Done()
	})
}

func TestOutputKeepsTheEnd(t *testing.T) {
	var last string
	n, long := 0, 0
	o := as("loud")
	o.Log = func(line string) { last = line; n++; long = max(long, len(line)) }
	p, err := simulator.StartProcess(t.Context(), os.Args[0], nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if code, err := p.Wait(t.Context()); code != 3 || err != nil {
		t.Fatalf("got %d, %v", code, err)
	}
	if out := p.Output(); len(out) != 64<<10 || !strings.HasSuffix(out, "xxx\n") {
		t.Errorf("the output has %d bytes", len(out))
	}
	if n != 20_000+3 || long > 16<<10 || !strings.HasPrefix(last, "xxx") {
		t.Errorf("Log received %d lines, the longest of %d bytes, the last %.10q", n, long, last)
	}
}

func TestCPUAndMemoryOfAProcess(t *testing.T) {
	s := simtest.Listen(t, simulator.Options{})
	p, launched, err := s.Launch(t.Context(), os.Args[0], "x.cfg", as("busy"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	b := simtest.Watch(t, launched)
	b.Ping()
	running, err := p.CPU()
	if err != nil || running < 100*time.Millisecond {
		t.Errorf("the CPU time is %v, %v", running, err)
	}
	b.Exit()
	<-p.Done()
	if ended, err := p.CPU(); err != nil || ended < running-10*time.Millisecond {
		t.Errorf("the CPU time is %v at the end, %v before, %v", ended, running, err)
	}
	if _, err := p.RSS(); err == nil {
		t.Error("an ended process has memory")
	}
}

// Example runs a fake backend under a simulated Spectrum.
func Example() {
	s, err := simulator.Listen(simulator.IPv4, simulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	// This backend answers PING and echoes. Launch starts a real one.
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	f := newFake(new(testing.T), conn)
	served := make(chan struct{})
	go func() {
		defer close(served)
		f.serve(func(frame simulator.Frame) { f.send(frame.Type, frame.Message) })
	}()

	ctx := context.Background()
	backend, err := s.Accept(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := backend.Ping(ctx); err != nil {
		fmt.Println(err)
	}
	user := backend.User("alice@localhost")
	if err := user.Say("echo", "hello"); err != nil {
		fmt.Println(err)
	}
	_, err = user.Expect(ctx, pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Like(&pb.ConversationMessage{Message: proto.String("hello")}))
	fmt.Println("echoed:", err == nil)
	if err := backend.Exit(ctx); err != nil {
		fmt.Println(err)
	}
	<-served
	fmt.Println("violations:", len(backend.Violations()))
	// Output:
	// echoed: true
	// violations: 0
}

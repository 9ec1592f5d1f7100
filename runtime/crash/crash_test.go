package crash_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/runtime/crash"
)

// deathEnv names the death with which the test's program ends.
const deathEnv = "SPECTRUMLUA_TEST_DEATH"

// deaths holds the ways in which a process ends, with its expected output.
var deaths = []struct {
	name string
	die  func()
	want []string
	code int
}{
	{"a panic in main", func() {
		defer crash.Guard()
		panic("on purpose")
	}, []string{"panic: on purpose", "crash_test.go"}, crash.ExitCode},
	{"a panic in a goroutine", func() {
		var wg sync.WaitGroup
		wg.Go(func() {
			defer crash.Guard()
			numbers := []int{1, 2, 3}
			numbers[len(numbers)] = 4
		})
		wg.Wait()
	}, []string{"panic: runtime error: index out of range [3] with length 3"}, crash.ExitCode},
	{"a panic with an error", func() {
		defer crash.Guard()
		panic(fmt.Errorf("wrapped: %w", os.ErrNotExist))
	}, []string{"panic: wrapped: file does not exist"}, crash.ExitCode},
	{"a panic with nil", func() {
		defer crash.Guard()
		panic(nil)
	}, []string{"panic: panic called with nil"}, crash.ExitCode},
	{"a reporting function", func() {
		crash.OnPanic(func(string) { fmt.Println("the first") })
		crash.OnPanic(func(text string) { fmt.Println("told:", text) })
		defer crash.Guard()
		panic("on purpose")
	}, []string{"told: panic: on purpose"}, crash.ExitCode},
	{"a reporting function that panics", func() {
		crash.OnPanic(func(string) { panic("the log is broken") })
		defer crash.Guard()
		panic("on purpose")
	}, []string{"panic: on purpose", "while this was reported: the log is broken"}, crash.ExitCode},
	{"a reporting function that hangs", func() {
		crash.OnPanic(func(string) { fmt.Println("told"); time.Sleep(time.Hour) })
		defer crash.Guard()
		panic("on purpose")
	}, []string{"told"}, crash.ExitCode},
	{"a secret, and a reporting function that panics", func() {
		crash.Mask(strings.NewReplacer("hunter2", "***").Replace)
		crash.OnPanic(func(string) { panic("hunter2 again") })
		defer crash.Guard()
		panic("it is hunter2")
	}, []string{"panic: it is ***", "while this was reported: *** again"}, crash.ExitCode},
	{"a secret, and no reporting function", func() {
		crash.Mask(strings.NewReplacer("hunter2", "***").Replace)
		crash.End("it is hunter2")
	}, []string{"it is ***"}, crash.ExitCode},
	{"a mask that panics", func() {
		crash.Mask(func(string) string { panic("x") })
		crash.End("it is hunter2")
	}, []string{"cannot be shown"}, crash.ExitCode},
	{"End", func() { crash.End("a handler hangs") }, []string{"a handler hangs"}, crash.ExitCode},
	{"no panic", func() {
		defer crash.Guard()
		crash.Report("a panic that is not the end")
	}, []string{"a panic that is not the end"}, 0},
}

func TestMain(m *testing.M) {
	for _, d := range deaths {
		if os.Getenv(deathEnv) == d.name {
			d.die()
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

func TestPanicIsReportedAndEndsTheProcess(t *testing.T) {
	for _, d := range deaths {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			p := exec.CommandContext(ctx, os.Args[0])
			p.Env = append(os.Environ(), deathEnv+"="+d.name)
			output, err := p.CombinedOutput()
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if code != d.code {
				t.Errorf("exit code %d, want %d", code, d.code)
			}
			for _, want := range d.want {
				if !strings.Contains(string(output), want) {
					t.Errorf("the output lacks %q:\n%s", want, output)
				}
			}
			if strings.Contains(string(output), "hunter2") {
				t.Errorf("the output contains a secret:\n%s", output)
			}
			if strings.Contains(string(output), "the first") {
				t.Error("the second OnPanic does not replace the first")
			}
		})
	}
}

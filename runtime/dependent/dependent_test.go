//go:build linux

package dependent_test

import (
	"errors"
	"io/fs"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"spectrumlua/runtime/dependent"
)

// TestProgramOutlivesTheThreadOfItsStart has a program that is started on a thread that ends.
func TestProgramOutlivesTheThreadOfItsStart(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	ended := make(chan struct{})
	var err error
	thread := onThread(func() {
		err = dependent.Start(cmd, func() {
			_ = cmd.Wait()
			close(ended)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for unix.Tgkill(unix.Getpid(), thread, 0) == nil {
		runtime.Gosched()
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-ended
	if got := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGTERM {
		t.Errorf("the program was ended by %v before", got)
	}
}

func TestErrorOfAStart(t *testing.T) {
	err := dependent.Start(exec.Command("/nowhere/program"), func() { t.Error("wait is called") })
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

// onThread calls f on a thread that ends afterwards, and returns its number.
func onThread(f func()) (thread int) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the thread ends with this goroutine
		if thread = unix.Gettid(); thread != unix.Getpid() {
			f()
			return
		}
		thread = onThread(f) // the main thread never ends
		runtime.UnlockOSThread()
	}()
	<-done
	return thread
}

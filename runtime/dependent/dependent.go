// Package dependent starts programs that the kernel kills when this process ends.
package dependent

import (
	"os/exec"
	"runtime"

	"spectrumlua/runtime/crash"
)

// Start is cmd.Start for a program that dies with this process, even if this process is killed
// (Linux only). wait is then called on another goroutine, and has to return when the program has
// ended; it may call cmd.Wait. Any goroutine may call Start.
//
// Linux sends the signal when the thread ends that has started the program (PR_SET_PDEATHSIG,
// prctl(2)), and Go ends a thread with a goroutine that is locked to it. So the goroutine that
// starts the program keeps its thread until the program has ended.
func Start(cmd *exec.Cmd, wait func()) error {
	started := make(chan error)
	go func() {
		defer crash.Guard()
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		dieWithParent(cmd)
		err := cmd.Start()
		started <- err
		if err == nil {
			wait()
		}
	}()
	return <-started
}

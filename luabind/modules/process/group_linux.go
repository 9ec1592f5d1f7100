package process

import (
	"errors"
	"os/exec"

	"golang.org/x/sys/unix"
)

// waitForGroup waits until a program has ended. It kills the rest of the group
// before the group's number can be used again.
func waitForGroup(cmd *exec.Cmd) {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	killGroup(cmd)
	_ = cmd.Wait()
}

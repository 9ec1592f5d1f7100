//go:build !linux

package process

import (
	"os/exec"
	"syscall"
)

// childAttributes starts a program in a process group of its own.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// waitForGroup waits until a program has ended, and kills the rest of its
// group.
func waitForGroup(cmd *exec.Cmd) {
	_ = cmd.Wait()
	killGroup(cmd)
}

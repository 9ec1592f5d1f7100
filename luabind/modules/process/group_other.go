//go:build !linux

package process

import (
	"os/exec"
	"syscall"
)

// childAttributes puts a program into a group of its own, which dies as one.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// waitForGroup waits until a program has ended, and ends what it has left
// behind.
func waitForGroup(cmd *exec.Cmd) {
	_ = cmd.Wait()
	killGroup(cmd)
}

//go:build !linux

package process

import "os/exec"

// waitForGroup waits until a program has ended, and kills the rest of its
// group.
func waitForGroup(cmd *exec.Cmd) {
	_ = cmd.Wait()
	killGroup(cmd)
}

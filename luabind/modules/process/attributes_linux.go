package process

import "syscall"

// childAttributes puts a program into a group of its own, which dies as one,
// and has the kernel kill it should this process die without a word.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

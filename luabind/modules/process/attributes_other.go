//go:build !linux

package process

import "syscall"

// childAttributes puts a program into a group of its own, which dies as one.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

package simulator

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ProcessorTime returns the user and system time of a running process. /proc/PID/stat has
// the same time in steps of 10 ms, which is too coarse for short loads.
func ProcessorTime(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3) makes this id: the complement of the process id and the
	// kernel's CPUCLOCK_SCHED.
	const scheduled = 2
	var now unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &now); err != nil { //nolint:gosec // a process id has 22 bits
		return 0, os.NewSyscallError("clock_gettime", err)
	}
	return time.Duration(now.Nano()), nil
}

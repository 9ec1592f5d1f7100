package simulator

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// RSS returns the resident memory of the process in bytes, from /proc/PID/status.
func (p *Process) RSS() (int64, error) { return p.status("VmRSS:") }

// PeakRSS returns the peak of the resident memory.
func (p *Process) PeakRSS() (int64, error) { return p.status("VmHWM:") }

// status returns a number of kB in /proc/PID/status as bytes.
func (p *Process) status(key string) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", p.PID())
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(data) {
		fields := bytes.Fields(line)
		if len(fields) >= 2 && string(fields[0]) == key {
			kb, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, key)
}

// CPU returns the user and system time of the process, to the nanosecond while it runs.
func (p *Process) CPU() (time.Duration, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime(), nil
	default:
		return ProcessorTime(p.PID())
	}
}

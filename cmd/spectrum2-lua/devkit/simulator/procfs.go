package simulator

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTicks is the number of ticks in a second of /proc, which Linux has fixed.
const clockTicks = 100

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

// CPU returns the user and system time of the process. While the process runs, it comes
// from /proc/PID/stat in steps of 10 ms. After its end it is exact.
func (p *Process) CPU() (time.Duration, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime(), nil
	default:
	}
	path := fmt.Sprintf("/proc/%d/stat", p.PID())
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	// The second field is the name in parentheses, which may contain any bytes.
	rest := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	const user, system = 14 - 3, 15 - 3
	if len(rest) <= system {
		return 0, fmt.Errorf("%s is too short", path)
	}
	var ticks int64
	for _, field := range [][]byte{rest[user], rest[system]} {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicks, nil
}

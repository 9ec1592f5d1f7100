package memory

import (
	"fmt"
	"os"
	"runtime"
)

// Resident returns the resident and the shared memory of this process in bytes, from /proc.
// Without /proc it returns the memory that Go has reserved, and 0.
func Resident() (resident, shared int64) {
	if data, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, res, shr int64
		if n, _ := fmt.Sscan(string(data), &size, &res, &shr); n == 3 {
			page := int64(os.Getpagesize())
			return res * page, shr * page
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys), 0
}

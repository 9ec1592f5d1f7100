package memory

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Forget releases the unmodified pages of the program's file, because many of them are
// needed only at the start. Pages that are needed again return from the system's cache.
func Forget() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		if from, to, ok := readOnly(lines.Text(), program); ok {
			if _, _, errno := unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED); errno != 0 {
				return errno
			}
		}
	}
	return lines.Err()
}

// readOnly parses a line of /proc/self/maps. It reports where a read-only part of
// the file is mapped.
func readOnly(line, file string) (from, to uintptr, ok bool) {
	// 00400000-00a3c000 r-xp 00000000 fe:01 1234    /usr/bin/program
	fields := strings.Fields(line)
	if len(fields) < 6 || strings.Join(fields[5:], " ") != file || strings.Contains(fields[1], "w") {
		return 0, 0, false
	}
	first, last, _ := strings.Cut(fields[0], "-")
	a, err := strconv.ParseUint(first, 16, 64)
	if err != nil {
		return 0, 0, false
	}
	b, err := strconv.ParseUint(last, 16, 64)
	return uintptr(a), uintptr(b), err == nil
}

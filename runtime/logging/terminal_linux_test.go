package logging

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

func TestOnlyTerminalsGetColours(t *testing.T) {
	for _, tc := range []struct {
		name, noColor, term string
		colour              bool
	}{
		{"colour", "", "xterm", true},
		{"NO_COLOR", "1", "xterm", false},
		{"dumb", "", "dumb", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tc.noColor)
			t.Setenv("TERM", tc.term)
			master, slave := openTerminal(t)
			l := Open(Options{Stderr: slave})
			l.Category("lua").Warn("look \x1b[31mhere")
			line, err := bufio.NewReader(master).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			finish(t, l)
			wantContains(t, line, `look \x1b[31mhere`)
			if got := strings.Contains(line, "\x1b[33mWARN \x1b[0m"); got != tc.colour || strings.Contains(line, "\x1b") != tc.colour {
				t.Errorf("colour: %v, want %v: %q", got, tc.colour, line)
			}
		})
	}
}

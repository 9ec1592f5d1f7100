package claim

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/launch"
)

// spectrum is the name of Spectrum 2's process in /proc/PID/comm.
const spectrum = "spectrum2"

// findSpectrum describes a running Spectrum 2 that serves the JID, or returns "". id is the
// identity of c.
//
// A pidfile alone is not sufficient: in the foreground Spectrum writes none, and after
// a crash the number may belong to another process.
func findSpectrum(c *config.Config, id identity) string {
	pid := pidfile(c)
	if pid > 0 && runs(pid) {
		name := command(pid)
		switch {
		case name == "": // the system hides other users' processes
			return fmt.Sprintf("Spectrum 2, pid %d, if its pidfile %s is up to date", pid, pidfilePath(c))
		case name == spectrum && serves(pid, c, id) != no:
			return describe(pid)
		}
	}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && command(pid) == spectrum && serves(pid, c, id) == yes {
			return describe(pid)
		}
	}
	return ""
}

func pidfilePath(c *config.Config) string {
	path, _ := c.Get("service.pidfile")
	return cmp.Or(path, filepath.Join("/var/run/spectrum2", c.JID()+".pid"))
}

// pidfile returns the number in Spectrum's pidfile, or 0.
func pidfile(c *config.Config) int {
	text, err := os.ReadFile(pidfilePath(c))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// runs reports whether a process exists.
func runs(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// command returns the name of a process, or "" if it is unknown.
func command(pid int) string {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(name))
}

// arguments returns the arguments of a process with its program, or nil.
func arguments(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	text = bytes.TrimSuffix(text, []byte{0})
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(text), "\x00")
}

// describe returns the program, process id and arguments of a process.
func describe(pid int) string {
	args := arguments(pid)
	if len(args) == 0 {
		return fmt.Sprintf("a process with the pid %d", pid)
	}
	return fmt.Sprintf("pid %d (%s)", pid, strings.Join(withoutValues(args), " "))
}

// withoutValues hides the values of --section.key=value and --section.key value, which
// may be passwords.
func withoutValues(args []string) []string {
	shown := make([]string, len(args))
	value := false // the word belongs to the flag before it
	for i, arg := range args {
		name, _, assigned := strings.Cut(arg, "=")
		key := strings.HasPrefix(arg, "--") && strings.Contains(name, ".")
		switch {
		case key && assigned:
			shown[i] = name + "=…"
		case value && !strings.HasPrefix(arg, "-"):
			shown[i] = "…"
		default:
			shown[i] = arg
		}
		value = key && !assigned
	}
	return shown
}

// answer is the answer to a question about another process.
type answer int

const (
	unknown answer = iota
	yes
	no
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// serves returns whether a Spectrum 2 serves the JID of c at the XMPP server of c.
func serves(pid int, c *config.Config, id identity) answer {
	words := arguments(pid)
	if len(words) == 0 {
		return unknown
	}
	see := func(path string) string { return fmt.Sprintf("/proc/%d/root%s", pid, path) } // as a process in a chroot sees it
	exists := func(path string) bool {
		info, err := os.Stat(see(path))
		return err == nil && info.Mode().IsRegular()
	}
	// The parser is the one for the arguments that Spectrum passes on to a backend.
	args, err := launch.Parse(append([]string{"--host", "localhost", "--port", "1"}, words[1:]...), exists)
	if err != nil {
		return unknown
	}
	for _, path := range []string{see(args.ConfigFile), args.ConfigFile} {
		text, err := os.ReadFile(path)
		if err != nil || !filepath.IsAbs(args.ConfigFile) {
			continue
		}
		other, err := config.Parse(path, text, config.Options{JID: args.JID, Overrides: args.Overrides})
		if err != nil {
			return unknown
		}
		return answerOf(id.isOf(other))
	}
	return guess(pid, args, c, id)
}

// guess is serves for a process whose config file cannot be read.
func guess(pid int, args launch.Args, c *config.Config, id identity) answer {
	switch {
	case args.JID != "":
		return answerOf(fold(args.JID) == id.jid)
	case filepath.IsAbs(args.ConfigFile):
		if args.ConfigFile == c.Path() {
			return yes
		}
		return unknown
	}
	// Spectrum has left the folder to which the path is relative.
	dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if filepath.Base(args.ConfigFile) == filepath.Base(c.Path()) && dir == c.WorkingDir() {
		return yes
	}
	return unknown
}

// Package crash ends the process in order when a goroutine panics: with the
// stack in the log and an exit code that says what it is. Go's own code for a
// panic is 2, which Spectrum explains to its admin as a backend executable
// that does not exist.
package crash

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
)

// ExitCode is the exit code after a panic: ENOTRECOVERABLE, "State not
// recoverable".
const ExitCode = int(syscall.ENOTRECOVERABLE)

// reportTime is how long it may take to report the end of the process.
const reportTime = time.Second

var report atomic.Pointer[func(text string)]

// OnPanic sets what is told of a panic, with its stack; until then it goes to
// standard error. Any goroutine may call it; the last call counts.
func OnPanic(tell func(text string)) { report.Store(&tell) }

var mask atomic.Pointer[func(text string) string]

// Mask sets what hides secrets in a text that goes to standard error, since
// what OnPanic has set does not work.
func Mask(hide func(text string) string) { mask.Store(&hide) }

// write writes to standard error. A mask that panics leaves the kind of text
// alone: better no message than one with a secret.
func write(text string) {
	defer func() {
		if recover() != nil {
			fmt.Fprintln(os.Stderr, "the process ends by a panic, whose text cannot be shown")
		}
	}()
	if hide := mask.Load(); hide != nil {
		text = (*hide)(text)
	}
	fmt.Fprintln(os.Stderr, text)
}

// Guard is deferred at the start of a goroutine. It recovers a panic, reports
// it and ends the process with ExitCode.
func Guard() {
	r := recover()
	if r == nil {
		return
	}
	End(fmt.Sprintf("panic: %v\n%s", r, debug.Stack()))
}

// End reports text and ends the process with ExitCode, even if whoever is told
// panics or hangs.
func End(text string) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		defer func() {
			if r := recover(); r != nil {
				write(fmt.Sprintf("%s\nand a panic while this was reported: %v", text, r))
			}
		}()
		Report(text)
	}()
	select {
	case <-told:
	case <-time.After(reportTime):
	}
	os.Exit(ExitCode)
}

// Report tells of a panic that was recovered and is not the end.
func Report(text string) {
	if tell := report.Load(); tell != nil {
		(*tell)(text)
		return
	}
	write(text)
}

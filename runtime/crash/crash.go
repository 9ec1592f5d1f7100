// Package crash ends the process after a panic in a goroutine, with the stack in
// the log and an exit code of its own. Go's exit code for a panic is 2, which
// Spectrum reports to its admin as a backend executable that does not exist.
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

// reportTime limits the time for the report.
const reportTime = time.Second

var report atomic.Pointer[func(text string)]

// OnPanic sets the function that reports a panic with its stack. By default the
// report goes to standard error. OnPanic is safe for concurrent use; the last call
// counts.
func OnPanic(tell func(text string)) { report.Store(&tell) }

var mask atomic.Pointer[func(text string) string]

// Mask sets the function that removes secrets from a report to standard error.
// Reports go there if the function set by OnPanic fails.
func Mask(hide func(text string) string) { mask.Store(&hide) }

// write writes to standard error. If the mask panics, it does not write the text,
// which may contain a secret.
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

// Guard recovers a panic, reports it and ends the process with ExitCode. Defer it
// at the start of each goroutine.
func Guard() {
	r := recover()
	if r == nil {
		return
	}
	End(fmt.Sprintf("panic: %v\n%s", r, debug.Stack()))
}

// End reports text and ends the process with ExitCode, even if the reporting
// function panics or hangs.
func End(text string) {
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		defer func() {
			if r := recover(); r != nil {
				write(fmt.Sprintf("%s\nand a panic while this was reported: %v", text, r))
			}
		}()
		Report(text)
	}()
	select {
	case <-reported:
	case <-time.After(reportTime):
	}
	os.Exit(ExitCode)
}

// Report reports a recovered panic after which the process continues.
func Report(text string) {
	if tell := report.Load(); tell != nil {
		(*tell)(text)
		return
	}
	write(text)
}

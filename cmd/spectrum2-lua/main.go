// Command spectrum2-lua is the tool for authors of scripts: it runs, tests and
// checks a script without an XMPP server and without Spectrum.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// commands makes the subcommands, each in a file of its own, in the order of
// the help.
var commands = []func(*terminal) *cobra.Command{
	newDemo,
	newChat,
	newCheck,
	newTest,
	newReplay,
	newStore,
	newNew,
	newTypes,
	newShare,
	newVersion,
}

// Exit codes.
const (
	exitFailed = 1 // what was asked for did not work out
	exitUsage  = 2 // what was asked for is not understood
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		ends = append(ends, syscall.SIGHUP) // the terminal is closed: temporary files are removed
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(newTerminal(stdout, stderr))
	root.SetArgs(oneDash(root, args))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	_, _ = fmt.Fprintf(stderr, "spectrum2-lua: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		_, _ = fmt.Fprintf(stderr, "Try `%s --help`.\n", usage.command)
		return exitUsage
	}
	return exitFailed
}

// usageError is a command line that is not understood.
type usageError struct {
	command string
	err     error
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exitCode is the error of a command that has said what went wrong.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// oneDash lets a flag of several letters be written with one dash, as -run, where
// the command has one of that name.
func oneDash(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil {
		return args
	}
	written := slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && len(name) > 1 && cmd.Flags().Lookup(name) != nil {
			written[i] = "-" + arg
		}
	}
	return written
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "spectrum2-lua",
		Short: "Tools for Spectrum 2 transports that are written in Lua",
		Long: `spectrum2-lua is for those who write a Spectrum 2 transport in Lua. It plays
Spectrum's part, so that a script can be seen at work without an XMPP server.
From nothing to a transport:

    spectrum2-lua new mychat      makes a folder with script, tests and config
    spectrum2-lua chat mychat     you are the user; what you save is loaded anew
    spectrum2-lua check mychat    finds mistakes without running anything
    spectrum2-lua test mychat     runs the tests

mychat/README.md says how it gets under a Spectrum.

A transport is a config file as Spectrum reads it, with a section [lua] that
names the script:

    [service]
    backend = /usr/bin/spectrum2_lua_backend
    [lua]
    script = echo.lua

The backend itself, spectrum2_lua_backend, is started by Spectrum or by the
commands below; started by hand it needs a Spectrum to connect to.`,
		Example: `  spectrum2-lua new mychat
  spectrum2-lua demo             one login, one message and its echo, frame by frame
  spectrum2-lua chat --help      what a command does, takes and returns`,
		Version:       versionText(),
		SilenceErrors: true,

		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		Args:                       unknownCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{cmd.CommandPath(), err}
	})
	for _, command := range commands {
		cmd := command(t)
		offerFiles(cmd)
		root.AddCommand(cmd)
	}
	return root
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w; do you mean %s?", err, strings.Join(near, " or "))
	}
	return usageError{cmd.CommandPath(), err}
}

// atMostOne allows one argument or none.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{cmd.CommandPath(), fmt.Errorf("one config file at most, but there are %d arguments", len(args))}
	}
	return nil
}

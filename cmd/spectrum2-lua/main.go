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
	"github.com/spf13/pflag"
)

// commands are the constructors of the subcommands, in the order of the help.
var commands = []func(*terminal) *cobra.Command{
	newDemo,
	newChat,
	newCheck,
	newTest,
	newDebug,
	newLaunched,
	newReplay,
	newServe,
	newPS,
	newReload,
	newLog,
	newKick,
	newTrace,
	newTop,
	newConsole,
	newProfile,
	newDashboard,
	newExporter,
	newStore,
	newNew,
	newTypes,
	newShare,
	newVersion,
}

// Exit codes.
const (
	exitFailed = 1 // the command failed
	exitUsage  = 2 // the command line is wrong
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		ends = append(ends, syscall.SIGHUP) // a closed terminal must not leave temporary files
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	t := newTerminal(stdout, stderr)
	root := newRoot(t)
	root.SetArgs(oneDash(root, args))
	flagError := root.FlagErrorFunc()
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd == root && !strings.HasPrefix(args[0], "-") { // an unknown flag of an unknown command
			return unknownCommand(root, args)
		}
		return flagError(cmd, err)
	})
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = t.complete()
	}
	if err == nil {
		return 0
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		err = errors.New("interrupted") // the error only tells in which request
	}
	_, _ = fmt.Fprintf(stderr, "spectrum2-lua: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		_, _ = fmt.Fprintf(stderr, "Try `%s --help`.\n", usage.command)
		return exitUsage
	}
	return exitFailed
}

// usageError is the error of a wrong command line.
type usageError struct {
	command string
	err     error
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exitCode is the error of a command that has already printed what is wrong.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// oneDash adds the second dash to long flags of the command that have only one,
// such as -run.
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
		Long: `spectrum2-lua helps you write a Spectrum 2 transport in Lua. It plays the part of
Spectrum, so that a script runs without an XMPP server. To make a transport:

    spectrum2-lua new mychat      creates a folder with script, tests and config
    spectrum2-lua chat mychat     makes you the user; it reloads what you save
    spectrum2-lua check mychat    finds mistakes without running the script
    spectrum2-lua test mychat     runs the tests

mychat/README.md explains how to run the transport under Spectrum.

A transport is a config file in Spectrum's format, with a section [lua] that
names the script:

    [service]
    backend = /usr/bin/spectrum2_lua_backend
    [lua]
    script = echo.lua

Spectrum and the commands below start the backend, spectrum2_lua_backend. It
connects to Spectrum, so it cannot run alone.`,
		Example: `  spectrum2-lua new mychat
  spectrum2-lua demo             show one login, one message and its answer, frame by frame
  spectrum2-lua chat --help      explain a command, its flags and its exit code`,
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
		return usageError{cmd.CommandPath(), plainFlagError(err)}
	})
	for _, command := range commands {
		cmd := command(t)
		offerFiles(cmd)
		root.AddCommand(cmd)
	}
	return root
}

// plainFlagError replaces the errors of Go's strconv by what the flag expects.
func plainFlagError(err error) error {
	var wrong *pflag.InvalidValueError
	if !errors.As(err, &wrong) {
		return err
	}
	expected := map[string]string{"int": "a number", "duration": "a time such as 5s or 1m30s"}[wrong.GetFlag().Value.Type()]
	if expected == "" {
		return err
	}
	return fmt.Errorf("--%s %s: %s expected", wrong.GetFlag().Name, wrong.GetValue(), expected)
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w (did you mean %s?)", err, strings.Join(near, " or "))
	}
	return usageError{cmd.CommandPath(), err}
}

// atMostOne rejects more than one argument.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{cmd.CommandPath(), fmt.Errorf("the command takes one config file at most, not %d arguments", len(args))}
	}
	return nil
}

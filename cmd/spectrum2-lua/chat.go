package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/chat"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/prompt"
	"spectrumlua/runtime/crash"
)

func newChat(t *terminal) *cobra.Command {
	var f chatFlags
	cmd := &cobra.Command{
		Use:   "chat [script or config]",
		Short: "Be the XMPP user of a script, in a terminal",
		Long: `chat runs a script with Spectrum's part played by this program, and you are the
XMPP user: what you type is what Spectrum would send, what the script sends is
told in plain words. A script that you save while you chat is loaded anew.

It takes a script, a transport's config file, or a folder with one of either; by
default it is the config file in this folder. Logging and working_dir of a config
are passed over: the log is shown, and the script writes to a temporary folder.

    /login                 goes online
    /msg echo Hello        writes to a contact; then a line without / does too
    /join lobby            enters a room
    /as bob                lets another user speak
    /wire on               shows the frames
    /help                  lists all commands

With standard input that is no terminal, the commands come from there, one a line,
# for comments: each waits until the script has dealt with it, and a transcript
comes out. The exit code is then 1 if a command was wrong, an /expect was not met,
the script logged an error or broke a rule of Spectrum's.`,
		Example: `  spectrum2-lua chat scripts/echo.lua
  spectrum2-lua chat my.cfg --as carol --password-file carol.txt
  printf '/login\n/msg echo Hello\n' | spectrum2-lua chat scripts/echo.lua`,
		Args: atMostOneScript,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := findStage(args)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), t, path, cmd.InOrStdin())
		},
	}
	cmd.Flags().StringVar(&f.user, "as", "alice", "the `user` who speaks first; without a domain at localhost")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "the `file` whose first line is the password of a login without one; default: \"secret\"")
	cmd.Flags().StringVar(&f.keep, "keep", "", "the `folder` that the script writes to, which stays (service.working_dir)")
	cmd.Flags().BoolVar(&f.wire, "wire", false, "show the frames from the beginning")
	return cmd
}

// chatFlags are the flags of chat.
type chatFlags struct {
	user, passwordFile, keep string
	wire                     bool
}

func (f chatFlags) options(path string) (chat.Options, error) {
	o := chat.Options{User: f.user, Wire: f.wire, Stage: harness.Options{Path: path, Companion: true}}
	if f.keep != "" {
		dir, err := filepath.Abs(f.keep)
		if err != nil {
			return o, err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return o, fmt.Errorf("--keep: %w", err)
		}
		o.Stage.WorkingDir = dir
	}
	if f.passwordFile != "" {
		text, err := os.ReadFile(f.passwordFile)
		if err != nil {
			return o, fmt.Errorf("--password-file: %w", err)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		o.Password = strings.TrimRight(line, "\r")
		if o.Password == "" {
			return o, fmt.Errorf("--password-file: the first line of %s is empty", f.passwordFile)
		}
	}
	return o, nil
}

// run chats at the terminal, or carries out the commands in stdin.
func (f chatFlags) run(ctx context.Context, t *terminal, path string, stdin io.Reader) error {
	o, err := f.options(path)
	if err != nil {
		return err
	}
	o.Colour = t.colour
	in, out := terminalFile(stdin), terminalFile(t.out)
	if in == nil || out == nil {
		o.Script = in == nil
		o.Console = chat.NewTranscript(stdin, t.out)
		return chat.New(o).Run(ctx)
	}
	var c *chat.Chat
	history, err := prompt.StateFile("chat_history")
	if err != nil {
		return err
	}
	p, warning, err := prompt.Open(prompt.Options{
		In: in, Out: out, History: history, Keep: chat.Kept,
		Complete: func(before string) (int, []string) { return c.Complete(before) },
	})
	if err != nil {
		return fmt.Errorf("the terminal cannot be used: %w", err)
	}
	defer func() { _ = p.Close() }()
	crash.OnPanic(func(text string) { // which may be the end of this process
		_ = p.Release()
		t.note(text)
	})
	if warning != nil {
		p.Print(warning.Error())
	}
	o.Console = p
	c = chat.New(o)
	return c.Run(ctx)
}

// terminalFile is the terminal that a reader or writer is, or nil.
func terminalFile(stream any) *os.File {
	file, ok := stream.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		return nil
	}
	return file
}

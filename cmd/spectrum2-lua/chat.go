package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/chat"
	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/prompt"
)

func newChat(t *terminal) *cobra.Command {
	var f chatFlags
	cmd := &cobra.Command{
		Use:   "chat [script or config]",
		Short: "Be the XMPP user of a script, in a terminal",
		Long: `chat runs a script and plays the part of Spectrum. You are the XMPP user: the
script receives your commands as messages, and you read its messages in plain
words. chat reloads the script when you save it.

The argument is a script, a transport's config file, or a folder with one of them.
The default is the config file in this folder. chat ignores [logging] and
working_dir of a config: it shows the log, and the script writes to a temporary
folder.

    /login                 go online
    /msg echo Hello        write to a contact; later lines need no /msg
    /join lobby            enter a room
    /as bob                become another user
    /lua session.data      evaluate an expression in the script's VM
    /wire on               show the frames
    /help                  list all commands

If standard input is not a terminal, chat reads the commands from it, one a line,
and prints a transcript. A # starts a comment. Each command waits until the script
has handled it. The exit code is 1 if a command is wrong, an /expect fails, the
script logs an error, or the script breaks a rule of Spectrum.`,
		Example: `  spectrum2-lua chat scripts/echo.lua
  spectrum2-lua chat my.cfg --as carol --password-file carol.txt
  spectrum2-lua chat mychat --record bug.jsonl
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
	cmd.Flags().StringVar(&f.user, "as", "alice", "the first `user`; the default domain is localhost")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "a `file` whose first line is the default password of a login; without it: \"secret\"")
	cmd.Flags().StringVar(&f.keep, "keep", "", "the `folder` that the script writes to, which chat keeps ([service] working_dir)")
	cmd.Flags().StringVar(&f.record, "record", "", "a `file` to which all messages are appended, for `spectrum2-lua replay`")
	cmd.Flags().StringVar(&f.debug, "debug", "", debugHelp)
	cmd.Flags().BoolVar(&f.wire, "wire", false, "show the frames from the start")
	return cmd
}

type chatFlags struct {
	user, passwordFile, keep, record, debug string

	wire bool
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
	if f.record != "" {
		path, err := filepath.Abs(f.record)
		if err != nil {
			return o, err
		}
		o.Stage.Record = path
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

// run waits for the debugger, if there is a flag for it, and chats.
func (f chatFlags) run(ctx context.Context, t *terminal, path string, stdin io.Reader) error {
	o, err := f.options(path)
	if err != nil {
		return err
	}
	o.Colour = t.colour
	if f.debug != "" {
		if err := o.Stage.Check(); err != nil {
			return err // an editor would attach in vain
		}
	}
	d, ctx, end, err := waitForDebugger(ctx, t, f.debug)
	if err != nil {
		return unlessTerminated(ctx, err)
	}
	defer end()
	o.Stage.Debugger = d
	return unlessTerminated(ctx, f.chat(ctx, t, o, stdin))
}

// chat chats at the terminal, or runs the commands from stdin.
func (f chatFlags) chat(ctx context.Context, t *terminal, o chat.Options, stdin io.Reader) error {
	in, out := terminalFile(stdin), terminalFile(t.out)
	if in == nil || out == nil {
		o.Script = in == nil
		o.Console = chat.NewTranscript(stdin, t.out)
		return chat.New(o).Run(ctx)
	}
	var c *chat.Chat
	p, err := t.openPrompt(prompt.Options{
		In: in, Out: out, Keep: chat.Kept, After: " ",
		Complete: func(before string) (int, []string) { return c.Complete(before) },
	}, "chat_history")
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	o.Console = p
	c = chat.New(o)
	return c.Run(ctx)
}

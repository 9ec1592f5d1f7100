package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newNew(t *terminal) *cobra.Command {
	var backend, kindName string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Create a folder with a new transport: script, tests, config",
		Long: `new creates a folder with a transport that works:

  NAME.lua         the script
  NAME_test.lua    its tests
  NAME.cfg         the transport's config file
  spectrum-logging.properties
                   settings that keep passwords out of Spectrum's log
  README.md        the next steps
  types/           annotations of the API for the Lua Language Server in your
                   editor; .luarc.json names this folder

The script has one contact that echoes each message. --kind selects another one,
which connects to a network with an invented protocol:

  lines            lines of text over TCP or TLS
  http             JSON over HTTP: a long poll and requests
  websocket        JSON over a WebSocket, with requests and answers
  xmpp             accounts on other XMPP servers

Their tests play the network.

Try it with "spectrum2-lua chat NAME/NAME.cfg" and "spectrum2-lua test NAME".
NAME.cfg holds a random password for the XMPP server.

NAME is a name or a path that ends in a name. A name has lower-case letters, digits,
- and _, and starts with a letter. The folder must be empty or must not exist: new
overwrites no file.`,
		Example: `  spectrum2-lua new mychat
  spectrum2-lua new mychat --kind websocket
  spectrum2-lua new ~/gateways/mychat`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{cmd.CommandPath(), errors.New("the command takes one name, for example: spectrum2-lua new mychat")}
			}
			return nil
		},
		ValidArgsFunction: noFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := kindByName(kindName)
			if err != nil {
				return usageError{cmd.CommandPath(), err}
			}
			if backend == "" {
				backend = installedBackend()
			}
			folder := filepath.Clean(args[0])
			made, err := makeTransport(folder, backend, kind)
			var name nameError
			if errors.As(err, &name) {
				return usageError{cmd.CommandPath(), err}
			}
			if err != nil {
				return err
			}
			for _, file := range made {
				t.print(filepath.Join(folder, file))
			}
			base := filepath.Base(folder)
			t.note(fmt.Sprintf("\nTry it:  spectrum2-lua chat %s\n         spectrum2-lua test %s",
				filepath.Join(folder, base+".cfg"), folder))
			return nil
		},
	}
	cmd.Flags().StringVar(&backend, "backend", "", "the path of the backend's `executable` for the config file; default: the installed backend")
	cmd.Flags().StringVar(&kindName, "kind", newKinds[0].name, "the `kind` of script: "+strings.Join(kindNames(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("kind", completeKinds) // it fails only for an unknown flag
	return cmd
}

// installedBackend returns the absolute path of the backend that this program
// finds, or the path that packages use.
func installedBackend() string {
	if path, err := findBackend(""); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			return path
		}
	}
	return "/usr/bin/" + backendName
}

func newTypes(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "types [folder]",
		Short: "Write annotations of the API for editors",
		Long: `types writes annotations of the API into a folder, by default "types". They
describe each message, field, value and function. With the Lua Language Server
(https://luals.github.io), an editor completes names and marks unknown ones. A file
.luarc.json in the folder that the editor opens names the annotations:

    { "workspace.library": ["types"] }

"spectrum2-lua new" creates both. Run types again after an update of this program.
It replaces its own files and no others.`,
		Example: `  spectrum2-lua types
  spectrum2-lua types ~/.local/share/lua/spectrum`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{cmd.CommandPath(), fmt.Errorf("the command takes one folder at most, not %d arguments", len(args))}
			}
			return nil
		},
		ValidArgsFunction: folders,
		RunE: func(_ *cobra.Command, args []string) error {
			folder := typesFolder
			if len(args) > 0 {
				folder = args[0]
			}
			written, err := writeTypes(folder)
			if err != nil {
				return err
			}
			t.print(fmt.Sprintf("wrote %d files into %s", written, folder))
			return nil
		},
	}
}

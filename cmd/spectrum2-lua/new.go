package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newNew(t *terminal) *cobra.Command {
	var backend string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a folder with a new transport: script, tests, config",
		Long: `new makes a folder with all that a transport begins with:

  NAME.lua         the script: one contact, who answers
  NAME_test.lua    its tests
  NAME.cfg         the transport's config file, as Spectrum reads it
  spectrum-logging.properties
                   what Spectrum logs: no passwords
  README.md        what to do with them
  types/           what scripts can use, for an editor with the Lua Language
                   Server, and .luarc.json, which leads it there

It works as it is: try "spectrum2-lua chat NAME/NAME.cfg" and "spectrum2-lua test
NAME". The password in NAME.cfg, by which the XMPP server knows the transport, is
a random one.

NAME is a name, or a path that ends in one: lower-case letters, digits, - and _,
beginning with a letter. The folder must not be there yet, or be empty: nothing is
ever overwritten.`,
		Example: `  spectrum2-lua new mychat
  spectrum2-lua new ~/gateways/mychat`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{cmd.CommandPath(), errors.New("one name is wanted, as in: spectrum2-lua new mychat")}
			}
			return nil
		},
		ValidArgsFunction: noFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if backend == "" {
				backend = installedBackend()
			}
			folder := filepath.Clean(args[0])
			made, err := makeTransport(folder, backend)
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
	cmd.Flags().StringVar(&backend, "backend", "", "the backend's `executable`, for the config file; default: where it is installed")
	return cmd
}

// installedBackend is the backend by its absolute path: the one that this
// program finds, otherwise where a package puts it.
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
		Short: "Write what scripts can use, for an editor",
		Long: `types writes annotations of everything that a script can use into a folder, by
default "types": every message, field, value and function, with what the reference
says of it. An editor with the Lua Language Server (https://luals.github.io)
completes names from it and underlines what does not exist. The editor finds it by
a file .luarc.json, in the folder where it is opened:

    { "workspace.library": ["types"] }

"spectrum2-lua new" has made both already; after an update of this program, types
brings the folder up to date. It replaces files that it has made, and no others.`,
		Example: `  spectrum2-lua types
  spectrum2-lua types ~/.local/share/lua/spectrum`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{cmd.CommandPath(), fmt.Errorf("one folder at most, but there are %d arguments", len(args))}
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
			t.print(fmt.Sprintf("%d files are in %s", written, folder))
			return nil
		},
	}
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spectrumlua/luabind/api"
	"spectrumlua/runtime/launch"
)

// noFiles completes arguments that are not files.
func noFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// folders completes arguments that are folders.
func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// filesOf completes arguments that are files with one of these extensions.
func filesOf(extensions ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

// offerFiles adds file completion to a command by the words of its Use. It keeps a
// completion that the command already has.
func offerFiles(cmd *cobra.Command) {
	var extensions []string
	for word, extension := range map[string]string{"script": "lua", "config": "cfg"} {
		if strings.Contains(cmd.Use, word) {
			extensions = append(extensions, extension)
		}
	}
	if cmd.ValidArgsFunction == nil && len(extensions) > 0 {
		slices.Sort(extensions)
		cmd.ValidArgsFunction = filesOf(extensions...)
	}
}

// newShare returns the command that `make install` runs. It is hidden because
// users have the installed files.
func newShare(*terminal) *cobra.Command {
	return &cobra.Command{
		Use:    "share folder",
		Short:  "Write manual pages, completion and annotations in the layout of PREFIX/share",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := sharedFiles(cmd.Root())
			if err != nil {
				return err
			}
			for name, text := range files {
				path := filepath.Join(args[0], name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // everybody may read it
					return err
				}
			}
			return nil
		},
	}
}

// sharedFiles returns manual pages, completion scripts and annotations by their
// paths below PREFIX/share.
func sharedFiles(root *cobra.Command) (map[string][]byte, error) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	files := map[string][]byte{}
	page := func(name, text string) { files[fmt.Sprintf("man/man1/%s.1", name)] = []byte(text) }
	var pages func(cmd *cobra.Command)
	pages = func(cmd *cobra.Command) {
		page(pageName(cmd), commandPage(cmd))
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
				pages(sub)
			}
		}
	}
	pages(root)
	var usage bytes.Buffer
	if err := launch.Usage(&usage, backendName); err != nil {
		return nil, err
	}
	page(backendName, backendPage(usage.String()))

	names, err := fs.Glob(api.Files(), "*.lua")
	for _, name := range names {
		if err == nil {
			files["spectrum2-lua/types/"+name], err = fs.ReadFile(api.Files(), name)
		}
	}
	if err != nil {
		return nil, err
	}

	name := root.Name()
	for place, write := range map[string]func(io.Writer) error{
		"bash-completion/completions/" + name:         func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh/site-functions/_" + name:                 root.GenZshCompletion,
		"fish/vendor_completions.d/" + name + ".fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
	} {
		var text bytes.Buffer
		if err := write(&text); err != nil {
			return nil, err
		}
		files[place] = text.Bytes()
	}
	return files, nil
}

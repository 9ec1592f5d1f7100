package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"spectrumlua/runtime/version"
)

// versionText returns the text that `version` and `--version` print.
func versionText() string {
	built := fmt.Sprintf("%s, %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if commit := version.Commit(); commit != "" {
		built = commit + ", " + built
	}
	return fmt.Sprintf("%s (%s)", version.Number, built)
}

func newVersion(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version",
		Args:  arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t.print(cmd.Root().Name() + " " + versionText())
			return nil
		},
	}
}

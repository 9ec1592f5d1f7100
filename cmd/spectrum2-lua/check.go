package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/check"
)

func newCheck(t *terminal) *cobra.Command {
	var asJSON bool
	var options check.Options
	cmd := &cobra.Command{
		Use:   "check [script, config or folder …]",
		Short: "Find mistakes in scripts and configs without running them",
		Long: `check reads scripts and transport configs without running them. It reports what
the backend or Spectrum rejects: unknown handlers, fields, enum values, functions,
variables and modules, and mistakes in config files. For a config, check also reads
its script; for a script, the modules that it requires. For a folder, by default this
one, check reads each *.lua and *.cfg.

For a config, check also reports files that Spectrum's user cannot read or write.
Run it as root for this. The user is that of the unit spectrum2.service, or the one
that --user names.

Each finding is a line:

    echo.lua:12: error: conv_message: there is no field "buddy"; did you mean "buddy_name"? [unknown-field]

An error is a mistake on every machine. A warning is a likely mistake, or depends on
the machine. The comment "-- check: ignore CODE" hides the findings of its line (in
a config: "# check: ignore CODE"). docs/reference/check.md lists the codes.

--json prints each finding as an object on one line, with file, line (0 for the
whole file), severity ("error" or "warning"), code and text.

The exit code is 1 if check finds errors, and 0 otherwise.`,
		Example: `  spectrum2-lua check echo.lua
  spectrum2-lua check /etc/spectrum2/transports
  spectrum2-lua check --json echo.cfg | jq .text`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			r, err := check.Run(options, args...)
			if err != nil {
				return usageError{cmd.CommandPath(), err}
			}
			show := t.showFinding
			if asJSON {
				show = t.showJSON
			}
			for _, f := range r.Findings {
				show(f)
			}
			return conclude(t, r, asJSON)
		},
	}
	cmd.Flags().StringVar(&options.User, "user", "", "the `user` that Spectrum runs as; default: that of the unit spectrum2.service, or _spectrum2")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON, one a line")
	return cmd
}

// conclude prints the totals. It returns an error if check found errors.
func conclude(t *terminal, r *check.Report, asJSON bool) error {
	problems := count(r.Count(check.Error), "error") + ", " + count(r.Count(check.Warning), "warning")
	files := count(r.Files, "file")
	switch {
	case r.Count(check.Error) > 0:
		return fmt.Errorf("%s in %s", problems, files)
	case asJSON:
	case len(r.Findings) > 0:
		t.print(problems + " in " + files)
	default:
		t.print(files + " checked, nothing found")
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (t *terminal) showFinding(f check.Finding) {
	style := yellow
	if f.Severity == check.Error {
		style = red
	}
	severity := string(f.Severity)
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	t.print(printable(place) + ": " + t.paint(style, severity) + ": " + printable(f.Text) + " " + t.paint(dim, "["+f.Code+"]"))
}

func (t *terminal) showJSON(f check.Finding) {
	line, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and a number
	}
	t.print(string(line))
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// atMostOneScript rejects more than one argument.
func atMostOneScript(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{cmd.CommandPath(), fmt.Errorf("the command takes one script or config file at most, not %d arguments", len(args))}
	}
	return nil
}

// findStage returns the path of the script or config file to run. The argument is
// the file or its folder. Without an argument it is the only config file in this
// folder.
func findStage(args []string) (string, error) {
	if len(args) == 0 {
		path, err := onlyOne(".", "*.cfg")
		if err != nil {
			return "", fmt.Errorf("no script or config file is named: %w", err)
		}
		return path, nil
	}
	full, err := filepath.Abs(args[0])
	if err != nil {
		return "", err
	}
	info, err := os.Stat(full) // an error names the complete path
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot read the script or config file: %w", err)
	case isTest(args[0]) && !info.IsDir():
		return "", fmt.Errorf("%[1]s is a test: run it with `spectrum2-lua test %[1]s`, or name the script or the config file here", args[0])
	case !info.IsDir():
		return args[0], nil
	}
	path, err := onlyOne(args[0], "*.cfg")
	if errors.Is(err, errNone) {
		path, err = onlyOne(args[0], "*.lua")
	}
	return path, err
}

// errNone means that no file of a folder matches.
var errNone = errors.New("no file matches")

// onlyOne returns the only file of a folder that matches the pattern. It ignores
// tests of scripts.
func onlyOne(dir, pattern string) (string, error) {
	all, err := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
	if err != nil {
		return "", err
	}
	var found []string
	for _, path := range all {
		if !isTest(path) {
			found = append(found, path)
		}
	}
	where := "the folder " + dir
	if dir == "." {
		where = "this folder"
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%w %s in %s", errNone, pattern, where)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s has several files: name one of %s", where, strings.Join(found, ", "))
}

// isTest reports whether a file holds tests of a script.
func isTest(path string) bool { return strings.HasSuffix(path, "_test.lua") }

// escapeGlob escapes the characters of a name that have a meaning in a pattern.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

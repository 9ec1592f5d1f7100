package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// atMostOneScript allows one argument or none.
func atMostOneScript(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{cmd.CommandPath(), fmt.Errorf("one script or config file at most, but there are %d arguments", len(args))}
	}
	return nil
}

// findStage finds the script or config file that is meant: the one that is
// named, the only one in the folder that is named, or the config file here.
func findStage(args []string) (string, error) {
	if len(args) == 0 {
		path, err := onlyOne(".", "*.cfg")
		if err != nil {
			return "", fmt.Errorf("neither script nor config file is named, and %w", err)
		}
		return path, nil
	}
	info, err := os.Stat(args[0])
	switch {
	case err != nil:
		return "", fmt.Errorf("the script or config file cannot be read: %w", err)
	case isTest(args[0]) && !info.IsDir():
		return "", fmt.Errorf("%[1]s is a test: `spectrum2-lua test %[1]s` runs it; here the script that it tests is wanted, or its config", args[0])
	case !info.IsDir():
		return args[0], nil
	}
	path, err := onlyOne(args[0], "*.cfg")
	if errors.Is(err, errNone) {
		path, err = onlyOne(args[0], "*.lua")
	}
	return path, err
}

// errNone is a folder without what is looked for.
var errNone = errors.New("there is none")

// onlyOne finds the only file of a folder that fits. Tests of scripts do not
// count.
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
		return "", fmt.Errorf("in %s %w of the form %s", where, errNone, pattern)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s has several: name one of %s", where, strings.Join(found, ", "))
}

// isTest tells whether a file has tests of scripts, as its name says.
func isTest(path string) bool { return strings.HasSuffix(path, "_test.lua") }

// escapeGlob makes a name match itself.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

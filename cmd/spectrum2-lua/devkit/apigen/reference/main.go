// Command reference writes what library/*.lua says into the documentation: the
// parts of its pages between markers, and reference.md as a whole.
// `make generate` runs it, with the folder as its argument.
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference FOLDER")
		os.Exit(2)
	}
	pages, err := render(os.Args[1])
	for path, text := range pages {
		if err == nil {
			err = os.WriteFile(path, text, 0o644) //nolint:gosec // it is documentation
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

// whole is the page that is made as a whole.
const whole = "reference.md"

// render makes the pages that are not as they have to be.
func render(folder string) (map[string][]byte, error) {
	pages := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" || filepath.Base(path) == whole {
			return err
		}
		before, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		after, err := fill(string(before))
		if err != nil {
			return fmt.Errorf("%s:%w", path, err)
		}
		if after != string(before) {
			pages[path] = []byte(after)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, whole)
	after := []byte(all())
	if before, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		pages[path] = after
	}
	return pages, nil
}

// Command reference writes the API from library/*.lua into the docs: the parts of pages
// between markers, and the whole page reference/names.md. `make generate` runs it with the
// folder of the docs as its argument.
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

// whole is the page that is generated from its first line to its last.
const whole = "reference/names.md"

// render returns the pages whose content must change.
func render(folder string) (map[string][]byte, error) {
	pages := map[string][]byte{}
	generated := filepath.Join(folder, filepath.FromSlash(whole))
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" || path == generated {
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
	after := []byte(all())
	if before, err := os.ReadFile(generated); err != nil || !bytes.Equal(before, after) {
		pages[generated] = after
	}
	return pages, nil
}

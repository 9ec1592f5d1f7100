package main

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"spectrumlua/luabind/api"
)

//go:embed template
var templates embed.FS

// newFiles are what a new transport has, by the templates they are made of. In
// the config file stands a password.
var newFiles = []struct {
	template, name string
	mode           fs.FileMode
}{
	{"script.lua.tmpl", "NAME.lua", 0o644},
	{"script_test.lua.tmpl", "NAME_test.lua", 0o644},
	{"transport.cfg.tmpl", "NAME.cfg", 0o640},
	{"spectrum-logging.properties", "spectrum-logging.properties", 0o644},
	{"README.md.tmpl", "README.md", 0o644},
	{"luarc.json.tmpl", ".luarc.json", 0o644},
}

// typesFolder is where the annotations are, in a transport's folder.
const typesFolder = "types"

// nameError is about a name that a transport cannot have.
type nameError struct{ error }

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// takenNames are sections of the config file, or modules: a script's own section
// has its name, and what requires it does too.
var takenNames = []string{
	"backend", "database", "features", "gateway_responder", "identity", "logging", "lua",
	"proxy", "registration", "service", "settings", "spectrum", "test", "types", "vhosts",
}

func checkName(name string) error {
	switch {
	case !namePattern.MatchString(name):
		return nameError{fmt.Errorf("%q cannot be the name of a transport: lower-case letters, digits, - and _ are wanted, beginning with a letter, 40 at most", name)}
	case slices.Contains(takenNames, name):
		return nameError{fmt.Errorf("%q cannot be the name of a transport: it has a meaning of its own; add something to it, as in my%s", name, name)}
	case strings.HasSuffix(name, "_test"):
		return nameError{fmt.Errorf("%q cannot be the name of a transport: what ends in _test is taken for tests", name)}
	}
	return nil
}

// makeTransport makes a folder with a new transport, all of it or nothing, and
// returns its files. backend is the executable that the config file names.
func makeTransport(folder, backend string) ([]string, error) {
	name := filepath.Base(folder)
	if err := checkName(name); err != nil {
		return nil, err
	}
	if strings.ContainsAny(backend, "\r\n") || backend != strings.TrimSpace(backend) {
		return nil, fmt.Errorf("a config file cannot hold the path %q", backend)
	}
	entries, err := os.ReadDir(folder)
	switch {
	case err == nil && len(entries) > 0:
		return nil, fmt.Errorf("%s is there already, and not empty: nothing is overwritten", folder)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	draft, err := os.MkdirTemp(parent, "."+name+"-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(draft) //nolint:errcheck // it is there only if something else has failed
	made, err := fillFolder(draft, name, backend)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return nil, err
	}
	if entries != nil { // it is empty: Remove fails if it is so no more
		if err := os.Remove(folder); err != nil {
			return nil, err
		}
	}
	return made, os.Rename(draft, folder)
}

func fillFolder(folder, name, backend string) ([]string, error) {
	values := struct{ Name, Backend, Secret string }{name, backend, rand.Text()}
	var made []string
	for _, f := range newFiles {
		tmpl, err := template.ParseFS(templates, "template/"+f.template)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := tmpl.Execute(&text, values); err != nil {
			return nil, err
		}
		file := strings.Replace(f.name, "NAME", name, 1)
		if err := os.WriteFile(filepath.Join(folder, file), text.Bytes(), f.mode); err != nil {
			return nil, err
		}
		made = append(made, file)
	}
	_, err := writeTypes(filepath.Join(folder, typesFolder))
	return append(made, typesFolder+string(filepath.Separator)), err
}

// mark is how a file of annotations begins.
const mark = "---@meta"

// writeTypes writes the annotations into a folder, and returns how many files
// that are. It replaces files of its own only.
func writeTypes(folder string) (int, error) {
	files := api.Files()
	names, err := fs.Glob(files, "*.lua")
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		path := filepath.Join(folder, name)
		if text, err := os.ReadFile(path); err == nil && !strings.HasPrefix(string(text), mark) {
			return 0, fmt.Errorf("%s is there already, and no annotations: it is not overwritten", path)
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil { //nolint:gosec // everybody may read it
			return 0, err
		}
	}
	return len(names), nil
}

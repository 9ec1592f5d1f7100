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
	"syscall"
	"text/template"

	"spectrumlua/luabind/api"
)

//go:embed template
var templates embed.FS

// newFiles are the files of a new transport and their templates; KIND stands for the
// kind. The config file holds a password, so others must not read it.
var newFiles = []struct {
	template, name string
	mode           fs.FileMode
}{
	{"KIND/script.lua.tmpl", "NAME.lua", 0o644},
	{"KIND/script_test.lua.tmpl", "NAME_test.lua", 0o644},
	{"transport.cfg.tmpl", "NAME.cfg", 0o640},
	{"spectrum-logging.properties", "spectrum-logging.properties", 0o644},
	{"README.md.tmpl", "README.md", 0o644},
	{"luarc.json.tmpl", ".luarc.json", 0o644},
}

// typesFolder is the folder of the annotations in a transport's folder.
const typesFolder = "types"

// nameError is the error of a name that a transport cannot have.
type nameError struct{ error }

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// takenNames are names of config sections and of modules. The script's own config
// section and module have the transport's name, so these would clash.
var takenNames = []string{
	"backend", "database", "features", "gateway_responder", "identity", "logging", "lua",
	"proxy", "registration", "service", "settings", "spectrum", "test", "types", "vhosts",
}

func checkName(name string) error {
	switch {
	case !namePattern.MatchString(name):
		return nameError{fmt.Errorf("%q cannot be the name of a transport: use up to 40 lower-case letters, digits, - and _, and start with a letter", name)}
	case slices.Contains(takenNames, name):
		return nameError{fmt.Errorf("%q cannot be the name of a transport: a config section or a module has this name; use another one, for example my%s", name, name)}
	case strings.HasSuffix(name, "_test"):
		return nameError{fmt.Errorf("%q cannot be the name of a transport: files whose names end in _test are tests", name)}
	}
	return nil
}

// makeTransport creates a folder with a new transport and returns its files. It
// creates nothing if it fails. backend is the executable for the config file.
func makeTransport(folder, backend string, kind newKind) ([]string, error) {
	name := filepath.Base(folder)
	if err := checkName(name); err != nil {
		return nil, err
	}
	if strings.ContainsAny(backend, "\r\n") || backend != strings.TrimSpace(backend) {
		return nil, fmt.Errorf("writing the config file: it cannot hold the path %q", backend)
	}
	entries, err := os.ReadDir(folder)
	switch {
	case err == nil && len(entries) > 0:
		return nil, fmt.Errorf("%s exists and is not empty: name another folder", folder)
	case errors.Is(err, syscall.ENOTDIR):
		return nil, fmt.Errorf("%s or a part of its path is a file: name another folder", folder)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	draft, err := os.MkdirTemp(parent, "."+name+"-")
	if wrong := (*fs.PathError)(nil); errors.As(err, &wrong) {
		return nil, fmt.Errorf("creating the folder %s in %s: %w", name, parent, wrong.Err) // without the name of the draft
	} else if err != nil {
		return nil, err
	}
	defer os.RemoveAll(draft) //nolint:errcheck // it exists only after another error
	made, err := fillFolder(draft, name, backend, kind)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return nil, err
	}
	if entries != nil { // Remove fails if the folder is no longer empty
		if err := os.Remove(folder); err != nil {
			return nil, err
		}
	}
	return made, os.Rename(draft, folder)
}

func fillFolder(folder, name, backend string, kind newKind) ([]string, error) {
	settings, err := templates.ReadFile("template/" + kind.name + "/settings.tmpl")
	if err != nil {
		return nil, err
	}
	values := struct{ Name, Backend, Secret, About, Settings string }{
		name, backend, rand.Text(), kind.about, strings.TrimSuffix(string(settings), "\n"),
	}
	var made []string
	for _, f := range newFiles {
		tmpl, err := template.ParseFS(templates, "template/"+strings.Replace(f.template, "KIND", kind.name, 1))
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
	_, err = writeTypes(filepath.Join(folder, typesFolder))
	return append(made, typesFolder+string(filepath.Separator)), err
}

// mark is the first line of each file of annotations.
const mark = "---@meta"

// writeTypes writes the annotations into a folder and returns the number of
// files. It replaces only files of annotations.
func writeTypes(folder string) (int, error) {
	files := api.Files()
	names, err := fs.Glob(files, "*.lua")
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		path := filepath.Join(folder, name)
		if text, err := os.ReadFile(path); err == nil && !strings.HasPrefix(string(text), mark) {
			return 0, fmt.Errorf("writing annotations: %s exists and holds something else; move it away", path)
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

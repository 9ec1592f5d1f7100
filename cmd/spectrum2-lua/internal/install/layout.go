package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is a file to install.
type file struct {
	to   string // the path below the prefix
	from string
	mode fs.FileMode
	link string // the target, if the file is a symbolic link
	// template means that names in the file stand for places; see places.
	template bool
}

// Folders below the prefix. Pages keep their relative paths, so that their links work.
const (
	data = "share/spectrum2-lua"
	docs = "share/doc/spectrum2-lua"
)

// trees are the folders of the source and the files in them to install.
var trees = []struct {
	from, to   string
	extensions []string
}{
	{"scripts", data + "/scripts", []string{".lua"}},
	{"examples", data + "/examples", []string{".lua", ".cfg", ".properties", ".yml", ".json"}},
	{"docs", docs + "/docs", []string{".md", ".svg", ".png"}},
}

// system are the files for systemd, by their path below the prefix. systemd looks for them
// below /usr and /usr/local.
var system = map[string]string{
	"lib/systemd/system/spectrum2-lua@.service":         "spectrum2-lua@.service",
	"lib/systemd/system/spectrum2-lua-exporter.service": "spectrum2-lua-exporter.service",
	"lib/sysusers.d/spectrum2-lua.conf":                 "spectrum2-lua.conf",
}

var pages = []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"}

// layout returns the files to install. bin is the folder with the programs and with the
// folder share of `spectrum2-lua share`.
func layout(source, bin string) ([]file, error) {
	var files []file
	for _, program := range []string{"spectrum2_lua_backend", "spectrum2-lua"} {
		files = append(files, file{to: "bin/" + program, from: filepath.Join(source, bin, program), mode: 0o755})
	}
	for _, page := range pages {
		files = append(files, file{to: docs + "/" + page, from: filepath.Join(source, page), mode: 0o644})
	}
	for to, from := range system {
		files = append(files, file{
			to: to, from: filepath.Join(source, "cmd/spectrum2-lua/internal/install/system", from),
			mode: 0o644, template: true,
		})
	}
	for _, folder := range []string{"scripts", "examples"} {
		files = append(files, file{to: docs + "/" + folder, link: "../../spectrum2-lua/" + folder})
	}
	add := func(from, to string, extensions []string) error {
		return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return fs.SkipDir
			case d.IsDir(), extensions != nil && !slices.Contains(extensions, filepath.Ext(path)):
				return nil
			}
			name := strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(from)+"/")
			files = append(files, file{to: to + "/" + name, from: path, mode: 0o644})
			return nil
		})
	}
	if err := add(filepath.Join(source, bin, "share"), "share", nil); err != nil {
		return nil, err
	}
	for _, tree := range trees {
		if err := add(filepath.Join(source, tree.from), tree.to, tree.extensions); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if _, err := os.Stat(f.from); f.link == "" && err != nil {
			return nil, err
		}
	}
	return files, nil
}

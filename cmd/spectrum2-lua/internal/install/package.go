package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Names of the packages.
const (
	toolPackage    = "spectrum2-lua"
	backendPackage = "spectrum2-backend-lua"
)

// maintainer is the contact in the packages.
const maintainer = "The spectrum2-lua authors <spectrum2-lua@localhost>"

// stage writes the trees of both packages below a folder, each in a folder with the
// package's name. number is the version. All files have the time at, so that two builds are equal.
func stage(files []file, folder, number string, at time.Time) error {
	for _, f := range files {
		if f.link != "" || strings.HasPrefix(f.to, docs+"/LICENSE") {
			continue // the packages have a file copyright
		}
		name, to := packageOf(f.to)
		if err := f.put(filepath.Join(folder, name, "usr", to), placesOf[name]); err != nil {
			return err
		}
	}
	for _, name := range []string{toolPackage, backendPackage} {
		for to, text := range debian(name, number, at) {
			if err := write(filepath.Join(folder, name, "usr/share/doc", name, to), text); err != nil {
				return err
			}
		}
	}
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Chtimes(path, at, at)
		}
		return err
	})
}

// packageOf returns the package of a file and its path below /usr.
func packageOf(to string) (name, in string) {
	switch {
	case to == "bin/spectrum2_lua_backend":
		return backendPackage, "libexec/spectrum2_lua_backend" // where Spectrum's other backends are
	case path.Base(to) == "spectrum2_lua_backend.1", path.Base(to) == "spectrum2-lua-exporter.service":
		return backendPackage, to
	}
	return toolPackage, to
}

// put writes the file, compressed if it is a manual page.
func (f file) put(to string, p places) error {
	text, err := os.ReadFile(f.from)
	if err != nil {
		return err
	}
	if f.template {
		text = p.fill(text)
	}
	if path.Base(path.Dir(path.Dir(f.to))) == "man" {
		text, to = compressed(text), to+".gz"
	}
	if err := write(to, text); err != nil {
		return err
	}
	return os.Chmod(to, f.mode)
}

func write(to string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// compressed returns a text as gzip -9n writes it.
func compressed(text []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level exists
	}
	_, _ = w.Write(text) // a Buffer accepts everything
	_ = w.Close()
	return b.Bytes()
}

// debian returns the files that Debian's policy requires in the documentation of a package
// (sections 12.5 and 12.7).
func debian(name, number string, at time.Time) map[string][]byte {
	changelog := fmt.Sprintf("%s (%s) stable; urgency=medium\n\n  * CHANGELOG.md of spectrum2-lua lists the changes.\n\n -- %s  %s\n",
		name, number, maintainer, at.UTC().Format(time.RFC1123Z))
	license, err := os.ReadFile("LICENSE")
	if err != nil {
		panic(err) // layout has found it
	}
	_, terms, _ := strings.Cut(string(license), "Permission is")
	lines := strings.Split(strings.TrimSpace("Permission is"+terms), "\n")
	for i, line := range lines {
		if lines[i] = " " + line; line == "" {
			lines[i] = " ."
		}
	}
	copyright := "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n" +
		"Upstream-Name: spectrum2-lua\n\nFiles: *\nCopyright: 2026 The spectrum2-lua authors\nLicense: Expat\n" +
		strings.Join(lines, "\n") + "\n"
	return map[string][]byte{"changelog.gz": compressed([]byte(changelog)), "copyright": []byte(copyright)}
}

// places are what templates differ in.
type places struct {
	prefix, configs, name string
	// dynamic is the unit's DynamicUser. With it, only root reaches the folders, so a user
	// that exists anyway does not need it.
	dynamic string
}

// placesOf are those of the units of each package. Only the tool's has a user and folders of
// its own.
var placesOf = map[string]places{
	toolPackage:    {prefix: "/usr", configs: "/etc/spectrum2-lua", name: "spectrum2-lua", dynamic: "no"},
	backendPackage: besideSpectrum("/usr"),
}

// besideSpectrum uses the user and folders of Debian's package spectrum2.
func besideSpectrum(prefix string) places {
	return places{prefix: prefix, configs: "/etc/spectrum2/transports", name: "spectrum2", dynamic: "yes"}
}

// fill replaces the names in a template.
func (p places) fill(text []byte) []byte {
	return []byte(strings.NewReplacer("@PREFIX@", p.prefix, "@CONFIGS@", p.configs, "@NAME@", p.name, "@DYNAMIC@", p.dynamic).Replace(string(text)))
}

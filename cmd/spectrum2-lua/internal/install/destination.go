package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// manifest lists the installed files and the folders that were created, relative to the
// root. Folders end in a slash.
const manifest = data + "/installed.txt"

// destination is the folder to install into.
type destination struct {
	root, prefix string
}

func (d *destination) path(name string) string { return filepath.Join(d.root, name) }

func (d *destination) manifest() string { return d.path(filepath.Join(d.prefix, manifest)) }

// install installs the files and removes files of an older version that this one lacks.
func (d *destination) install(files []file) error {
	before, err := d.installed()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	now := map[string]bool{}
	for name := range before {
		if strings.HasSuffix(name, "/") {
			now[name] = true // its folders are still ours
		}
	}
	for _, f := range files {
		name := filepath.Join(d.prefix, f.to)
		if err := d.makeFolder(filepath.Dir(name), now); err != nil {
			return err
		}
		if err := f.copy(d.path(name), d.prefix); err != nil {
			return err
		}
		now[strings.TrimPrefix(name, "/")] = true
	}
	now[strings.TrimPrefix(filepath.Join(d.prefix, manifest), "/")] = true
	text := strings.Join(slices.Sorted(maps.Keys(now)), "\n") + "\n"
	if err := replace(d.manifest(), strings.NewReader(text), 0o644); err != nil {
		return err
	}
	maps.DeleteFunc(before, func(name string, _ bool) bool { return now[name] })
	return d.remove(before)
}

// uninstall removes the files in the manifest.
func (d *destination) uninstall() error {
	names, err := d.installed()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist: nothing was installed there, or not with `make install`", d.manifest())
	}
	if err != nil {
		return err
	}
	return d.remove(names)
}

// installed reads the manifest.
func (d *destination) installed() (map[string]bool, error) {
	text, err := os.ReadFile(d.manifest())
	names := map[string]bool{}
	for _, name := range strings.Split(string(text), "\n") {
		if name == "" {
			continue
		}
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%s: %q is not the name of a file below the folder", d.manifest(), name)
		}
		names[name] = true
	}
	return names, err
}

// remove removes files, and folders that become empty.
func (d *destination) remove(names map[string]bool) error {
	sorted := slices.Sorted(maps.Keys(names))
	slices.Reverse(sorted) // files come before their folders
	var errs []error
	for _, name := range sorted {
		err := os.Remove(d.path(name))
		inUse := strings.HasSuffix(name, "/") && (errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST))
		if !inUse && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// makeFolder creates a folder and its parents, and notes the new ones.
func (d *destination) makeFolder(name string, made map[string]bool) error {
	if _, err := os.Stat(d.path(name)); err == nil || name == "." || name == "/" {
		if err != nil {
			return os.MkdirAll(d.path(name), 0o755)
		}
		return nil
	}
	if err := d.makeFolder(filepath.Dir(name), made); err != nil {
		return err
	}
	made[strings.TrimPrefix(name, "/")+"/"] = true
	return os.Mkdir(d.path(name), 0o755)
}

// copy installs a file or link atomically.
func (f file) copy(to, prefix string) error {
	if f.link != "" {
		if now, err := os.Readlink(to); err == nil && now == f.link {
			return nil
		}
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return os.Symlink(f.link, to)
	}
	if f.template {
		text, err := os.ReadFile(f.from)
		if err != nil {
			return err
		}
		return replace(to, bytes.NewReader(besideSpectrum(prefix).fill(text)), f.mode)
	}
	in, err := os.Open(f.from)
	if err != nil {
		return err
	}
	defer in.Close()
	return replace(to, in, f.mode)
}

func replace(to string, in io.Reader, mode fs.FileMode) error {
	out, err := os.CreateTemp(filepath.Dir(to), ".install-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Chmod(mode), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		_ = os.Remove(out.Name())
	}
	return err
}

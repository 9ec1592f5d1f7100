package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"spectrumlua/scripts"
)

// backendName is the name of the program that Spectrum starts.
const backendName = "spectrum2_lua_backend"

// findBackend returns the path of the backend's executable. It looks at the path
// that the user names, then next to this program, then in PATH.
func findBackend(named string) (string, error) {
	if named != "" {
		if strings.ContainsRune(named, filepath.Separator) {
			return named, nil
		}
		if _, err := os.Stat(named); err == nil {
			return filepath.Abs(named)
		}
		return exec.LookPath(named)
	}
	if own, err := executable(); err == nil {
		path := filepath.Join(filepath.Dir(own), backendName)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(backendName)
	if err != nil {
		return "", fmt.Errorf("finding the backend: %s is neither next to this program nor in PATH; build it with `make build`, or name its path with --backend", backendName)
	}
	return path, nil
}

// executable returns the path of this program, with links resolved.
func executable() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(own)
}

// exampleConfig is the default config file.
const exampleConfig = "examples/echo.cfg"

// findConfig returns the absolute path of the config file. The default is the
// example: in this folder, next to this program, or unpacked into a temporary
// folder. done removes the temporary folder.
func findConfig(args []string) (path string, done func(), err error) {
	done = func() {}
	if len(args) > 0 {
		path, err = existing(args[0])
		return path, done, err
	}
	places := []string{exampleConfig}
	if own, err := executable(); err == nil {
		root := filepath.Dir(filepath.Dir(own))
		places = append(places, filepath.Join(root, exampleConfig), filepath.Join(root, "share/spectrum2-lua", exampleConfig))
	}
	for _, place := range places {
		if path, err := existing(place); err == nil {
			return path, done, nil
		}
	}
	return unpackExample()
}

// unpackExample writes the example into a temporary folder, because the program
// may be installed without its files.
func unpackExample() (path string, done func(), err error) {
	dir, err := os.MkdirTemp("", "spectrum2-lua-example-")
	if err != nil {
		return "", nil, fmt.Errorf("unpacking the example, because no config file is named: %w", err)
	}
	path = filepath.Join(dir, "echo.cfg")
	config := "[service]\njid = echo.localhost\nworking_dir = " + dir + "\n[lua]\nscript = echo.lua\n"
	err = errors.Join(os.WriteFile(path, []byte(config), 0o600), os.WriteFile(filepath.Join(dir, "echo.lua"), []byte(scripts.Echo), 0o600))
	done = func() { _ = os.RemoveAll(dir) }
	if err != nil {
		done()
	}
	return path, done, err
}

func existing(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("reading the config file: %w", err)
	}
	if info.IsDir() {
		return "", errors.New("reading the config file: " + path + " is a folder")
	}
	return filepath.Abs(path)
}

// checkOutput returns an error if a command must not write to the file that a flag names: its
// folder is missing, or it is a script or a config whose name stands where the file's name
// should be. An empty path means that the flag is not set.
func checkOutput(flag, path string) error {
	if path == "" {
		return nil
	}
	switch ext := filepath.Ext(path); ext {
	case ".lua", ".cfg":
		return fmt.Errorf("--%s %s: a %s file is not overwritten; the name of the new file has to follow --%s", flag, path, ext, flag)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--%s %s: this is a folder; the name of the new file has to follow --%s", flag, path, flag)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("--%s %s: the folder %s does not exist", flag, path, filepath.Dir(path))
	}
	return nil
}

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

// backendName is what Spectrum starts.
const backendName = "spectrum2_lua_backend"

// findBackend finds the backend's executable: where the user says, otherwise
// next to this one, otherwise in PATH.
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
		return "", fmt.Errorf("%s is neither next to this program nor in PATH; `make build` makes it, --backend says where it is", backendName)
	}
	return path, nil
}

// executable is this program's own file, links followed.
func executable() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(own)
}

// exampleConfig is the config file that is used when none is named.
const exampleConfig = "examples/echo.cfg"

// findConfig finds the config file, as an absolute path: the one that is
// named, otherwise the example, from here or as it was built or installed with
// this program, otherwise one in a temporary folder. done removes that folder.
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

// unpackExample writes the example into a temporary folder: this program may stand
// alone.
func unpackExample() (path string, done func(), err error) {
	dir, err := os.MkdirTemp("", "spectrum2-lua-example-")
	if err != nil {
		return "", nil, fmt.Errorf("no config file is named, and the example cannot be unpacked: %w", err)
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
		return "", fmt.Errorf("the config file cannot be read: %w", err)
	}
	if info.IsDir() {
		return "", errors.New("the config file " + path + " is a directory")
	}
	return filepath.Abs(path)
}

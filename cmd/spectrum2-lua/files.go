package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
// this program.
func findConfig(args []string) (string, error) {
	if len(args) > 0 {
		return existing(args[0])
	}
	places := []string{exampleConfig}
	if own, err := executable(); err == nil {
		root := filepath.Dir(filepath.Dir(own))
		places = append(places, filepath.Join(root, exampleConfig), filepath.Join(root, "share/spectrum2-lua", exampleConfig))
	}
	for _, place := range places {
		if path, err := existing(place); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no config file is named, and the example is not there: looked for %s", strings.Join(places, ", "))
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

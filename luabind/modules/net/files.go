package net

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"spectrumlua/luabind/bind"
)

// maxPEM is the size limit of a PEM file.
const maxPEM = 1 << 20

// readPEM returns a PEM text as it is, or else reads the file of that name. A
// relative name starts at the config file's folder.
func readPEM(rt *bind.Runtime, text string) ([]byte, error) {
	if strings.Contains(text, "-----BEGIN ") {
		return []byte(text), nil
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(rt.Config.Dir(), text)
	}
	f, err := openPEM(rt, text)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", text)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if len(data) > maxPEM {
		return nil, fmt.Errorf("%s has more than %d bytes", text, maxPEM)
	}
	return data, err
}

// openPEM opens a file. The sandbox allows files in the script's folder only.
// Opening a FIFO or a device does not block.
func openPEM(rt *bind.Runtime, path string) (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	if !rt.Settings.Sandbox {
		return os.OpenFile(path, flags, 0)
	}
	dir := filepath.Dir(rt.Settings.Script)
	name, err := filepath.Rel(dir, path)
	if err != nil || !filepath.IsLocal(name) {
		return nil, fmt.Errorf("%s: it is outside of the script's folder, which [lua] sandbox does not allow", path)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(name, flags, 0)
}

// checkSandbox returns an error if the sandbox forbids the network. It forbids
// Unix sockets: other programs on this machine take commands from them.
func checkSandbox(rt *bind.Runtime, network string) error {
	if network == "unix" && rt.Settings.Sandbox {
		return errors.New("the sandbox does not let scripts use Unix sockets ([lua] sandbox)")
	}
	return nil
}

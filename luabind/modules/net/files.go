package net

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

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
	f, err := rt.Policy.Open(text)
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

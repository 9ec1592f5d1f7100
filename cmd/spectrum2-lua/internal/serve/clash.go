package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/claim"
)

// clash says why two transports cannot run at the same time, or returns "".
func clash(a, b *config.Config) string {
	switch {
	case sameFile(a.Path(), b.Path()):
		return fmt.Sprintf("%s is named twice", b.Path())
	case claim.Same(a, b):
		return fmt.Sprintf("%s and %s serve the same JID, %s; start only one of them", a.Path(), b.Path(), b.JID())
	case sameFile(a.WorkingDir(), b.WorkingDir()):
		return fmt.Sprintf("%s and %s have the same [service] working_dir, %s; give each transport a folder of its own", a.Path(), b.Path(), b.WorkingDir())
	}
	return ""
}

// clashes returns a *ConfigError for each two transports that cannot run at the same time.
func clashes(all []*Transport) []error {
	var errs []error
	for i, b := range all {
		for _, a := range all[:i] {
			if text := clash(a.config, b.config); text != "" {
				errs = append(errs, &ConfigError{errors.New(text)})
			}
		}
	}
	return errs
}

// sameFile reports whether two names are those of one file or folder, which need not exist.
func sameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

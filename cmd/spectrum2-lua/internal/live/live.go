// Package live finds the running backends of transports for the commands that look into
// them, through their admin sockets.
package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
)

// Backend is a running backend with the config file through which it was found.
type Backend struct {
	*admin.Client
	File string // as the caller has named it
	JID  string
}

// Transport is a transport by its config file.
type Transport struct {
	File string // as the caller has named it
	JID  string
	// Scripted reports whether the config names a script.
	Scripted bool
	folder   string // of the sockets
}

// Load reads the config file of a transport.
func Load(file string) (Transport, error) {
	c, err := config.Load(file, config.Options{})
	if err != nil {
		return Transport{}, err
	}
	_, scripted := c.Get("lua.script")
	return Transport{file, c.JID(), scripted, c.WorkingDir()}, nil
}

// Backends returns the running backends of the transport.
func (t Transport) Backends() ([]Backend, error) {
	sockets, err := admin.Find(t.folder, t.JID)
	if err != nil {
		return nil, explain(t.File, err)
	}
	all := make([]Backend, 0, len(sockets))
	for _, s := range sockets {
		all = append(all, Backend{admin.Dial(s), t.File, t.JID})
	}
	return all, nil
}

// Find returns the running backends of transports, and the transports whose config files can
// be read. Its error has a line for each file that cannot be read; the backends of the other
// files are returned all the same.
func Find(files []string) (all []Backend, transports []Transport, err error) {
	var errs []error
	for _, file := range files {
		t, err := Load(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		transports = append(transports, t)
	}
	all, err = BackendsOf(transports)
	return all, transports, errors.Join(append(errs, err)...)
}

// BackendsOf returns the running backends of transports. Its error has a line for each
// transport whose folder cannot be read; the backends of the others are returned all the same.
func BackendsOf(transports []Transport) (all []Backend, err error) {
	var errs []error
	for _, t := range transports {
		found, err := t.Backends()
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, found...)
	}
	return all, errors.Join(errs...)
}

// Check returns an error with a line for each config file that cannot be read.
func Check(files []string) error {
	var errs []error
	for _, file := range files {
		if _, err := Load(file); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// explain says what to do about a folder that cannot be read.
func explain(file string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w; use this command as root or as the user of the process", filepath.Base(file), err)
	}
	return fmt.Errorf("%s: %w", filepath.Base(file), err)
}

// NoneError means that no backend of a transport runs.
type NoneError struct {
	File, JID, Folder string
}

func (e *NoneError) Error() string {
	if e.JID == "" {
		return fmt.Sprintf("%s: [service] jid is not set, so no process can be found; name the config file of a transport", filepath.Base(e.File))
	}
	return fmt.Sprintf("no process of %s runs (%s): there is no admin socket in %s. Spectrum starts processes when users log in; "+
		"for `spectrum2-lua serve`, look at its service. A config with [lua] admin = 0 has no socket", e.JID, filepath.Base(e.File), e.Folder)
}

// None returns the error of a transport without backends.
func (t Transport) None() error { return &NoneError{t.File, t.JID, t.folder} }

// Of returns the running backends of one transport. It returns a *NoneError if there is
// none. pid selects one of several, unless it is 0.
func Of(file string, pid int) ([]Backend, error) {
	t, err := Load(file)
	if err != nil {
		return nil, err
	}
	all, err := t.Backends()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, t.None()
	}
	if pid == 0 {
		return all, nil
	}
	for _, b := range all {
		if b.Socket().PID == pid {
			return []Backend{b}, nil
		}
	}
	return nil, fmt.Errorf("%s has no process %d; spectrum2-lua ps lists its processes", filepath.Base(file), pid)
}

// Each calls ask for all backends at the same time and returns the errors in their order,
// nil for a success.
func Each(ctx context.Context, all []Backend, ask func(ctx context.Context, i int, b Backend) error) []error {
	errs := make([]error, len(all))
	var asked sync.WaitGroup
	for i, b := range all {
		asked.Go(func() {
			defer crash.Guard()
			errs[i] = ask(ctx, i, b)
		})
	}
	asked.Wait()
	return errs
}

// Close closes the connections to backends.
func Close(all []Backend) {
	for _, b := range all {
		b.Client.Close()
	}
}

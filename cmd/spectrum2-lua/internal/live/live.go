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
	File   string // as the caller has named it
	JID    string
	folder string // of the sockets
}

// Load reads the config file of a transport.
func Load(file string) (Transport, error) {
	c, err := config.Load(file, config.Options{})
	if err != nil {
		return Transport{}, err
	}
	return Transport{file, c.JID(), c.WorkingDir()}, nil
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
		found, err := t.Backends()
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, found...)
	}
	return all, transports, errors.Join(errs...)
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
	return fmt.Sprintf("no process of %s runs (%s): there is no admin socket in %s. Spectrum starts processes when users log in. "+
		"A config with [lua] admin = 0 has no socket", e.JID, filepath.Base(e.File), e.Folder)
}

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
		return nil, &NoneError{file, t.JID, t.folder}
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

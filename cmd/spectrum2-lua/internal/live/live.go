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

// Find returns the running backends of transports. Its error has a line for each file that
// cannot be read; the backends of the other files are returned all the same.
func Find(files []string) ([]Backend, error) {
	var all []Backend
	var errs []error
	for _, file := range files {
		c, err := config.Load(file, config.Options{})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sockets, err := admin.Find(c.WorkingDir(), c.JID())
		if err != nil {
			errs = append(errs, explain(file, err))
			continue
		}
		for _, s := range sockets {
			all = append(all, Backend{admin.Dial(s), file, c.JID()})
		}
	}
	return all, errors.Join(errs...)
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
	all, err := Find([]string{file})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		c, err := config.Load(file, config.Options{})
		if err != nil {
			return nil, err
		}
		return nil, &NoneError{file, c.JID(), c.WorkingDir()}
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

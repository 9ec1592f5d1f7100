// Package watch tells when files change on disk, however an editor or a
// deployment does it: writing in place, renaming over, swapping a symbolic
// link.
package watch

import (
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"spectrumlua/runtime/crash"
)

// A burst of changes is over when nothing has come for settle, or has lasted
// for patience.
const (
	settle   = 50 * time.Millisecond
	patience = time.Second
)

// Watcher watches a set of files. Its methods may be called from any goroutine.
type Watcher struct {
	notify  *fsnotify.Watcher
	changed func()
	failed  func(error)
	done    sync.WaitGroup

	mu    sync.Mutex
	files map[string]string // and where each leads to, by way of links
	any   bool
}

// New makes a watcher that calls changed, from a goroutine of its own, some
// time after a file has changed, once for a burst of changes; and failed when
// the system cannot tell of changes any more.
func New(changed func(), failed func(error)) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &Watcher{notify: notify, changed: changed, failed: failed, files: map[string]string{}}
	w.done.Go(w.run)
	return w, nil
}

// Watch sets the files to watch. With anyFile, a change of whatever lies in
// their folders counts, since a file may be missing that should be there. The
// error is of the first folder that cannot be watched; the others are.
func (w *Watcher) Watch(files []string, anyFile bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	folders := map[string]bool{}
	w.files, w.any = map[string]string{}, anyFile
	for _, file := range files {
		target := leadsTo(file)
		w.files[file] = target
		folders[filepath.Dir(file)] = true
		if target != "" {
			folders[filepath.Dir(target)] = true
		}
	}
	for _, folder := range w.notify.WatchList() {
		if !folders[folder] {
			_ = w.notify.Remove(folder) // it may be gone
		}
	}
	var first error
	for folder := range folders {
		if err := w.notify.Add(folder); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Close ends the watcher. It must not be called by changed.
func (w *Watcher) Close() {
	_ = w.notify.Close()
	w.done.Wait()
}

// leadsTo is the file that a name stands for; "" if there is none just now.
func leadsTo(file string) string {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return ""
	}
	return target
}

func (w *Watcher) run() {
	defer crash.Guard()
	var quiet, late <-chan time.Time
	for {
		select {
		case event, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if !w.concerns(event) {
				continue
			}
			quiet = time.After(settle)
			if late == nil {
				late = time.After(patience)
			}
			continue
		case err, ok := <-w.notify.Errors:
			if ok {
				w.failed(err)
			}
			continue
		case <-quiet:
		case <-late:
		}
		quiet, late = nil, nil
		w.changed()
	}
}

// concerns tells whether an event may have changed one of the files.
func (w *Watcher) concerns(event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.any {
		return true
	}
	name := filepath.Clean(event.Name)
	concerns := false
	for file, before := range w.files {
		now := leadsTo(file)
		if now != before && now != "" { // a link was swapped, or the file is back
			w.files[file] = now
			_ = w.notify.Add(filepath.Dir(now))
			concerns = true
		}
		if name == file || name == before || name == now {
			concerns = concerns || now != "" // gone for a moment: it will be back
		}
	}
	return concerns
}

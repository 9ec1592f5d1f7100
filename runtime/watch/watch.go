// Package watch reports changes of files, whether an editor or a deployment writes
// in place, renames another file over them or swaps a symbolic link.
package watch

import (
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"spectrumlua/runtime/crash"
)

// A burst of changes ends when there is no change for settle, or after patience.
const (
	settle   = 50 * time.Millisecond
	patience = time.Second
)

// Watcher watches a set of files. It is safe for concurrent use.
type Watcher struct {
	notify  *fsnotify.Watcher
	changed func()
	failed  func(error)
	done    sync.WaitGroup

	mu      sync.Mutex
	files   []string
	names   map[string][]string    // the files that a change of the name affects
	targets map[string]string      // the target of each file; "" if it does not exist now
	folders map[string]os.FileInfo // the folders to watch; nil: not watched now
	moved   map[string]struct{}    // folders that appeared or vanished in this burst
	any     bool
}

// New returns a watcher. It calls changed from its own goroutine, once after each
// burst of changes, and failed when the system can no longer report changes.
func New(changed func(), failed func(error)) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &Watcher{notify: notify, changed: changed, failed: failed, folders: map[string]os.FileInfo{}, moved: map[string]struct{}{}}
	w.done.Go(w.run)
	return w, nil
}

// Watch sets the files to watch, by absolute paths. If anyFile is true, a change of
// any file in their folders counts, because a missing file may appear there. Files
// in missing folders are noticed when they appear. Watch returns the error for the
// first file that cannot be watched, and watches the others.
func (w *Watcher) Watch(files []string, anyFile bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files, w.any = files, anyFile
	return w.update()
}

// update follows the files' links again and watches their folders. w.mu is held.
func (w *Watcher) update() error {
	added, err := w.look()
	for range maxLooks {
		if !added {
			break
		}
		added, err = w.look() // a file may have appeared before its folder was watched
	}
	return err
}

const maxLooks = 10

// look is one pass of update. added reports whether it watches a further folder.
func (w *Watcher) look() (added bool, first error) {
	w.names, w.targets = map[string][]string{}, map[string]string{}
	folders := map[string]bool{} // true: an error counts
	for _, file := range w.files {
		c := follow(file)
		w.targets[file] = c.target
		if first == nil {
			first = c.err
		}
		for _, name := range c.names {
			w.names[name] = append(w.names[name], file)
			folders[filepath.Dir(name)] = true
		}
		if c.folder != "" {
			w.names[c.folder] = append(w.names[c.folder], file)
			above := filepath.Dir(c.folder)
			if _, needed := folders[above]; !needed {
				folders[above] = false // an unreadable folder does no harm
			}
		}
	}
	for folder := range w.folders {
		if _, wanted := folders[folder]; !wanted {
			w.forget(folder)
			delete(w.folders, folder)
		}
	}
	for folder, needed := range folders {
		isNew, err := w.add(folder)
		added = added || isNew
		if err != nil && needed && first == nil {
			first = err
		}
	}
	return added, first
}

// add watches a folder and reports whether it was not watched before. A folder that
// has replaced another one counts as new. w.mu is held.
func (w *Watcher) add(folder string) (added bool, err error) {
	if _, moved := w.moved[folder]; moved {
		return false, nil // see settled
	}
	info, err := os.Stat(folder)
	if err != nil {
		w.forget(folder)
		return false, err
	}
	if before := w.folders[folder]; before != nil {
		if os.SameFile(before, info) {
			return false, nil
		}
		w.forget(folder)
	}
	if err := w.notify.Add(folder); err != nil {
		return false, err
	}
	w.folders[folder] = info
	return true, nil
}

// forget stops watching a folder. w.mu is held.
func (w *Watcher) forget(folder string) {
	_ = w.notify.Remove(folder) // an error means that it does not exist any more
	w.folders[folder] = nil
}

// Close ends the watcher. changed must not call it.
func (w *Watcher) Close() {
	_ = w.notify.Close()
	w.done.Wait()
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
		if w.settled() {
			w.changed()
		}
	}
}

// concerns reports whether an event may affect one of the files.
func (w *Watcher) concerns(event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name := filepath.Clean(event.Name)
	concerned := w.names[name]
	if len(concerned) == 0 {
		return w.any
	}
	if _, folder := w.folders[name]; folder && !event.Has(fsnotify.Write) {
		w.moved[name] = struct{}{}
		return true
	}
	_ = w.update() // the next change retries what cannot be watched now
	for _, file := range concerned {
		if w.targets[file] != "" { // otherwise it is missing for a moment
			return true
		}
	}
	return w.any
}

// settled is called at the end of a burst, and reports whether it contains a
// change. Folders that appeared or vanished are watched again only now, because
// before that the system may still report events of the old folder.
func (w *Watcher) settled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.moved) == 0 {
		return true
	}
	for folder := range w.moved {
		w.forget(folder)
	}
	clear(w.moved)
	_ = w.update()
	for _, target := range w.targets {
		if target == "" && !w.any {
			return false // the file is missing for a moment
		}
	}
	return true
}

// Package watch tells when files change on disk, however an editor or a
// deployment does it: writing in place, renaming over, swapping a symbolic
// link.
package watch

import (
	"os"
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

	mu      sync.Mutex
	files   []string
	names   map[string][]string    // the files that a change of the name may change
	targets map[string]string      // where each file leads to; "" if nowhere, just now
	folders map[string]os.FileInfo // that are to be watched; nil: is not, just now
	moved   map[string]struct{}    // folders that came or went in this burst
	any     bool
}

// New makes a watcher that calls changed, from a goroutine of its own, some
// time after a file has changed, once for a burst of changes; and failed when
// the system cannot tell of changes any more.
func New(changed func(), failed func(error)) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &Watcher{notify: notify, changed: changed, failed: failed, folders: map[string]os.FileInfo{}, moved: map[string]struct{}{}}
	w.done.Go(w.run)
	return w, nil
}

// Watch sets the files to watch, by absolute paths. With anyFile, a change of
// whatever lies in their folders counts, since a file may be missing that should
// be there; one whose folder is missing too is seen when they come. The error is
// of the first file that cannot be watched; the others are.
func (w *Watcher) Watch(files []string, anyFile bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files, w.any = files, anyFile
	return w.update()
}

// update looks where the files lead, and has their folders watched. w.mu is
// held.
func (w *Watcher) update() error {
	added, err := w.look()
	for range maxLooks {
		if !added {
			break
		}
		added, err = w.look() // a file may have come before its folder was watched
	}
	return err
}

const maxLooks = 10

// look is update once; added tells that a folder is watched which was not.
func (w *Watcher) look() (added bool, first error) {
	w.names, w.targets = map[string][]string{}, map[string]string{}
	folders := map[string]bool{} // true: it has to be watched
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
				folders[above] = false // one that may not be read does no harm
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

// add has a folder watched, and tells whether it was not before. One that has
// taken the place of another is another one. w.mu is held.
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

// forget ends the watching of a folder. w.mu is held.
func (w *Watcher) forget(folder string) {
	_ = w.notify.Remove(folder) // it may be gone
	w.folders[folder] = nil
}

// Close ends the watcher. It must not be called by changed.
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

// concerns tells whether an event may have changed one of the files.
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
	_ = w.update() // what cannot be watched now may be there at the next change
	for _, file := range concerned {
		if w.targets[file] != "" { // else it is gone for a moment: it will be back
			return true
		}
	}
	return w.any
}

// settled is called at the end of a burst, and tells whether it was one of
// changes. A folder that came or went is watched anew only now: before, the
// system may still have to tell of the end of the one that went.
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
			return false // gone for a moment
		}
	}
	return true
}

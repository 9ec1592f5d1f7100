package backend

import (
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/watch"
)

// reloader loads the script at the start, on request, and after one of its files has
// changed if files are watched. One load runs at a time.
type reloader struct {
	host    *luabind.Host
	log     logrus.FieldLogger
	wanted  chan struct{} // has a token while a load is requested
	stop    chan struct{}
	watcher *watch.Watcher // nil if files are not watched
	after   func(error)    // called with the result of each load; may be nil
	done    sync.WaitGroup

	loading sync.Mutex // held during a load
	mu      sync.Mutex
	err     error // of the last load
}

// newReloader loads the script and starts the reloader. The load logs its error.
func newReloader(host *luabind.Host, watching bool, log logrus.FieldLogger, after func(error)) *reloader {
	r := &reloader{host: host, log: log, after: after, wanted: make(chan struct{}, 1), stop: make(chan struct{})}
	if watching {
		r.watch()
	}
	_ = r.load()
	r.done.Go(r.run)
	return r
}

// watch starts to watch the script's files.
func (r *reloader) watch() {
	var err error
	r.watcher, err = watch.New(r.wake, func(err error) { r.log.Errorf("watching the script's files: %v", err) })
	if err != nil {
		r.log.Errorf("the script's files cannot be watched ([lua] reload): send SIGHUP to reload them: %v", err)
	}
}

// wake requests a load.
func (r *reloader) wake() {
	select {
	case r.wanted <- struct{}{}:
	default: // a load is already requested
	}
}

// load loads the script and then watches its files.
func (r *reloader) load() error {
	r.loading.Lock()
	defer r.loading.Unlock()
	began, before := time.Now(), stamps(r.host.Files())
	err := r.host.Load()
	if r.after != nil {
		r.after(err)
	}
	r.mu.Lock()
	r.err = err
	r.mu.Unlock()
	if r.watcher == nil {
		return err
	}
	if werr := r.watcher.Watch(r.host.Files(), err != nil); werr != nil {
		r.log.Warnf("some of the script's files cannot be watched: send SIGHUP to reload them: %v", werr)
	}
	if changedSince(began, before, stamps(r.host.Files())) {
		r.wake() // a new file changed before it was watched
	}
	return err
}

// stamp identifies a version of a file.
type stamp struct {
	modified time.Time
	size     int64
}

// stamps returns the stamps of the files that exist.
func stamps(files []string) map[string]stamp {
	all := make(map[string]stamp, len(files))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			all[file] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

// changedSince reports whether a file may have changed since a load began. A file with
// the same stamp before and after the load has not changed.
func changedSince(began time.Time, before, after map[string]stamp) bool {
	const coarse = 10 * time.Millisecond // file systems set their clocks by ticks
	for file, now := range after {
		old, known := before[file]
		if known && now != old || !known && now.modified.After(began.Add(-coarse)) {
			return true
		}
	}
	return false
}

func (r *reloader) lastError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *reloader) run() {
	defer crash.Guard()
	for {
		select {
		case <-r.stop:
			return
		case <-r.wanted:
			_ = r.load() // the error is already logged
		}
	}
}

// close stops the reloader and waits for the current load.
func (r *reloader) close() {
	if r.watcher != nil {
		r.watcher.Close()
	}
	close(r.stop)
	r.done.Wait()
}

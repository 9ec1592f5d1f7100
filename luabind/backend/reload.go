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

// reloader loads the script, at the start, when it is told to and, if files are
// watched, whenever one of the script's has changed. One load runs at a time.
type reloader struct {
	host    *luabind.Host
	log     logrus.FieldLogger
	wanted  chan struct{} // has a token when a load is to come
	stop    chan struct{}
	watcher *watch.Watcher // nil: files are not watched
	after   func(error)    // is told how a load ended; may be nil
	done    sync.WaitGroup

	loading sync.Mutex // is held during a load
	mu      sync.Mutex
	err     error // of the last load
}

// newReloader loads the script. That it may have failed has been logged, and
// logins are refused with it.
func newReloader(host *luabind.Host, watching bool, log logrus.FieldLogger, after func(error)) *reloader {
	r := &reloader{host: host, log: log, after: after, wanted: make(chan struct{}, 1), stop: make(chan struct{})}
	if watching {
		r.watch()
	}
	_ = r.load()
	r.done.Go(r.run)
	return r
}

func (r *reloader) watch() {
	var err error
	r.watcher, err = watch.New(r.wake, func(err error) { r.log.Errorf("watching the script's files: %v", err) })
	if err != nil {
		r.log.Errorf("the script's files cannot be watched ([lua] reload), SIGHUP loads them anew: %v", err)
	}
}

// wake has a load come soon.
func (r *reloader) wake() {
	select {
	case r.wanted <- struct{}{}:
	default: // a load is to come
	}
}

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
		r.log.Warnf("the script's files cannot all be watched, SIGHUP loads them anew: %v", werr)
	}
	if changedSince(began, before, stamps(r.host.Files())) {
		r.wake() // by who was not heard, since it was not watched yet
	}
	return err
}

// stamp is what tells one version of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// stamps are those of the files that are there.
func stamps(files []string) map[string]stamp {
	all := make(map[string]stamp, len(files))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			all[file] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

// changedSince tells whether a file may have changed since a load began. One
// that was known before, and is as it was then, was read as it is.
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
			_ = r.load() // it has been logged
		}
	}
}

// close ends the reloading.
func (r *reloader) close() {
	if r.watcher != nil {
		r.watcher.Close()
	}
	close(r.stop)
	r.done.Wait()
}

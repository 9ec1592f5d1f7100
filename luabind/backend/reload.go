package backend

import (
	"sync"
	"sync/atomic"

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

	forced atomic.Bool // the requested load does not depend on a change

	loading sync.Mutex // held during a load
	mu      sync.Mutex
	err     error // of the last load
	counted loads
}

// loads counts the loads of the script by their results.
type loads struct{ succeeded, failed uint64 }

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

// request requests a load, whether or not a file has changed.
func (r *reloader) request() {
	r.forced.Store(true)
	r.wake()
}

// wake requests a load if a file has changed since the last one.
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
	return r.loadNow()
}

// loadIfNeeded loads the script if that was requested, or if a file has changed since the
// last load. The watcher also reports changes from before that, and after a failed load
// changes of other files in the folders, such as the log.
func (r *reloader) loadIfNeeded() {
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.forced.Swap(false) || r.host.Outdated() {
		_ = r.loadNow() // the error is already logged
	}
}

// loadNow is load for a caller that holds r.loading.
func (r *reloader) loadNow() error {
	err := r.host.Load()
	if r.after != nil {
		r.after(err)
	}
	r.mu.Lock()
	r.err = err
	if err == nil {
		r.counted.succeeded++
	} else {
		r.counted.failed++
	}
	r.mu.Unlock()
	if r.watcher == nil {
		return err
	}
	if werr := r.watcher.Watch(r.host.Files(), err != nil); werr != nil {
		r.log.Warnf("some of the script's files cannot be watched: send SIGHUP to reload them: %v", werr)
	}
	if r.host.Outdated() {
		r.wake() // a file changed before it was watched
	}
	return err
}

func (r *reloader) lastError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// counts returns the numbers of loads so far, and whether the last one succeeded.
func (r *reloader) counts() (counted loads, loaded bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counted, r.err == nil
}

func (r *reloader) run() {
	defer crash.Guard()
	for {
		select {
		case <-r.stop:
			return
		case <-r.wanted:
			r.loadIfNeeded()
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
